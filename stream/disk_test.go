package stream_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wayguard/stream"
	"wayguard/stream/streamtest"
)

var (
	_ stream.Log = (*stream.Disk)(nil)
	_ stream.Log = (*stream.Memory)(nil)
)

func openDisk(t testing.TB, dir string, opts stream.Options) *stream.Disk {
	t.Helper()
	if opts.Linger == 0 {
		opts.Linger = -1
	}
	log, err := stream.OpenDisk(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

func TestDisk(t *testing.T) {
	for name, opts := range map[string]stream.Options{
		"one segment":   {},
		"many segments": {SegmentBytes: 3000, RetainBytes: -1},
		"lingering":     {SegmentBytes: 20000, Linger: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			streamtest.Run(t, func(t *testing.T) streamtest.Opened {
				dir := t.TempDir()
				log := openDisk(t, dir, opts)
				return streamtest.Opened{Log: log, Reopen: func() stream.Log {
					if err := log.Close(); err != nil {
						t.Fatal(err)
					}
					log = openDisk(t, dir, opts)
					return log
				}}
			})
		})
	}
}

func TestMemory(t *testing.T) {
	streamtest.Run(t, func(t *testing.T) streamtest.Opened {
		return streamtest.Opened{Log: stream.NewMemory(1000)}
	})
	log := stream.NewMemory(3)
	streamtest.Fill(t, log, 0, 10)
	if rest := streamtest.All(t, log, 0); len(rest) != 3 || rest[0].Position != 8 {
		t.Errorf("a memory of three holds %+v", rest)
	}
}

func TestOneProcessHasTheLog(t *testing.T) {
	dir := t.TempDir()
	log := openDisk(t, dir, stream.Options{})
	if _, err := stream.OpenDisk(dir, stream.Options{}); !errors.Is(err, stream.ErrLocked) {
		t.Fatalf("a second open gave %v, want ErrLocked", err)
	}
	streamtest.Fill(t, log, 0, 1)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if log = openDisk(t, dir, stream.Options{}); log.Durable() != 1 {
		t.Errorf("durable is %d", log.Durable())
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	streamtest.Fill(t, openDisk(t, dir, stream.Options{}), 0, 1)
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(paths) < 2 {
		t.Fatal(paths, err)
	}
	for _, path := range append(paths, dir) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
}

func TestRetention(t *testing.T) {
	dir := t.TempDir()
	log := openDisk(t, dir, stream.Options{SegmentBytes: 2000, RetainBytes: 8000, MaxBytes: 20000})
	streamtest.Fill(t, log, 0, 12)
	if s := log.Stats(); s.First != 1 || s.Lost != 0 {
		t.Fatalf("nothing is consumed, yet %+v", s)
	}
	if err := log.TrimBefore(12); err != nil {
		t.Fatal(err)
	}
	s := log.Stats()
	if s.First == 1 || s.Bytes > 8000+2500 || s.Bytes < 4000 || s.Lost != 0 {
		t.Errorf("what is consumed is kept up to 8000 bytes, yet %+v", s)
	}
	streamtest.Fill(t, log, 12, 60)
	s = log.Stats()
	if s.Bytes > 20000+2500 || s.Lost == 0 || s.Lost != int64(s.First)-12 {
		t.Errorf("beyond the limit the oldest go and are counted, yet %+v", s)
	}
	rest := streamtest.All(t, log, 0)
	if rest[0].Position != s.First || rest[len(rest)-1].Position != 60 {
		t.Errorf("positions %d to %d are left, first is %d", rest[0].Position, rest[len(rest)-1].Position, s.First)
	}
	// Files come and go beside the bookkeeping, a moment before or after it.
	files, segments := -1, 0
	for deadline := time.Now().Add(5 * time.Second); files != segments && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(dir, "*.segment"))
		if err != nil {
			t.Fatal(err)
		}
		files, segments = len(found), log.Stats().Segments
	}
	if files != segments {
		t.Errorf("%d files for %d segments", files, segments)
	}
}

func TestAtLeast(t *testing.T) {
	dir := t.TempDir()
	log := openDisk(t, dir, stream.Options{AtLeast: 1000})
	if pos, err := log.Append(context.Background(), streamtest.Record(0)); err != nil || pos != 1001 {
		t.Fatalf("the first position is %d, %v", pos, err)
	}
	for _, at := range []stream.Position{5000, 10, 0} {
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		log = openDisk(t, dir, stream.Options{AtLeast: at})
		streamtest.Fill(t, log, int(at)+1, int(at)+2)
	}
	var got []stream.Position
	for _, entry := range streamtest.All(t, log, 0) {
		got = append(got, entry.Position)
	}
	if len(got) != 4 || got[0] != 1001 || got[1] != 5001 || got[2] != 5002 || got[3] != 5003 {
		t.Errorf("positions are %v", got)
	}
}

func TestTooLarge(t *testing.T) {
	log := openDisk(t, t.TempDir(), stream.Options{BufferBytes: 5000})
	big := streamtest.Record(1)
	big.Event.Name = strings.Repeat("x", 6000)
	if _, err := log.Enqueue(big); !errors.Is(err, stream.ErrTooLarge) {
		t.Errorf("a record larger than the buffer gave %v", err)
	}
	big.Event.Name = strings.Repeat("x", 17<<20)
	if _, err := log.Append(context.Background(), big); !errors.Is(err, stream.ErrTooLarge) {
		t.Errorf("a record of 17 MiB gave %v", err)
	}
	unspeakable := streamtest.Record(1)
	unspeakable.Event.Time = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := log.Enqueue(unspeakable); err == nil {
		t.Error("a time JSON cannot hold was taken")
	}
	streamtest.Fill(t, log, 0, 2)
	if all := streamtest.All(t, log, 0); len(all) != 2 || all[1].Position != 2 {
		t.Errorf("refused records left %+v", all)
	}
}
