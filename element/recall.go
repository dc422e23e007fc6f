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

// NormaliseIn is Normalise for one event of many: the value is made in the arena's memory, or shares memory with raw and
// with other values. So it lives as long as the arena is not reset and raw is not written to, and nobody may change it.
// Its content is that of Normalise, to the byte.
func (n *Normaliser) NormaliseIn(a *Arena, def *Definition, raw Raw) (Value, error) {
	hashed := def.Sensitivity == Hashed || def.Type.least() == Hashed
	if a == nil || def.Sensitivity == Secret {
		return n.Normalise(*def, raw)
	}
	if v, ok := n.quick(a, def, &raw, hashed); ok {
		return v, nil
	}
	memo := n.memos.of(def.Type)
	if memo == nil || hashed || !a.recallKey(def.Type, &raw) {
		return n.Normalise(*def, raw)
	}
	if known := memo.Find(a.key); known != nil {
		return *known, nil
	}
	v, err := n.Normalise(*def, raw)
	if err == nil {
		v = *memo.Keep(a.key, v.own())
	}
	return v, err
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
