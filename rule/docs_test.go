package rule

import (
	"os"
	"strings"
	"testing"
)

// The reference names everything the language has.
func TestReferenceIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range functions() {
		names = append(names, f.name+`("`)
	}
	for _, field := range append(keys(eventFields()), keys(sessionFields())...) {
		names = append(names, "."+field+"`")
	}
	for _, name := range append(append(Counters(), Distincts()...), append(Families(), ToolEntity)...) {
		names = append(names, "`"+name+"`")
	}
	for _, window := range Windows() {
		names = append(names, "`"+window.Name+"`")
	}
	for _, name := range names {
		if !strings.Contains(string(text), name) {
			t.Errorf("docs/rules.md does not name %s", name)
		}
	}
}
