package ruleset

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"wayguard/payment"
)

// The reference names everything the language has, and every example in it is taken.
func TestReferenceIsComplete(t *testing.T) {
	data, err := os.ReadFile("../docs/decisions-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	words := append(append(append(opWords(), strategies()...), merges()...), variables()...)
	for _, path := range vocabulary()["journey"] {
		if path != "session" && path != "device" && path != "person" && path != "actor" {
			words = append(words, path)
		}
	}
	for _, word := range words {
		if !strings.Contains(text, "`"+word+"`") {
			t.Errorf("the reference does not name %s", word)
		}
	}
	for _, attribute := range attributes() {
		if !strings.Contains(text, "."+attribute+"`") {
			t.Errorf("the reference does not name .%s", attribute)
		}
	}
	for function := range ownFunctions() {
		if !strings.Contains(text, function+"(\"") {
			t.Errorf("the reference does not name %s()", function)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| `[a-z_]+` \\|.*\\| `([^`]*)` \\|$").FindAllStringSubmatch(section(text, "## Operators"), -1)
	if len(rows) != len(opWords())+1 {
		t.Errorf("%d examples of operators", len(rows))
	}
	for _, row := range rows {
		raw, err := ParseText(row[1])
		if err != nil {
			t.Errorf("%s: %v", row[1], err)
			continue
		}
		if _, problems := Compile(Ruleset{Rules: []Rule{{ID: "r", Type: ConditionRule, Action: payment.Block, Condition: raw}}}, Options{}); len(problems) > 0 {
			t.Errorf("%s: %+v", row[1], problems)
		}
	}
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(text, -1) {
		if !strings.Contains(block[1], `"id"`) {
			if _, err := Text([]byte(block[1])); err != nil {
				t.Errorf("%s: %v", block[1], err)
			}
			continue
		}
		rules, problems := DecodeRules([]byte("[" + block[1] + "]"))
		if len(problems) == 0 {
			_, problems = Compile(Ruleset{Rules: rules}, Options{})
		}
		if len(problems) > 0 {
			t.Errorf("%s: %+v", block[1], problems)
		}
	}
}

// section is the part of the reference below a heading.
func section(text, heading string) string {
	_, after, _ := strings.Cut(text, heading+"\n")
	before, _, _ := strings.Cut(after, "\n## ")
	return before
}
