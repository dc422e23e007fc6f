package element

import "encoding/binary"

// maxRecalled is the longest value, with its parts, that is remembered, in bytes.
const maxRecalled = 512

// memos remember values of the types that are dear to read and come again: a visitor's browser, phone and address. What
// is hashed or secret is never remembered.
type memos struct {
	agents, phones, addresses, urls, words *Memo[Value]
}

func newMemos(size int) memos {
	return memos{agents: NewMemo[Value](size), phones: NewMemo[Value](size), addresses: NewMemo[Value](size),
		urls: NewMemo[Value](size), words: NewMemo[Value](size)}
}

// of is the memo for a type, nil for those that are not remembered.
func (m *memos) of(t ValueType) *Memo[Value] {
	switch t {
	case UserAgent:
		return m.agents
	case Phone:
		return m.phones
	case Address:
		return m.addresses
	case URL, IPAddress:
		return m.urls
	case Country, Currency, Language, PaymentType, Date, Month, Year:
		return m.words
	}
	return nil
}

// Prepared is a definition with all that can be known before there is a value, so that reading one costs little. It may
// be used from many goroutines at once.
type Prepared struct {
	normaliser *Normaliser
	definition Definition
	form       plainForm
	hashed     bool
	// key is that of the definition's family, nil where nothing is hashed.
	key *macKey
	// memo remembers values of the type, nil where none are remembered.
	memo *Memo[Value]
}

// Prepare makes a definition ready for NormaliseIn.
func (n *Normaliser) Prepare(def Definition) *Prepared {
	p := &Prepared{normaliser: n, definition: def, hashed: def.Sensitivity == Hashed || def.Type.least() == Hashed}
	if def.Sensitivity == Secret {
		return p
	}
	p.form = plainFormOf(def.Type, p.hashed)
	if p.hashed {
		p.key = n.keys.family(def.Family())
	} else {
		p.memo = n.memos.of(def.Type)
	}
	return p
}

// Definition is what was prepared; nobody may change it.
func (p *Prepared) Definition() *Definition { return &p.definition }

// NormaliseIn is Normalise for one event of many: the value is made in the arena's memory, or shares memory with raw and
// with other values. So it lives as long as the arena is not reset and raw's texts are not written to, and nobody may
// change it. Its content, that of Normalise to the byte, is written to v, so that it is not moved from function to
// function; after an error v is the zero Value.
func (p *Prepared) NormaliseIn(a *Arena, raw *Raw, v *Value) error {
	if a != nil && p.quick(a, raw, v) {
		return nil
	}
	if a == nil || p.memo == nil || !a.recallKey(p.definition.Type, raw) {
		return p.normalise(raw, v)
	}
	if known := p.memo.Find(a.key); known != nil {
		*v = *known
		return nil
	}
	err := p.normalise(raw, v)
	if err == nil {
		*v = *p.memo.Keep(a.key, v.own())
	}
	return err
}

func (p *Prepared) normalise(raw *Raw, v *Value) (err error) {
	*v, err = p.normaliser.Normalise(p.definition, *raw)
	return err
}

// recallKey writes all that the value depends on into the arena's key; false when that is too long.
func (a *Arena) recallKey(t ValueType, raw *Raw) bool {
	a.key = append(append(a.key[:0], t...), 0)
	if len(raw.Parts) > 0 {
		for _, name := range t.InputParts() {
			part := raw.Parts[name]
			if len(part) > maxRecalled {
				return false
			}
			a.key = append(binary.AppendUvarint(a.key, uint64(len(part))), part...)
		}
		a.key = append(a.key, 1)
	}
	if len(raw.Text) > maxRecalled || len(a.key) > maxRecalled {
		return false
	}
	a.key = append(a.key, raw.Text...)
	return true
}
