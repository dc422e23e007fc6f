package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"wayguard/event"
)

// segment is one file of the log. Its fields are guarded by Disk.mu; path never changes.
type segment struct {
	path string
	// first is the position of its first record, last that of its last durable one; last < first when it has none.
	first, last Position
	// size is how many bytes hold durable frames, the header included.
	size int64
	// marks are where some of its frames begin, in order: reading starts at the nearest. They are added by the writer as
	// it writes and by readers as they pass.
	marks []mark
}

// mark says where the frame of a position begins.
type mark struct {
	position Position
	offset   int64
}

// markEvery is how far apart marks are, in bytes: what a read may have to skip.
const markEvery = 64 << 10

func (s *segment) mark(position Position, offset int64) {
	if n := len(s.marks); n == 0 || offset >= s.marks[n-1].offset+markEvery {
		s.marks = append(s.marks, mark{position, offset})
	}
}

// start is the frame where to begin looking for records beyond after.
func (s *segment) start(after Position) mark {
	n := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].position > after+1 })
	if n == 0 {
		return mark{s.first, headerSize}
	}
	return s.marks[n-1]
}

// view is what one read of a segment needs to know, copied so that it holds no lock while it reads.
type view struct {
	segment *segment
	path    string
	start   mark
	end     int64
	last    Position
	codec   *event.Codec
}

// passage reads the entries of one view.
type passage struct {
	view
	source io.ReaderAt
	frames *frames
	// after is the last position the caller has.
	after   Position
	entries []Entry
	bytes   int64
	marks   []mark
}

// read gives the view's entries beyond after: at most max, and no more once they are limit bytes long.
func (v view) read(ctx context.Context, after Position, max int, limit int64) (entries []Entry, marks []mark, err error) {
	source, err := os.Open(v.path)
	if err != nil {
		return nil, nil, fmt.Errorf("open log segment: %w", err)
	}
	defer func() { _ = source.Close() }() // only read from
	p := newPassage(v, source, after)
	entries, err = p.run(ctx, max, limit)
	return entries, p.marks, err
}

func newPassage(v view, source io.ReaderAt, after Position) *passage {
	p := &passage{view: v, source: source, after: after}
	p.seek(v.start.offset)
	return p
}

// run reads until it has max entries or limit bytes of them, or there are no more.
func (p *passage) run(ctx context.Context, max int, limit int64) ([]Entry, error) {
	for more := true; more && len(p.entries) < max && p.bytes < limit; {
		var err error
		if more, err = p.step(ctx); err != nil {
			return nil, err
		}
	}
	return p.entries, nil
}

func (p *passage) seek(offset int64) {
	p.frames = newFrames(io.NewSectionReader(p.source, offset, p.end-offset), offset)
}

// step reads one frame; false at the end, and where damage begins when there are entries to hand over before it.
func (p *passage) step(ctx context.Context) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	offset := p.frames.offset
	f, err := p.frames.next()
	end, broken := errors.Is(err, io.EOF), errors.Is(err, errBroken)
	switch {
	case err != nil && !end && !broken:
		return false, err
	case (end || err == nil && f.position > p.last) && p.reached() >= p.last:
		return false, nil // a frame beyond last was never acknowledged; the next segment has the position again
	case err == nil && f.position == p.known()+1, err == nil && f.position == p.reached()+1:
		return p.take(f, offset)
	case len(p.entries) > 0:
		return false, nil
	case err == nil && f.position > p.known(): // whole, but those before it are missing: a segment has no gaps
		return p.gap(f, offset)
	}
	return p.pass(offset)
}

// gap takes a frame although frames before it are missing, if the caller has, or has given up, those.
func (p *passage) gap(f frame, offset int64) (more bool, err error) {
	if f.position > p.after+1 {
		return false, p.corrupt(offset, min(f.position-1, p.last))
	}
	return p.take(f, offset)
}

// take keeps a sound frame's entry if the caller asked for it; false when what it holds is no record and entries before it
// are to be handed over first.
func (p *passage) take(f frame, offset int64) (more bool, err error) {
	if f.position > p.after {
		record, err := p.codec.Decode(f.payload)
		switch {
		case err != nil && len(p.entries) > 0:
			return false, nil
		case err != nil:
			return false, p.corrupt(offset, f.position)
		}
		p.entries = append(p.entries, Entry{Position: f.position, Record: record})
		p.bytes += f.size()
	}
	p.marks = append(p.marks, mark{f.position, offset})
	return true, nil
}

// reached is the last position that was handed over or was not asked for.
func (p *passage) reached() Position {
	if n := len(p.entries); n > 0 {
		return p.entries[n-1].Position
	}
	return p.after
}

// pass gets over damage at offset: to the next whole frame when the caller has, or has given up, all before it.
func (p *passage) pass(offset int64) (more bool, err error) {
	rest := make([]byte, max(p.end-offset, 0))
	if n, err := p.source.ReadAt(rest, offset); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read log segment: %w", err)
	} else {
		rest = rest[:n]
	}
	f, skipped, found := resync(rest, 1, p.known())
	switch {
	case p.after >= p.last:
		return false, nil
	case !found || f.position > p.last:
		return false, p.corrupt(offset, p.last)
	case f.position > max(p.after, p.known())+1:
		return false, p.corrupt(offset, f.position-1)
	}
	p.seek(offset + int64(skipped))
	return true, nil
}

// known is the position of the last whole frame before the damage.
func (p *passage) known() Position {
	if n := len(p.marks); n > 0 {
		return p.marks[n-1].position
	}
	return p.start.position - 1
}

func (p *passage) corrupt(offset int64, last Position) error {
	return &CorruptError{Segment: filepath.Base(p.path), Offset: offset, First: max(p.after, p.known()) + 1, Last: last}
}
