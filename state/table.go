package state

// slot is what is known of an entry beside its bytes, which are its key, its value and what it refers to.
type slot struct {
	hash    uint64
	version uint64
	expires int64
	block   blockRef
	// key, value and ref are the sizes.
	key, value, ref uint32
	// saved is the number of the last snapshot that holds the entry as it was then.
	saved uint32
	// proven means that the entry was written again after it was made: whatever it is about came back.
	proven bool
}

func (s *slot) size() int64 { return int64(s.key) + int64(s.value) + int64(s.ref) }

// tableRows is the number of slots of a row: a table grows by rows, without moving what is there.
const tableRows = 4096

// table is a list of slots without gaps.
type table struct {
	rows  [][]slot
	count int
}

func (t *table) at(i int) *slot { return &t.rows[i/tableRows][i%tableRows] }

// add puts a slot at the end and says where that is.
func (t *table) add(s slot) int {
	t.reach(t.count)
	t.count++
	*t.at(t.count - 1) = s
	return t.count - 1
}

// reach makes the row of a place, and no row before it: a damaged snapshot must not ask for memory that it does not fill.
func (t *table) reach(place int) {
	row := place / tableRows
	for row >= len(t.rows) {
		t.rows = append(t.rows, nil)
	}
	if t.rows[row] == nil {
		t.rows[row] = make([]slot, tableRows)
	}
}

// dropLast takes the last slot away, and a row that is not needed any more but for one in store.
func (t *table) dropLast() {
	t.count--
	*t.at(t.count) = slot{}
	if needed := t.count/tableRows + 2; needed < len(t.rows) {
		t.rows[len(t.rows)-1] = nil
		t.rows = t.rows[:len(t.rows)-1]
	}
}

// indexParts is how many parts the index has, so that one that grows is small.
const indexParts = 256

// leastPart is the first size of a part.
const leastPart = 16

// index finds places by the hashes of keys.
type index struct{ parts [indexParts]indexPart }

func (x *index) part(hash uint64) *indexPart { return &x.parts[hash%indexParts] }

// indexPart is a hash table with open addressing. A cell is the upper half of the hash, and a place plus 1 in the lower; 0 is
// an empty one.
type indexPart struct {
	cells []uint64
	used  int
}

const placeMask = 1<<32 - 1

func cell(hash uint64, place int) uint64 { return hash&^placeMask | uint64(place+1) }

// home is where a cell would stand if there were no others.
func (p *indexPart) home(c uint64) int { return int(c>>32) & (len(p.cells) - 1) }

// first is the first place that may be that of the hash, with where it was found for next.
func (p *indexPart) first(hash uint64) (probe, place int) {
	if len(p.cells) == 0 {
		return 0, nowhere
	}
	probe = p.home(hash) - 1
	place = p.next(hash, &probe)
	return probe, place
}

// likely is the place in the hash's first cell, nowhere when it is another's.
func (p *indexPart) likely(hash uint64) int {
	if len(p.cells) == 0 {
		return nowhere
	}
	if c := p.cells[p.home(hash)]; c != 0 && c>>32 == hash>>32 {
		return int(c&placeMask) - 1
	}
	return nowhere
}

func (p *indexPart) next(hash uint64, probe *int) int {
	for {
		*probe = (*probe + 1) & (len(p.cells) - 1)
		c := p.cells[*probe]
		if c == 0 {
			return nowhere
		}
		if c>>32 == hash>>32 {
			return int(c&placeMask) - 1
		}
	}
}

// add notes a place.
func (p *indexPart) add(hash uint64, place int) {
	if 4*(p.used+1) > 3*len(p.cells) {
		p.grow()
	}
	p.used++
	p.put(cell(hash, place))
}

func (p *indexPart) put(c uint64) {
	at := p.home(c)
	for p.cells[at] != 0 {
		at = (at + 1) & (len(p.cells) - 1)
	}
	p.cells[at] = c
}

func (p *indexPart) grow() {
	old := p.cells
	p.cells = make([]uint64, max(2*len(old), leastPart))
	for _, c := range old {
		if c != 0 {
			p.put(c)
		}
	}
}

// find is where the cell of a hash and a place stands. It is there: the caller has it from the index.
func (p *indexPart) find(hash uint64, place int) int {
	want := cell(hash, place)
	at := p.home(want)
	for p.cells[at] != want {
		at = (at + 1) & (len(p.cells) - 1)
	}
	return at
}

// move notes that what stood at one place stands at another.
func (p *indexPart) move(hash uint64, from, to int) { p.cells[p.find(hash, from)] = cell(hash, to) }

// remove forgets a place. Cells behind it that stand there only because it was taken move up.
func (p *indexPart) remove(hash uint64, place int) {
	gap := p.find(hash, place)
	mask := len(p.cells) - 1
	for at := (gap + 1) & mask; p.cells[at] != 0; at = (at + 1) & mask {
		if home := p.home(p.cells[at]); (at-home)&mask >= (at-gap)&mask {
			p.cells[gap] = p.cells[at]
			gap = at
		}
	}
	p.cells[gap] = 0
	p.used--
}
