package rule

import (
	"os"
	"slices"
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
	for _, name := range names {
		if !strings.Contains(string(text), name) {
			t.Errorf("docs/rules.md does not name %s", name)
		}
	}
}
