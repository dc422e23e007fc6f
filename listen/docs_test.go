package listen

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"wayguard/document"
)

// TestTheGuideIsTrue loads every example of docs/tls.md and looks for every key and number that it must name.
func TestTheGuideIsTrue(t *testing.T) {
	guide, err := os.ReadFile("../docs/tls.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(guide)
	examples := 0
	for _, part := range strings.Split(text, "```yaml\n")[1:] {
		example, _, _ := strings.Cut(part, "```")
		var whole struct {
			Proxy holder `yaml:"proxy"`
		}
		doc, problems := document.Parse("tls.md", []byte(example))
		if doc != nil {
			problems = append(problems, doc.Decode(&whole)...)
			problems = append(problems, Validate(whole.Proxy.At, whole.Proxy.Listen)...)
		}
		if len(problems) != 0 {
			t.Errorf("an example has problems:\n%s\n%v", example, problems)
		}
		examples++
	}
	if examples < 7 {
		t.Errorf("%d examples", examples)
	}
	for _, config := range []any{Config{}, TLSConfig{}, PairConfig{}, ACMEConfig{}, ExternalAccountConfig{}, ProxyProtocolConfig{}} {
		for i := range reflect.TypeOf(config).NumField() {
			if key := reflect.TypeOf(config).Field(i).Tag.Get("yaml"); key != "-" && !strings.Contains(text, key) {
				t.Errorf("docs/tls.md does not name %s", key)
			}
		}
	}
	metrics, err := os.ReadFile("metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(metrics), "describe(\"")[1:] {
		if name, _, _ := strings.Cut(line, "\""); !strings.Contains(text, "wayguard_listen_"+name) {
			t.Errorf("docs/tls.md does not name wayguard_listen_%s", name)
		}
	}
}
