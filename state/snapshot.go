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
const snapshotMagic = "WGSTATE\x02"

// What stands before an entry of a snapshot; 0 ends them.
const (
	madeOnce = 1
	cameBack = 2
)

// fieldLimit bounds one field of a snapshot, so that a damaged length cannot ask for all memory.
const fieldLimit = 64 << 20

// ErrNoSnapshot means that there is no snapshot to load.
var ErrNoSnapshot = errors.New("state: no snapshot")

// Freeze marks this moment as the content of the next Save. The caller makes sure that no commit is under way between
// reading the stream position and calling Freeze. It returns false when a snapshot is already running.
func (m *Memory) Freeze() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.snapping {
		return false
	}
	m.snapping = true
	for i := range m.shards {
		m.shards[i].due, m.shards[i].kept = true, nil
	}
	return true
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
	m.snapping = false
	for i := range m.shards {
		m.shards[i].due, m.shards[i].kept = false, nil
	}
}

func (m *Memory) write(file io.Writer, position uint64) error {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buffered := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<16)
	w := &fieldWriter{to: buffered}
	w.raw([]byte(snapshotMagic))
	w.number(position)
	for i := range m.shards {
		for key, it := range m.copyOf(i) {
			mark := uint64(madeOnce)
			if it.proven {
				mark = cameBack
			}
			w.number(mark)
			w.field([]byte(key))
			w.field(it.value)
			w.field([]byte(it.ref))
			w.number(it.version)
			w.number(uint64(it.expires))
		}
	}
	w.number(0)
	if w.err == nil {
		w.err = buffered.Flush()
	}
	if w.err != nil {
		return w.err
	}
	return binary.Write(file, binary.BigEndian, sum.Sum32())
}

// copyOf takes the shard as it was at Freeze and lets go of the copy.
func (m *Memory) copyOf(i int) map[string]item {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &m.shards[i]
	if s.due {
		s.kept, s.due = map[string]item{}, false
		for key, it := range s.items {
			s.kept[key] = it
		}
	}
	kept := s.kept
	s.kept = nil
	return kept
}

type fieldWriter struct {
	to  io.Writer
	err error
	buf [binary.MaxVarintLen64]byte
}

func (w *fieldWriter) raw(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

func (w *fieldWriter) number(n uint64) { w.raw(w.buf[:binary.PutUvarint(w.buf[:], n)]) }

func (w *fieldWriter) field(b []byte) {
	w.number(uint64(len(b)))
	w.raw(b)
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
	position := r.number()
	for {
		mark := r.number()
		if r.err != nil || mark != madeOnce && mark != cameBack {
			break
		}
		key, value, ref := string(r.field()), r.field(), string(r.field())
		it := item{value: value, ref: ref, version: r.number(), expires: int64(r.number()), proven: mark == cameBack}
		if r.err != nil {
			break
		}
		s := m.shardOf(key)
		if _, twice := s.items[key]; twice {
			return 0, errors.New("an entry is there twice")
		}
		m.take(s, key, it)
		m.version = max(m.version, it.version)
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

type fieldReader struct {
	from *bufio.Reader
	sum  hash.Hash32
	err  error
}

// ReadByte lets binary.ReadUvarint read through the checksum.
func (r *fieldReader) ReadByte() (byte, error) {
	b, err := r.from.ReadByte()
	if err == nil {
		r.sum.Write([]byte{b})
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

func (r *fieldReader) field() []byte {
	size := r.number()
	if r.err == nil && size > fieldLimit {
		r.err = errors.New("a field is larger than any can be")
	}
	if r.err != nil || size == 0 {
		return nil
	}
	b := make([]byte, size)
	r.raw(b)
	return b
}
