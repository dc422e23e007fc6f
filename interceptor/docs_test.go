package interceptor

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"wayguard/payment"
)

// TestTheDocumentationCompiles takes the examples of docs/interceptors.md at their word.
func TestTheDocumentationCompiles(t *testing.T) {
	text, err := os.ReadFile("../docs/interceptors.md")
	if err != nil {
		t.Fatal(err)
	}
	interceptors, responses := 0, 0
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		i := with(nil)
		switch {
		case strings.Contains(block[1], `"field_mapping":`):
			interceptors++
			if err := json.Unmarshal([]byte(block[1]), &i); err != nil {
				t.Fatal(err)
			}
		case strings.Contains(block[1], `"mode":`):
			responses++
			if err := json.Unmarshal([]byte(block[1]), &i.Responses.Block); err != nil {
				t.Fatal(err)
			}
		default:
			continue
		}
		if _, problems := Compile(i, payment.SAQA); problems != nil {
			t.Errorf("%s%v", block[1], problems)
		}
	}
	entries := regexp.MustCompile("\\| `(\\{\"(?:source|const)\".*?\\})` \\|").FindAllStringSubmatch(string(text), -1)
	for _, entry := range entries {
		if _, problems := Compile(with(entriesOf(t, "["+entry[1]+"]")), payment.SAQA); problems != nil {
			t.Errorf("%s: %v", entry[1], problems)
		}
	}
	if interceptors != 1 || responses != 2 || len(entries) != 3 {
		t.Errorf("%d interceptors, %d responses and %d entries were found", interceptors, responses, len(entries))
	}
	for name := range filterKinds() {
		if !strings.Contains(string(text), "| `"+name) {
			t.Errorf("the filter %s is not explained", name)
		}
	}
	for _, name := range placeholders() {
		if !strings.Contains(string(text), "{{ "+name+" }}") {
			t.Errorf("the placeholder %s is not explained", name)
		}
	}
}
