package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Recovery is what opening a log found to repair.
type Recovery struct {
	// Torn is how many bytes at the end were no whole record and were cut off: the crash came before their
	// acknowledgement.
	Torn int64
	// Damaged are acknowledged records of the newest segment that cannot be read. Its file is left as it is. Damage to
	// older segments is found when they are read.
	Damaged []CorruptError
}

// recover lists the segments, repairs the newest and finds the position to go on from.
func (d *Disk) recover() error {
	firsts, err := segmentFirsts(d.dir)
	if err != nil {
		return err
	}
	d.next = 1
	for len(firsts) > 0 && len(d.segments) == 0 {
		newest := firsts[len(firsts)-1]
		firsts = firsts[:len(firsts)-1]
		if err := d.recoverNewest(newest); err != nil {
			return err
		}
	}
	if err := d.listOlder(firsts); err != nil {
		return err
	}
	if d.next <= d.opts.AtLeast {
		d.release()
		d.next = d.opts.AtLeast + 1
	}
	if d.recovery.Torn > 0 {
		d.opts.Logger.Warn("log ended in an unfinished record, cut off", "bytes", d.recovery.Torn)
	}
	for _, damage := range d.recovery.Damaged {
		d.opts.Logger.Error("log is damaged", "error", damage.Error())
	}
	return nil
}

// recoverNewest repairs the newest segment and makes it the active one. It lists nothing when the segment holds no
// record: then the one before it is the newest.
func (d *Disk) recoverNewest(first Position) error {
	path := filepath.Join(d.dir, segmentName(first))
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d.next = max(d.next, first)
	t, err := inspect(content, first)
	if err != nil {
		return fmt.Errorf("segment %s: %w", filepath.Base(path), err)
	}
	if t.last < first {
		return d.discard(path, content)
	}
	s := &segment{path: path, first: first, last: t.last, size: t.end}
	for _, m := range t.marks {
		s.mark(m.position, m.offset)
	}
	d.segments, d.durable, d.next = []*segment{s}, t.last, max(d.next, t.last+1)
	for _, damage := range t.damage {
		damage.Segment = filepath.Base(path)
		d.recovery.Damaged = append(d.recovery.Damaged, damage)
	}
	if t.scarred {
		// Neither cut nor written again: what stands behind the damage is the proof that its records were acknowledged.
		return d.resume(s, false, t.version)
	}
	d.recovery.Torn += int64(len(content)) - t.end
	return d.resume(s, true, t.version)
}

// resume makes a segment durable, before anyone reads what a killed process had only written; a sound one is cut to size
// and becomes the active one if it has room and is of the present version.
func (d *Disk) resume(s *segment, sound bool, version uint32) error {
	opened, err := d.opts.disk.modify(s.path)
	if err != nil {
		return err
	}
	if sound {
		err = opened.Truncate(s.size)
	}
	if err := errors.Join(err, opened.Sync(), d.opts.disk.syncFolder(d.dir)); err != nil {
		return errors.Join(fmt.Errorf("repair segment %s: %w", filepath.Base(s.path), err), opened.Close())
	}
	if !sound || version != formatVersion || s.size >= d.opts.SegmentBytes {
		return opened.Close()
	}
	d.active = &active{file: opened, segment: s, size: s.size, listed: true}
	return nil
}

// discard takes a segment without a whole record out of the way. One that is longer than a header and not just zeros is
// kept under another name for whoever wants to know why.
func (d *Disk) discard(path string, content []byte) error {
	d.recovery.Torn += int64(len(content))
	if len(bytes.Trim(content[min(len(content), headerSize):], "\x00")) == 0 {
		return os.Remove(path)
	}
	return os.Rename(path, path+".broken")
}

// listOlder lists the segments before the newest. Only their headers are read: each says where the one before it ended.
func (d *Disk) listOlder(firsts []Position) error {
	if len(d.segments) == 0 {
		return nil
	}
	next := d.segments[0]
	for i := len(firsts) - 1; i >= 0; i-- {
		path := filepath.Join(d.dir, segmentName(firsts[i]))
		h, err := readHeader(next.path, next.first)
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		s := &segment{path: path, first: firsts[i], last: h.previous, size: info.Size()}
		d.segments = append([]*segment{s}, d.segments...)
		next = s
	}
	return nil
}

// readHeader reads a segment's header. A damaged one is replaced by what its name tells.
func readHeader(path string, first Position) (header, error) {
	source, err := os.Open(path)
	if err != nil {
		return header{}, err
	}
	defer func() { _ = source.Close() }() // only read from
	head := make([]byte, headerSize)
	n, err := io.ReadFull(source, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return header{}, err
	}
	h, err := headerOr(head[:n], first)
	if err != nil {
		return header{}, fmt.Errorf("segment %s: %w", filepath.Base(path), err)
	}
	return h, nil
}

// headerOr reads a header; a damaged one is replaced by what the segment's name tells.
func headerOr(head []byte, first Position) (header, error) {
	h, err := decodeHeader(head)
	if errors.Is(err, errBroken) || err == nil && h.first != first {
		return header{first: first, previous: first - 1}, nil
	}
	return h, err
}

// inspection is what the newest segment holds.
type inspection struct {
	// last is the position of the last whole record, first-1 when there is none, and end the byte behind it.
	last Position
	end  int64
	// scarred means that there are broken bytes before end, damage the acknowledged records that are missing there.
	scarred bool
	damage  []CorruptError
	marks   []mark
	// version is the header's, zero when that is damaged.
	version uint32
}

// inspect reads a whole segment. Broken bytes are a torn tail unless a whole frame behind them was written when they were
// known durable.
func inspect(content []byte, first Position) (inspection, error) {
	h, err := headerOr(content[:min(len(content), headerSize)], first)
	if err != nil {
		return inspection{}, err
	}
	t := inspection{last: first - 1, end: headerSize, version: h.version}
	for int(t.end) < len(content) {
		f, err := decodeFrame(content[t.end:])
		if err != nil || f.position != t.last+1 {
			resumed, ok := t.behind(content)
			if !ok {
				break
			}
			t = resumed
			continue
		}
		t.take(f, t.end)
	}
	return t, nil
}

func (t *inspection) take(f frame, offset int64) {
	t.marks = append(t.marks, mark{f.position, offset})
	t.last, t.end = f.position, offset+f.size()
}

// behind looks for acknowledged records behind broken bytes at t.end, and goes on with the first whole one if there are.
func (t *inspection) behind(content []byte) (resumed inspection, acknowledged bool) {
	f, at, found := resync(content, int(t.end)+1, t.last)
	if !found {
		return *t, false
	}
	resumed = *t
	resumed.scarred = true
	if f.position > t.last+1 { // else the broken bytes were nobody's
		resumed.damage = append(resumed.damage, CorruptError{Offset: t.end, First: t.last + 1, Last: f.position - 1})
	}
	resumed.take(f, int64(at))
	for found && f.durable <= t.last {
		f, at, found = resync(content, at+int(f.size()), f.position)
	}
	return resumed, found
}
