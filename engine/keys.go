package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"wayguard/event"
	"wayguard/rule"
)

// entityLimit is how many entities of one event are remembered; events with more are cut in name order.
const entityLimit = 24

// Keys names the pieces of state that the event touches. The event must have been prepared (Prepare).
func (e *Engine) Keys(ev *event.Event) []string {
	keys := make([]string, 0, 16)
	for _, t := range ev.Evidence.Tokens {
		keys = appendNew(keys, tokenKey(ev.Environment, t))
	}
	if key := fallbackKey(ev); key != "" {
		keys = appendNew(keys, key)
	}
	for _, el := range remembered(ev) {
		keys = appendNew(keys, entityKey(ev.Environment, el.Name, el.Value))
	}
	return keys
}

func appendNew(keys []string, key string) []string {
	if slices.Contains(keys, key) {
		return keys
	}
	return append(keys, key)
}

// remembered lists what of the event has a memory of its own: each entity once, and the tool that the request was made
// with, which is no element because it never links sessions.
func remembered(ev *event.Event) []event.Element {
	out := make([]event.Element, 0, 12)
	if ev.Evidence.HeaderShape != "" {
		out = append(out, event.Element{Name: rule.ToolEntity, Kind: event.Entity, Value: ev.Evidence.HeaderShape + "/" + ev.Evidence.UserAgent})
	}
	for i := range ev.Elements {
		el := &ev.Elements[i]
		if el.Kind != event.Entity || el.Value == "" || len(out) >= entityLimit {
			continue
		}
		known := slices.ContainsFunc(out, func(have event.Element) bool { return have.Name == el.Name && have.Value == el.Value })
		if !known {
			out = append(out, *el)
		}
	}
	return out
}

// The first letter of a key says what it leads to; the environment comes next, so that no two share anything.

func tokenKey(env event.Environment, t event.Token) string {
	return "t\x00" + string(env) + "\x00" + t.Name + "\x00" + t.Hash
}

func fallbackKey(ev *event.Event) string {
	if ev.Evidence.Address == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(ev.Evidence.Address + "\x00" + ev.Evidence.HeaderShape + "\x00" + ev.Evidence.UserAgent))
	return "f\x00" + string(ev.Environment) + "\x00" + hex.EncodeToString(sum[:16])
}

func sessionKey(env event.Environment, id event.ID) string {
	return "s\x00" + string(env) + "\x00" + string(id)
}

func entityKey(env event.Environment, element, value string) string {
	return "e\x00" + string(env) + "\x00" + element + "\x00" + value
}
