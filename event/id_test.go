package event_test

import (
	"regexp"
	"testing"
	"time"

	"wayguard/event"
)

func TestDeriveIDIsStableAndVersion7(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	id := event.DeriveID(at, "session", "abc")
	if id != event.DeriveID(at, "session", "abc") {
		t.Fatal("the same parts gave two ids")
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(string(id)) {
		t.Fatalf("%s is no version 7 UUID", id)
	}
	if id == event.DeriveID(at, "sessiona", "bc") {
		t.Fatal("parts run together")
	}
	if later := event.DeriveID(at.Add(time.Millisecond), "session", "abc"); later <= id {
		t.Fatalf("%s does not sort after %s", later, id)
	}
}

func TestRatingText(t *testing.T) {
	for _, r := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
		for _, text := range []string{r.String(), r.Human()} {
			got, err := event.ParseRating(text)
			if err != nil || got != r {
				t.Errorf("%q: got %v, %v", text, got, err)
			}
		}
	}
	if _, err := event.ParseRating("bad"); err == nil {
		t.Error("a word that is no rating was taken")
	}
}

func TestTypesAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, info := range event.Types() {
		if info.Human == "" || info.Group == "" || seen[string(info.Type)] || seen[info.Human] {
			t.Errorf("%+v is incomplete or named twice", info)
		}
		seen[string(info.Type)], seen[info.Human] = true, true
		if !info.Type.Known() || info.Type.Human() != info.Human {
			t.Errorf("%s is not known by its own table", info.Type)
		}
	}
}
