package engine

import (
	"fmt"
	"time"

	"wayguard/entity"
	"wayguard/session"
)

// changes encodes everything the fold touched.
func (e *Engine) changes(f *fold) ([]Change, error) {
	out := make([]Change, 0, len(f.memories)+4)
	at := f.event.Time
	own := sessionKey(f.event.Environment, f.session.ID)
	value, err := e.encode.Marshal(f.session)
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	out = append(out, Change{Key: own, Value: value, Expires: at.Add(2 * e.settings.IdleTimeout)})
	out = append(out, e.pointers(f, own, at)...)
	for _, m := range f.memories {
		key := entityKey(f.event.Environment, m.element.Name, m.element.Value)
		out = append(out, Change{Key: key, Value: m.Pack(), Expires: at.Add(entity.Reach)})
	}
	return out, nil
}

// pointers makes the event's tokens, and its fallback key where that joins, lead to the session. A token keeps the
// journey as its value, so that the same visitor is known after the session is over.
func (e *Engine) pointers(f *fold, own string, at time.Time) []Change {
	var out []Change
	place, strangers, claim := map[string]int{}, 0, !showsToken(f.event)
	for _, t := range f.event.Evidence.Tokens {
		key := tokenKey(f.event.Environment, t)
		// A token that was only handed out is kept no longer than its session: a tool that throws every cookie away
		// would fill the memory with them. So is one that is presented for the first time: anybody can make them up.
		life := 2 * e.settings.IdleTimeout
		known := len(f.held[key].Value) > 0
		if !t.Issued && known {
			life = tokenLife
		}
		if !t.Issued && !known {
			if strangers++; strangers > strangerLimit {
				continue
			}
		}
		if i, ok := place[key]; ok {
			out[i].Expires = latest(out[i].Expires, at.Add(life))
			continue
		}
		place[key] = len(out)
		out = append(out, Change{Key: key, Ref: own, Value: tokenValue(f.session.Journey, claim), Expires: at.Add(life)})
	}
	if f.fallback != "" && f.leads() {
		out = append(out, Change{Key: f.fallback, Ref: own, Expires: at.Add(2 * e.settings.IdleTimeout)})
	}
	return out
}

// leads says whether the fallback key should lead to this session: always when it was joined or opened by it, but a
// session that keeps cookies does not take it away from a neighbour's.
func (f *fold) leads() bool {
	return f.fresh || f.join.By == session.ByFallback || f.held[f.fallback].Ref == ""
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
