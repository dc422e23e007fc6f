package challenge_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"wayguard/challenge"
	"wayguard/event"
	"wayguard/policy"
)

// docs/checks.md says of every kind what it proves, in their order, and its numbers are the real ones.
func TestTheGuideIsTrue(t *testing.T) {
	text, err := os.ReadFile("../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	flat := strings.Join(strings.Fields(guide), " ")
	last := -1
	for _, kind := range policy.Checks() {
		at := strings.Index(guide, fmt.Sprintf("\n| `%s` | ", kind))
		if at <= last {
			t.Errorf("no row for %s after the lighter ones", kind)
		}
		last = at
	}
	for _, r := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
		if sentence := fmt.Sprintf("`%s` for a %s", challenge.ForRating(r), r); !strings.Contains(flat, sentence) {
			t.Errorf("the guide does not say %q", sentence)
		}
		b := newBrowser(t, newSet(t, policy.MitigationConfig{}, nil))
		p := b.offer(rated("proof", r), b.navigate("GET", "/"))
		if sentence := fmt.Sprintf("%s for a %s", match(p, `data-bits="([^"]*)"`), r); !strings.Contains(flat, sentence) {
			t.Errorf("the guide does not say %q", sentence)
		}
	}
	if !strings.Contains(flat, fmt.Sprintf("up to %d KiB", challenge.BodyMost>>10)) {
		t.Error("the guide has another limit for forms")
	}
}
