package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"wayguard/event"
	"wayguard/rule"
)

// entityLimit is how many entities of one event are remembered. Where an event has more, each element's first value goes
// before any element's second: nobody hides an account behind two dozen addresses.
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
	out = rememberedBy(out, ev.Elements, func(have, el event.Element) bool { return have.Name == el.Name })
	return rememberedBy(out, ev.Elements, func(have, el event.Element) bool { return have.Name == el.Name && have.Value == el.Value })
}

// rememberedBy adds the entities that are not there yet, up to the limit.
func rememberedBy(out, elements []event.Element, same func(have, el event.Element) bool) []event.Element {
	for _, el := range elements {
		if len(out) >= entityLimit {
			break
		}
		if el.Kind != event.Entity || el.Value == "" {
			continue
		}
		if !slices.ContainsFunc(out, func(have event.Element) bool { return same(have, el) }) {
			out = append(out, el)
		}
	}
	return out
}

// The first letter of a key says what it leads to; the environment comes next, so that no two share anything.

func tokenKey(env event.Environment, t event.Token) string {
	return "t\x00" + string(env) + "\x00" + t.Name + "\x00" + t.Hash
}

// claimMark stands before the journey of a token that was handed to a visitor who showed none.
const claimMark = '?'

// tokenValue is what a token's key holds: the journey. As long as nobody has shown a token, several visitors may look like
// one; a token given then is a claim, and who comes back first has the session.
func tokenValue(journey event.ID, claim bool) []byte {
	if claim {
		return append([]byte{claimMark}, journey...)
	}
	return []byte(journey)
}

// journeyOf reads a token's value.
func journeyOf(value []byte) (journey event.ID, claim bool) {
	if len(value) > 0 && value[0] == claimMark {
		return event.ID(value[1:]), true
	}
	return event.ID(value), false
}

// showsToken says whether the visitor sent a token.
func showsToken(ev *event.Event) bool {
	return slices.ContainsFunc(ev.Evidence.Tokens, func(t event.Token) bool { return !t.Issued })
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
