package stream

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"sync"
	"syscall"

	"wayguard/event"
)

// FaultyDisk is a file system that fails on demand. The real files lie below it.
type FaultyDisk struct {
	osFiles
	mu sync.Mutex
	// Capacity is how many bytes the files may have together; negative is no limit.
	Capacity int64
	// Syncs, Truncates, Creates, Folders and Removes are how many of the next calls fail; negative is all.
	Syncs, Truncates, Creates, Folders, Removes int
	sizes                                       map[string]int64
}

// Faulty makes options that write to the disk.
func Faulty(opts Options, d *FaultyDisk) Options {
	opts.disk = d
	return opts
}

// Set changes what fails while the log runs.
func (d *FaultyDisk) Set(change func(d *FaultyDisk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

var errFault = errors.New("input/output error")

func (d *FaultyDisk) fails(left *int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *left > 0 {
		*left--
		return true
	}
	return *left < 0
}

func (d *FaultyDisk) create(path string) (file, error) {
	if d.fails(&d.Creates) {
		return nil, syscall.ENOSPC
	}
	f, err := d.osFiles.create(path)
	return d.wrap(path, f, err)
}

func (d *FaultyDisk) modify(path string) (file, error) {
	f, err := d.osFiles.modify(path)
	return d.wrap(path, f, err)
}

func (d *FaultyDisk) remove(path string) error {
	if d.fails(&d.Removes) {
		return errFault
	}
	d.resize(path, 0)
	return d.osFiles.remove(path)
}

func (d *FaultyDisk) syncFolder(path string) error {
	if d.fails(&d.Folders) {
		return errFault
	}
	return d.osFiles.syncFolder(path)
}

// resize gives a file a size and says how many bytes of it fit.
func (d *FaultyDisk) resize(path string, size int64) (fits int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sizes == nil {
		d.sizes = map[string]int64{}
	}
	total := int64(0)
	for other, n := range d.sizes {
		if other != path {
			total += n
		}
	}
	if d.Capacity >= 0 && total+size > d.Capacity {
		size = max(d.Capacity-total, 0)
	}
	d.sizes[path] = size
	return size
}

type faultyFile struct {
	file
	disk   *FaultyDisk
	path   string
	size   int64
	synced int64
}

func (d *FaultyDisk) wrap(path string, f file, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file: f, disk: d, path: path, size: info.Size(), synced: info.Size()}, nil
}

func (f *faultyFile) WriteAt(b []byte, offset int64) (int, error) {
	end := max(f.size, offset+int64(len(b)))
	fits := f.disk.resize(f.path, end)
	if fits < end {
		b = b[:max(fits-offset, 0)]
	}
	n, err := f.file.WriteAt(b, offset)
	f.size = max(f.size, offset+int64(n))
	if err == nil && fits < end {
		err = syscall.ENOSPC
	}
	return n, err
}

func (f *faultyFile) Truncate(size int64) error {
	if f.disk.fails(&f.disk.Truncates) {
		return errFault
	}
	f.size, f.synced = size, min(f.synced, size)
	f.disk.resize(f.path, size)
	return f.file.Truncate(size)
}

// Sync fails as a kernel does: the pages that were not on the disk are gone, and asking again would succeed.
func (f *faultyFile) Sync() error {
	if f.disk.fails(&f.disk.Syncs) {
		return errors.Join(errFault, os.Truncate(f.path, f.synced), os.Truncate(f.path, f.size))
	}
	f.synced = f.size
	return f.file.Sync()
}

// Inspect shows what recovery makes of a newest segment.
func Inspect(content []byte, first Position) (last Position, end int64, scarred bool, damage []CorruptError, err error) {
	t, err := inspect(content, first)
	return t.last, t.end, t.scarred, t.damage, err
}

// Passage reads a segment's bytes as Read does.
func Passage(content []byte, first, last, after Position, max int) ([]Entry, error) {
	v := view{path: "fuzz", start: mark{first, headerSize}, end: int64(len(content)), last: last, codec: event.NewCodec()}
	return newPassage(v, bytes.NewReader(content), after).run(context.Background(), max, readBytes)
}

// Segment is a segment of n small records, each durable before the next.
func Segment(n int) []byte {
	b := header{first: 1}.encode()
	for i := range n {
		b = appendFrame(b, frame{position: Position(i + 1), durable: Position(i), payload: []byte("{}")})
	}
	return b
}

// OldSegment is what a program that wrote records as JSON left: records at positions 1 and on.
func OldSegment(records ...event.Record) ([]byte, error) {
	b := header{first: 1}.encode()
	b[8] = 1
	b = binary.LittleEndian.AppendUint32(b[:headerSize-4], crc32.Checksum(b[:headerSize-4], castagnoli()))
	for i := range records {
		text, err := records[i].Append(nil)
		if err != nil {
			return nil, err
		}
		b = appendFrame(b, frame{position: Position(i + 1), durable: Position(i), payload: text})
	}
	return b, nil
}

// NewerHeader is the header of a format this program does not know.
func NewerHeader() []byte {
	b := header{first: 1}.encode()
	b[8] = formatVersion + 1
	return binary.LittleEndian.AppendUint32(b[:headerSize-4], crc32.Checksum(b[:headerSize-4], castagnoli()))
}
