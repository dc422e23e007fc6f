package backend

import (
	"os"
	"strings"
	"testing"
)

// TestTheGuideIsTrue compiles the adapters of docs/risk-backends.md and looks for every word that it must name.
func TestTheGuideIsTrue(t *testing.T) {
	guide, err := os.ReadFile("../docs/risk-backends.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(guide)
	adapters := 0
	for i, block := range strings.Split(text, "```json\n") {
		if block, _, _ = strings.Cut(block, "```"); i == 0 || !strings.Contains(block, `"assess"`) {
			continue
		}
		adapters++
		if _, problems := compileAdapter("$", []byte(block)); len(problems) > 0 {
			t.Errorf("adapter %d: %v", adapters, problems)
		}
	}
	if adapters < 2 {
		t.Errorf("%d adapters", adapters)
	}
	words := []string{codeInsufficient, codeDisabled, codeTimeout, codeUnavailable, codeBadResponse, codeMapping, codeCircuitOpen,
		statusDelivered, statusSkipped, statusFailed, "$pan", "$iban", "$now", "$item", "$secret.", "128 calls", "256 KiB", "16 KiB"}
	for _, name := range sortedKeys(filterTable()) {
		words = append(words, "`"+name)
	}
	for name := range wants() {
		words = append(words, "`"+name)
	}
	for _, kind := range kinds() {
		words = append(words, "`"+kind+"`")
	}
	for key := range (notice{decision: decided(), reference: "x"}).tree() {
		words = append(words, "`$."+key)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("the guide does not name %s", word)
		}
	}
	if l := (Limits{}).complete(); l.Concurrency != 128 || l.Answer != 256<<10 || l.Raw != 16<<10 || l.Timeout.Milliseconds() != 5000 || l.LongestTimeout.Milliseconds() != 60000 ||
		l.Discover.Seconds() != 60 || l.Breaker.AtLeast != 10 || l.Breaker.Percent != 50 || l.Breaker.Window.Seconds() != 10 || l.Breaker.Cool.Seconds() != 5 {
		t.Errorf("the guide's numbers are not those of the code: %+v", l)
	}
}
