package state

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// snapshotMagic opens every snapshot file; the last byte is the format's version.
const snapshotMagic = "WGSTATE\x04"

// What stands before an entry of a snapshot; 0 ends them.
const (
	madeOnce = 1
	cameBack = 2
)

// fieldLimit bounds one field of a snapshot, so that a damaged length cannot ask for all memory.
const fieldLimit = 64 << 20

// mostEntries bounds the number of entries of a snapshot, as the index does.
const mostEntries = 1<<32 - 2

// ErrNoSnapshot means that there is no snapshot to load.
var ErrNoSnapshot = errors.New("state: no snapshot")

// frozen is a snapshot under way. It holds what was there at Freeze: entries that were written last before it, and are not
// saved yet, are copied aside before they change.
type frozen struct {
	running bool
	// number counts the snapshots.
	number uint32
	// version is the last commit's that belongs to it, count the number of entries, draw the store's at that time.
	version uint64
	count   int
	draw    uint64
	// cursor says up to where the entries are saved, aside are those saved out of turn.
	cursor int
	aside  []byte
}

// Freeze marks this moment as the content of the next Save. The caller makes sure that no commit is under way between
// reading the stream position and calling Freeze. It returns false when a snapshot is already running.
func (m *Memory) Freeze() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.frozen.running {
		return false
	}
	m.frozen = frozen{running: true, number: m.frozen.number + 1, version: m.version, count: m.slots.count, draw: m.draw}
	return true
}

// spare copies the entry at a place aside where a snapshot still needs it as it is.
func (m *Memory) spare(at int) {
	f := &m.frozen
	if !f.running || at < f.cursor {
		return
	}
	if s := m.slots.at(at); s.version <= f.version && s.saved != f.number {
		f.aside = m.encode(f.aside, at)
		s.saved = f.number
	}
}

// encode adds the entry at a place to a snapshot.
func (m *Memory) encode(b []byte, at int) []byte {
	s := m.slots.at(at)
	mark := uint64(madeOnce)
	if s.proven {
		mark = cameBack
	}
	b = binary.AppendUvarint(b, mark)
	b = binary.AppendUvarint(b, uint64(at))
	b = binary.AppendUvarint(b, s.version)
	b = binary.AppendUvarint(b, uint64(s.expires))
	for _, size := range [...]uint32{s.key, s.value, s.ref} {
		b = binary.AppendUvarint(b, uint64(size))
	}
	return append(b, m.slab.block(s.block)[:s.size()]...)
}

// Save writes what was there at Freeze, with the stream position it stands at, to a file that replaces path whole:
// written beside, synced, renamed. Commits go on meanwhile.
func (m *Memory) Save(path string, position uint64) (err error) {
	defer m.thaw()
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("state snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("state snapshot: %w", err)
			_ = os.Remove(temporary)
		}
	}()
	if err := errors.Join(m.write(file, position), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Discard ends a snapshot that is not to be saved after all.
func (m *Memory) Discard() { m.thaw() }

func (m *Memory) thaw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen = frozen{number: m.frozen.number}
}

// saveBytes is how much is copied for a snapshot while commits wait.
const saveBytes = 128 << 10

func (m *Memory) write(file io.Writer, position uint64) error {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	to := io.MultiWriter(file, sum)
	m.mu.Lock()
	f := m.frozen
	m.mu.Unlock()
	if !f.running {
		return errors.New("nothing was frozen")
	}
	b := append(make([]byte, 0, 2*saveBytes), snapshotMagic...)
	b = binary.AppendUvarint(b, position)
	b = binary.AppendUvarint(b, uint64(f.count))
	b = binary.AppendUvarint(b, f.draw)
	for more := true; more; {
		b, more = m.next(b)
		if !more {
			b = binary.AppendUvarint(b, 0)
		}
		if _, err := to.Write(b); err != nil {
			return err
		}
		b = b[:0]
	}
	return binary.Write(file, binary.BigEndian, sum.Sum32())
}

// next adds the next entries of the snapshot to b, and says whether there may be more.
func (m *Memory) next(b []byte) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.frozen
	end := min(f.count, m.slots.count)
	for ; f.cursor < end && len(b) < saveBytes; f.cursor++ {
		if s := m.slots.at(f.cursor); s.version <= f.version && s.saved != f.number {
			b = m.encode(b, f.cursor)
		}
	}
	b = append(b, f.aside...)
	f.aside = f.aside[:0]
	return b, f.cursor < end
}

// LoadMemory reads a snapshot back and returns the position it stands at. ErrNoSnapshot when the file is absent; any
// other error means that it is damaged and must not be used.
func LoadMemory(path string, limit int) (*Memory, uint64, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, ErrNoSnapshot
	}
	if err != nil {
		return nil, 0, fmt.Errorf("state snapshot: %w", err)
	}
	defer file.Close()
	m := NewMemory(limit)
	position, err := m.read(file)
	if err != nil {
		return nil, 0, fmt.Errorf("state snapshot %s: %w", filepath.Base(path), err)
	}
	return m, position, nil
}

func (m *Memory) read(from io.Reader) (uint64, error) {
	r := &fieldReader{from: bufio.NewReaderSize(from, 1<<16), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
	magic := make([]byte, len(snapshotMagic))
	r.raw(magic)
	if r.err == nil && string(magic) != snapshotMagic {
		return 0, errors.New("not a snapshot of this version")
	}
	position, count := r.number(), r.number()
	m.draw = r.number()
	if count > mostEntries {
		return 0, errors.New("more entries than any snapshot holds")
	}
	for {
		mark := r.number()
		if r.err != nil || mark != madeOnce && mark != cameBack {
			break
		}
		if err := m.readEntry(r, count, mark == cameBack); err != nil {
			return 0, err
		}
	}
	if r.err == nil && uint64(m.slots.count) != count {
		return 0, errors.New("entries are missing")
	}
	if r.err != nil {
		return 0, fmt.Errorf("cut short: %w", r.err)
	}
	want := r.sum.Sum32()
	var got uint32
	if err := binary.Read(r.from, binary.BigEndian, &got); err != nil || got != want {
		return 0, errors.New("checksum does not match")
	}
	return position, nil
}

// readEntry reads one entry and puts it where it stood.
func (m *Memory) readEntry(r *fieldReader, count uint64, proven bool) error {
	place := r.number()
	s := slot{version: r.number(), expires: int64(r.number()), proven: proven}
	sizes := [...]uint64{r.number(), r.number(), r.number()}
	for _, size := range sizes {
		if size > fieldLimit && r.err == nil {
			r.err = errors.New("a field is larger than any can be")
		}
	}
	if r.err == nil && (place >= count || s.version == 0) {
		r.err = errors.New("an entry that cannot be")
	}
	bytes := r.bytes(sizes[0] + sizes[1] + sizes[2])
	if r.err != nil {
		return nil // told by the caller
	}
	s.key, s.value, s.ref = uint32(sizes[0]), uint32(sizes[1]), uint32(sizes[2])
	key := textOf(bytes[:s.key])
	s.hash = m.hash(key)
	m.slots.reach(int(place))
	if m.slots.at(int(place)).version != 0 || m.find(s.hash, key) != nowhere {
		return errors.New("an entry is there twice")
	}
	s.block = m.slab.take(len(bytes))
	copy(m.slab.block(s.block), bytes)
	*m.slots.at(int(place)) = s
	m.index.part(s.hash).add(s.hash, int(place))
	m.slots.count++
	m.bytes += s.size()
	m.version = max(m.version, s.version)
	return nil
}

type fieldReader struct {
	from *bufio.Reader
	sum  hash.Hash32
	err  error
	room []byte
	one  [1]byte
}

// ReadByte lets binary.ReadUvarint read through the checksum.
func (r *fieldReader) ReadByte() (byte, error) {
	b, err := r.from.ReadByte()
	if err == nil {
		r.one[0] = b
		r.sum.Write(r.one[:])
	}
	return b, err
}

func (r *fieldReader) raw(b []byte) {
	if r.err != nil {
		return
	}
	if _, r.err = io.ReadFull(r.from, b); r.err == nil {
		r.sum.Write(b)
	}
}

func (r *fieldReader) number() uint64 {
	if r.err != nil {
		return 0
	}
	var n uint64
	n, r.err = binary.ReadUvarint(r)
	return n
}

// bytes are the next so many, good until the next call.
func (r *fieldReader) bytes(size uint64) []byte {
	for r.room = r.room[:0]; r.err == nil && uint64(len(r.room)) < size; {
		// Step by step: a damaged length must not ask for memory that the file does not fill.
		begin := len(r.room)
		r.room = append(r.room, make([]byte, min(size-uint64(begin), 1<<16))...)
		r.raw(r.room[begin:])
	}
	return r.room
}
