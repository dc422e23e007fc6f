package integration_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"wayguard/document"
	"wayguard/integration"
)

// The manual's examples are configurations that are taken, and it names every placeholder and kind.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../docs/integrations.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) != 2 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, example := range examples {
		source := example[1]
		if !strings.HasPrefix(source, "integrations:") {
			source = "integrations:\n" + source
		}
		doc, problems := document.ParseWith("manual", []byte(source), func(string) (string, bool) { return "https://in.example.com/x", true })
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var c struct {
			Integrations integration.IntegrationsConfig `yaml:"integrations"`
			Actions      any                            `yaml:"actions"`
			Elements     any                            `yaml:"elements"`
		}
		problems = append(doc.Decode(&c), c.Integrations.Validate()...)
		if len(problems) > 0 || len(c.Integrations) == 0 {
			t.Errorf("%s\n%v", source, problems)
		}
	}
	for _, kind := range integration.Kinds() {
		if !strings.Contains(string(text), "`"+string(kind)+"`") {
			t.Errorf("kind %s is not named", kind)
		}
	}
}
