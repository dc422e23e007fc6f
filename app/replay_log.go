package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wayguard/stream"
)

// glance is a log as it was at one moment, open for reading only. Nothing of the log itself is touched, so that the process
// that writes it, or one that was killed while writing, is left alone: the newest segments are copied and repaired in the
// copy, the older ones, which nobody changes any more, are led to.
type glance struct {
	log *stream.Disk
	dir string
	// lost counts the records that could not be read.
	lost int64
}

const segmentPattern = "*.segment"

// glanceAt opens the log of a data directory. The caller closes it.
func glanceAt(data string, logger *slog.Logger) (_ *glance, err error) {
	from := filepath.Join(data, "log")
	if _, err := os.Stat(from); err != nil {
		return nil, fmt.Errorf("no recorded events: %w", err)
	}
	segments, err := filepath.Glob(filepath.Join(from, segmentPattern))
	if err != nil {
		return nil, fmt.Errorf("no recorded events: %w", err)
	}
	slices.Sort(segments)
	dir, err := os.MkdirTemp("", "wayguard-glance-")
	if err != nil {
		return nil, fmt.Errorf("room to read the log: %w", err)
	}
	g := &glance{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	older, err := g.copyNewest(segments)
	if err != nil {
		return nil, err
	}
	for _, path := range older {
		if path, err = filepath.Abs(path); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		if err := os.Symlink(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
	}
	// Nothing is appended or trimmed, so no segment is removed.
	g.log, err = stream.OpenDisk(dir, stream.Options{MaxBytes: -1, Logger: logger})
	return g, err
}

// copyNewest copies segments from the newest on until one holds a record, and gives the rest: opening a log may repair the
// newest segment that has records, and remove those behind it, and these must be copies then.
func (g *glance) copyNewest(segments []string) (older []string, err error) {
	for n := len(segments) - 1; n >= 0; n-- {
		if err := copyFile(segments[n], filepath.Join(g.dir, filepath.Base(segments[n]))); err != nil {
			return nil, err
		}
		log, err := stream.OpenDisk(g.dir, stream.Options{MaxBytes: -1})
		if err != nil {
			return nil, err
		}
		holds := log.Stats().Segments > 0
		if err := log.Close(); err != nil {
			return nil, err
		}
		if holds {
			return segments[:n], nil
		}
	}
	return nil, nil
}

// copyFile copies what a file holds now, which may be in the middle of a record.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { _ = source.Close() }() // only read from
	copied, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy the newest of the log: %w", err)
	}
	_, err = io.Copy(copied, source)
	if err = errors.Join(err, copied.Close()); err != nil {
		return fmt.Errorf("copy the newest of the log: %w", err)
	}
	return nil
}

// next reads the entries after a position, at most so many; none at the end. What cannot be read is passed over and counted.
func (g *glance) next(ctx context.Context, after stream.Position, most int) ([]stream.Entry, error) {
	for {
		entries, err := g.log.Read(ctx, after, most)
		var corrupt *stream.CorruptError
		switch {
		case errors.As(err, &corrupt):
			g.lost += int64(corrupt.Last - corrupt.First + 1)
			after = corrupt.Last
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("the running process has removed a part of the log since reading began, as its retention says; start again: %w", err)
		default:
			return entries, err
		}
	}
}

// each visits every record in order.
func (g *glance) each(ctx context.Context, visit func(stream.Entry) error) error {
	position := stream.Position(0)
	for {
		entries, err := g.next(ctx, position, followBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			if err := visit(entries[i]); err != nil {
				return err
			}
		}
		position = entries[len(entries)-1].Position
	}
}

func (g *glance) close() error {
	var err error
	if g.log != nil {
		err = g.log.Close()
	}
	return errors.Join(err, os.RemoveAll(g.dir))
}

// quietly is the logger for a log that is only glanced at: a torn tail is no news while somebody writes.
func quietly() *slog.Logger { return slog.New(slog.DiscardHandler) }

// eachRecord visits the records of a data directory's log, also while another process writes it.
func eachRecord(ctx context.Context, data string, visit func(stream.Entry) error) (lost int64, err error) {
	g, err := glanceAt(data, quietly())
	if err != nil {
		return 0, err
	}
	err = g.each(ctx, visit)
	return g.lost, errors.Join(err, g.close())
}

// noteLost tells a person that records are missing.
func noteLost(world World, lost int64) {
	if lost > 0 {
		fmt.Fprintf(world.Stderr, "note: %d recorded events are damaged and missing\n", lost)
	}
}

// yamlFiles lists the files that a path means: itself, or the rules of a folder and not their tests.
func yamlFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".test.yaml") {
			files = append(files, name)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no .yaml file in %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return files, nil
}
