package rule

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/policy"
)

// The reference names everything the language has.
func TestReferenceIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range functions() {
		names = append(names, f.name+"(")
	}
	for _, variable := range variables() {
		for _, field := range keys(fieldsOf(variable)) {
			names = append(names, "."+field+"`")
		}
	}
	for _, word := range slices.Concat(ClusterKinds(), flaws(), networkKinds()[1:], proofs()[1:]) {
		names = append(names, "`"+word+"`")
	}
	for _, name := range append(append(Counters(), Distincts()...), append(Families(), ToolEntity)...) {
		names = append(names, "`"+name+"`")
	}
	for _, window := range Windows() {
		names = append(names, "`"+window.Name+"`")
	}
	names = append(names, policyWords()...)
	for _, name := range names {
		if !strings.Contains(string(text), name) {
			t.Errorf("docs/rules.md does not name %s", name)
		}
	}
}

// policyWords are the kinds of action with their keys, every key below actions, policies and mitigation, and the words these take.
func policyWords() []string {
	var names []string
	for _, kind := range event.ActionKinds() {
		names = append(names, "| `"+string(kind)+"` |")
	}
	keys := map[string]bool{}
	for _, of := range []reflect.Type{reflect.TypeFor[policy.ActionConfig](), reflect.TypeFor[policy.Config](), reflect.TypeFor[policy.MitigationConfig]()} {
		keysBelow(of, keys)
	}
	for key := range keys {
		names = append(names, "`"+key+"`")
	}
	for _, word := range slices.Concat(policy.Checks(), policy.Formats(), policy.PageKinds(), []string{policy.HCaptcha, policy.Turnstile, policy.BuiltInCaptcha,
		policy.KeepHashes, policy.KeepNothing, policy.FailOpen, policy.FailClosed, string(policy.ScopeAddress), string(policy.ScopePerson)}) {
		names = append(names, "`"+word+"`")
	}
	for _, placeholder := range policy.PlaceholderNames() {
		names = append(names, "`{"+placeholder+"}`")
	}
	return names
}

// keysBelow gathers the keys of a type and of all it is made of.
func keysBelow(of reflect.Type, keys map[string]bool) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		keysBelow(of.Elem(), keys)
	case reflect.Struct:
		for i := range of.NumField() {
			if key := of.Field(i).Tag.Get("yaml"); key != "" && key != "-" {
				keys[key] = true
				keysBelow(of.Field(i).Type, keys)
			}
		}
	}
}

// The table of kinds has the keys that each kind takes, and no others.
func TestReferenceOfKinds(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range event.ActionKinds() {
		_, row, found := strings.Cut(string(text), "\n| `"+string(kind)+"` |")
		if row, _, _ = strings.Cut(row, "\n"); !found {
			t.Errorf("docs/rules.md has no row for %s", kind)
			continue
		}
		cells := strings.Split(row, "|")
		var told []string
		for i, word := range strings.Split(cells[len(cells)-2], "`") {
			if i%2 == 1 {
				told = append(told, word)
			}
		}
		slices.Sort(told)
		if own := policy.Keys(kind); !slices.Equal(told, own) {
			t.Errorf("docs/rules.md says that %s takes %v, it takes %v", kind, told, own)
		}
	}
}
