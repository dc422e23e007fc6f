package stream

import (
	"errors"
	"io/fs"
)

// TrimBefore implements Log. Whole segments go once they exceed Options.RetainBytes, the oldest first.
func (d *Disk) TrimBefore(pos Position) error {
	d.mu.Lock()
	d.keep = max(d.keep, pos)
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return ErrClosed
	}
	return d.retain(d.opts.RetainBytes)
}

// retain removes segments: those no consumer needs down to spare bytes, then any above the limit.
func (d *Disk) retain(spare int64) error {
	d.trimming.Lock()
	defer d.trimming.Unlock()
	var failures []error
	for _, path := range d.unlist(spare) {
		if err := d.opts.disk.remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			// It is listed again at the next start and trimmed then.
			d.opts.Logger.Warn("log segment cannot be removed", "error", err)
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// unlist takes segments off the list, so that no new read begins in them, and says which files may go. The newest always
// stays: it holds the position to go on from.
func (d *Disk) unlist(spare int64) (paths []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	total := d.bytes()
	for len(d.segments) > 1 {
		s := d.segments[0]
		needed := s.last >= d.keep
		switch {
		case !needed && total > max(spare, 0):
		case d.opts.MaxBytes > 0 && total > d.opts.MaxBytes:
			lost := int64(0)
			if needed && s.last >= s.first {
				lost = int64(s.last - max(s.first, d.keep) + 1)
			}
			d.counts.lost += lost
			d.opts.Logger.Error("log has reached its size limit: records no consumer has read are removed", "records", lost)
		default:
			return paths
		}
		total -= s.size
		paths = append(paths, s.path)
		d.segments = d.segments[1:]
	}
	return paths
}

func (d *Disk) bytes() (total int64) {
	for _, s := range d.segments {
		total += s.size
	}
	return total
}

// Stats is the state of a Disk at one moment.
type Stats struct {
	// First and Durable bound what can be read; Next is the position the next record will get.
	First, Durable, Next Position
	// Segments and Bytes are what is on disk, Buffered the bytes that wait for it.
	Segments        int
	Bytes, Buffered int64
	// Failures counts failed attempts to write, Full the records refused with ErrFull, Lost those removed unread because
	// of Options.MaxBytes.
	Failures, Full, Lost int64
	// Failure is the disk's present failure, nil while it works.
	Failure error
}

// Stats tells the log's state.
func (d *Disk) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Stats{First: d.next, Durable: d.durable, Next: d.next, Segments: len(d.segments), Bytes: d.bytes(),
		Buffered: d.buffered, Failures: d.counts.failures, Full: d.counts.full, Lost: d.counts.lost, Failure: d.failure}
	if len(d.segments) > 0 {
		s.First = d.segments[0].first
	}
	return s
}
