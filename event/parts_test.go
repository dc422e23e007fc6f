package event_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"wayguard/event"
)

// TestPartsAreAnObject holds Parts to the map that they were, both ways.
func TestPartsAreAnObject(t *testing.T) {
	for _, texts := range []map[string]string{nil, {}, {"domain": "mail.example"}, {"b": "<2>", "a": "1", "ü": "\u2028", "": "", "a\"": "\xff"}} {
		parts := event.PartsOf(texts)
		for name, text := range texts {
			if got, known := parts.Find(name); !known || got != text || parts.Of(name) != text {
				t.Errorf("%q is %q, %v", name, got, known)
			}
		}
		if _, known := parts.Find("none"); known {
			t.Error("a part that nobody gave")
		}
		got, err := json.Marshal(event.Element{Parts: parts})
		want, _ := json.Marshal(struct {
			Name  string            `json:"name"`
			Kind  string            `json:"kind"`
			Type  string            `json:"type"`
			Parts map[string]string `json:"parts,omitempty"`
		}{Parts: texts})
		if err != nil || string(got) != string(want) {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		var back event.Element
		var wanted struct{ Parts map[string]string }
		if err := json.Unmarshal(got, &back); err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(want, &wanted); err != nil || !reflect.DeepEqual(back.Parts, event.PartsOf(wanted.Parts)) {
			t.Errorf("%v, got %q, want %q", err, back.Parts, wanted.Parts)
		}
	}
	var parts event.Parts
	for _, text := range []string{`[]`, `"x"`, `{"a":1}`, `{"a":{}}`, `7`} {
		if err := json.Unmarshal([]byte(text), &parts); err == nil {
			t.Errorf("%s was read as parts", text)
		}
	}
	if err := json.Unmarshal([]byte(`null`), &parts); err != nil || parts != nil {
		t.Errorf("null: %v, %v", parts, err)
	}
}
