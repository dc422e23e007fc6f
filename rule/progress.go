package rule

import "encoding/binary"

// progressVersion is the first byte of a packed march.
const progressVersion = 1

// oldest is the greatest age that is kept where there is no bound: some 400 days.
const oldest = 1<<35 - 1

// load reads a session's progress. What belongs to no sequence of the set is left out, and broken bytes are as good as none.
func (m *march) load(s *Set, packed []byte) {
	if len(m.row) != s.row || len(m.met) != len(s.sequences) {
		m.row, m.met, m.gaps = make([]int64, s.row), make([]bool, len(s.sequences)), make([]int64, len(s.sequences))
	} else if m.used {
		clear(m.row)
	}
	m.used, m.last, m.calm = false, 0, 0
	if len(packed) == 0 {
		return
	}
	if !m.read(s, packed) {
		clear(m.row)
		m.used, m.last, m.calm = false, 0, 0
	}
}

func (m *march) read(s *Set, packed []byte) bool {
	if packed[0] != progressVersion {
		return false
	}
	rest := packed[1:]
	last, rest, ok := number(rest)
	calm, rest, alsoOK := number(rest)
	if !ok || !alsoOK || last > 1<<50 || calm > last+1 {
		return false
	}
	m.last = int64(last)
	if calm > 0 {
		m.calm = int64(last - (calm - 1))
	}
	next := 0
	for len(rest) > 0 {
		if len(rest) < 4 {
			return false
		}
		key := binary.LittleEndian.Uint32(rest)
		var size uint64
		if size, rest, ok = number(rest[4:]); !ok || size > uint64(len(rest)) {
			return false
		}
		q := s.find(key, next)
		if q != nil {
			next = q.number + 1
			if !m.readRow(m.row[q.first:q.first+q.size], rest[:size]) {
				return false
			}
		}
		rest = rest[size:]
	}
	return true
}

func (m *march) readRow(row []int64, packed []byte) bool {
	for len(packed) > 0 {
		place := int(packed[0])
		age, rest, ok := number(packed[1:])
		if !ok || place >= len(row) || age >= uint64(m.last) {
			return false
		}
		row[place], packed, m.used = m.last-int64(age), rest, true
	}
	return true
}

// find finds a sequence by its key, looking from a place on first: they are kept in their order.
func (s *Set) find(key uint32, next int) *sequence {
	for i := range s.sequences {
		if q := s.sequences[(next+i)%len(s.sequences)]; q.key == key {
			return q
		}
	}
	return nil
}

// pack writes down what is still of use.
func (m *march) pack(s *Set) {
	m.packed = m.packed[:0]
	if !m.used && m.calm == 0 {
		return
	}
	m.packed = append(m.packed, progressVersion)
	m.packed = binary.AppendUvarint(m.packed, uint64(m.last))
	calm := uint64(0)
	if m.calm != 0 {
		calm = uint64(m.last-m.calm) + 1
	}
	m.packed = binary.AppendUvarint(m.packed, calm)
	header := len(m.packed)
	if m.used {
		for _, q := range s.sequences {
			m.packRow(q)
		}
	}
	if len(m.packed) == header && m.calm == 0 {
		m.packed = m.packed[:0]
	}
}

// packRow writes a sequence's times as ages, if it has any.
func (m *march) packRow(q *sequence) {
	row := m.row[q.first : q.first+q.size]
	if !some(row) {
		return
	}
	begin := len(m.packed)
	m.packed = binary.LittleEndian.AppendUint32(m.packed, q.key)
	m.packed = append(m.packed, 0, 0) // the length, in two bytes
	body := len(m.packed)
	for n := range q.stages {
		st := &q.stages[n]
		m.packTimes(row, st.waits, st.capacity, st.within)
		m.packTimes(row, st.counts, st.times-1, st.within)
		if st.spoilt >= 0 {
			m.packTimes(row, st.spoilt, 1, 0)
		}
	}
	size := len(m.packed) - body
	if size == 0 {
		m.packed = m.packed[:begin]
		return
	}
	m.packed[body-2], m.packed[body-1] = byte(size&0x7f|0x80), byte(size>>7)
}

func (m *march) packTimes(row []int64, first, n int, within int64) {
	for place := first; place < first+n; place++ {
		at := row[place]
		if at == 0 {
			continue
		}
		age := m.last - at
		if within > 0 && age > within {
			continue // it can never be of use again
		}
		m.packed = append(m.packed, byte(place))
		m.packed = binary.AppendUvarint(m.packed, uint64(min(age, oldest)))
	}
}

// number reads a varint.
func number(packed []byte) (n uint64, rest []byte, ok bool) {
	n, size := binary.Uvarint(packed)
	if size <= 0 {
		return 0, nil, false
	}
	return n, packed[size:], true
}
