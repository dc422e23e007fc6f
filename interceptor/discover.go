package interceptor

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"wayguard/payment"
)

// MaxDiscovered is how many keys are kept for an interceptor, and how many are taken from one document.
const MaxDiscovered = 2000

// Payload is a masked copy of the document as JSON, for storing: no card number, IBAN or security code is left in it. It is nil for an empty
// document. A form and an XML document become the tree that mappings read.
func (d Document) Payload() json.RawMessage {
	if d.root == nil {
		return nil
	}
	return encodeJSON(payment.MaskPayload(d.root))
}

// Discover lists the fields of a document that hold a value, each once with the type of its value, in the order of their paths. Elements of
// lists are one field, "[*]". Nothing but the path and the type is told. Fields with names of unusual characters or long runs of digits are
// left out, with everything below them: such names are often data.
func Discover(d Document) []DiscoveredKey {
	found := map[foundKey]struct{}{}
	discover(d.root, "$", found)
	keys := make([]DiscoveredKey, 0, len(found))
	for key := range found {
		keys = append(keys, DiscoveredKey{Key: key.key, Type: key.kind, Count: 1})
	}
	slices.SortFunc(keys, byKey)
	return keys
}

// foundKey identifies a discovered key: a field that holds numbers at one time and texts at another is told twice.
type foundKey struct{ key, kind string }

func discover(value any, path string, found map[foundKey]struct{}) {
	if len(found) >= MaxDiscovered || len(path) > 512 {
		return
	}
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			if safeName(name) {
				discover(below, path+"."+name, found)
			}
		}
	case []any:
		for _, element := range value {
			discover(element, path+"[*]", found)
		}
	case string:
		found[foundKey{path, "string"}] = struct{}{}
	case bool:
		found[foundKey{path, "boolean"}] = struct{}{}
	case json.Number:
		kind := "integer"
		if strings.ContainsAny(value.String(), ".eE") {
			kind = "number"
		}
		found[foundKey{path, kind}] = struct{}{}
	case nil:
		if path != "$" {
			found[foundKey{path, "null"}] = struct{}{}
		}
	}
}

func byKey(a, b DiscoveredKey) int {
	return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Type, b.Type))
}

// Merge adds what was seen to what is known: counts are added up, and a key was last seen at its own time, or at the time given where it has
// none. At most MaxDiscovered keys are kept, those that were seen most often and, among these, last; so keys that came once make room for
// others. known is Merge's from then on: what comes back may be the same list, changed. It is in the order of the paths.
func Merge(known, seen []DiscoveredKey, at time.Time) []DiscoveredKey {
	if !slices.IsSortedFunc(known, byKey) {
		slices.SortFunc(known, byKey)
	}
	var fresh []DiscoveredKey
	for _, key := range seen {
		key.Count = max(key.Count, 1)
		if key.LastSeen.IsZero() {
			key.LastSeen = at
		}
		list := known
		i, found := slices.BinarySearchFunc(known, key, byKey)
		if !found {
			list = fresh
			i, found = slices.BinarySearchFunc(fresh, key, byKey)
		}
		if !found {
			fresh = slices.Insert(fresh, i, key)
			continue
		}
		list[i].Count += key.Count
		if key.LastSeen.After(list[i].LastSeen) {
			list[i].LastSeen = key.LastSeen
		}
	}
	if len(fresh) == 0 {
		return known
	}
	keys := append(known, fresh...)
	if len(keys) > MaxDiscovered {
		slices.SortFunc(keys, func(a, b DiscoveredKey) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), b.LastSeen.Compare(a.LastSeen), byKey(a, b))
		})
		keys = keys[:MaxDiscovered]
	}
	slices.SortFunc(keys, byKey)
	return keys
}
