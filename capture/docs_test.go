package capture_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"wayguard/event"
)

// TestTheReferenceIsTrue compiles every example of docs/specs.md and looks for every word that the reference must explain.
func TestTheReferenceIsTrue(t *testing.T) {
	data, err := os.ReadFile("../docs/specs.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) < 5 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		yaml := example[1]
		if strings.HasPrefix(yaml, "take:") {
			yaml = "specs:\n" + spec("a", "{ path: / }") + "    " + strings.ReplaceAll(strings.TrimSpace(yaml), "\n", "\n    ") + "\n"
		}
		if _, problems := compile(t, yaml); problems.Err() != nil {
			t.Errorf("%s\n%s", problems, yaml)
		}
	}
	words := []string{"trim", "lowercase", "uppercase", "digits", "base64", "url_decode", "basic_user", "before(", "after(", "last_after(",
		"regex(", "split(", "item(", "body_encoding", "too_many_operations"}
	for _, info := range event.Types() {
		words = append(words, "`"+string(info.Type)+"`")
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("the reference does not name %s", word)
		}
	}
}
