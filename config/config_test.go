package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"wayguard/config"
)

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "wayguard.yaml")
}

func lookup(name string) (string, bool) { return "https://hooks.example/x", name == "HOOK" }

func TestLoadJoinsFilesInOrder(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, map[string]string{
		"wayguard.yaml": "include: [specs/*.yaml, rules.yaml]\nproxy: {origin: {url: \"http://127.0.0.1:8080\"}}\n" +
			"location: {files: [geo/city.mmdb]}\nsessions: {idle_timeout: 10m}\nspecs: [{name: main, event: M, type: logout}]\n",
		"specs/b.yaml": "specs: [{name: b, event: B, type: logout}]\n",
		"specs/a.yaml": "specs: [{name: a, event: A, type: logout}]\n",
		"rules.yaml":   "actions: [{name: tell, kind: webhook, when: {rating: malicious}, url: \"${HOOK}\"}]\nenvironment: staging\n",
	})
	c, problems := config.Load(path, lookup)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range c.Specs {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "main a b" {
		t.Errorf("specs in the order %q", got)
	}
	if c.Environment != "staging" || c.Sessions.IdleTimeout != 10*time.Minute || c.Actions[0].URL != "https://hooks.example/x" {
		t.Errorf("environment %q, idle %s, url %q", c.Environment, c.Sessions.IdleTimeout, c.Actions[0].URL)
	}
	if c.Location.Files[0] != filepath.Join(dir, "geo/city.mmdb") || c.Data != filepath.Join(dir, "wayguard-data") {
		t.Errorf("paths %q and %q are not beside the file", c.Location.Files[0], c.Data)
	}
	if c.Proxy.Listen[0].Address != ":8000" || c.Hub.Listen != "127.0.0.1:8900" {
		t.Error("defaults were lost")
	}
}

// Policies of several files are joined, and so are the lists of what holds for all of them; its single values are replaced.
func TestPoliciesOfSeveralFilesAreJoined(t *testing.T) {
	path := write(t, t.TempDir(), map[string]string{
		"wayguard.yaml": "include: [a.yaml, b.yaml]\npolicies: [{name: main, when: {rating: malicious}, steps: [{action: stop}]}]\n" +
			"mitigation: {cookie: seen, check_path: /one/, allow: [{name: office, addresses: [192.0.2.0/24]}]}\n",
		"a.yaml": "actions: [{name: stop, kind: block}]\npolicies: [{name: a, when: {label: X}, steps: [{action: stop, times: 2}]}]\n",
		"b.yaml": "mitigation: {check_path: /two/, allow: [{name: monitor, agents: [uptime]}], decoys: [{name: d, field: fax, pages: [/]}]}\n",
	})
	c, problems := config.Load(path, lookup)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(c.Policies) != 2 || c.Policies[0].Name != "main" || c.Policies[1].Name != "a" || c.Policies[1].Steps[0].Times != 2 || len(c.Actions) != 1 {
		t.Errorf("policies %+v, actions %+v", c.Policies, c.Actions)
	}
	m := c.Mitigation
	if len(m.Allow) != 2 || m.Allow[0].Name != "office" || m.Allow[1].Agents[0] != "uptime" || len(m.Decoys) != 1 || m.Cookie != "seen" || m.CheckPath != "/two/" {
		t.Errorf("mitigation %+v", m)
	}
	if at := m.Allow[1].At.String(); !strings.HasSuffix(at, "b.yaml:1") {
		t.Errorf("the second list stands at %s", at)
	}
}

func TestEveryProblemOfEveryFileIsTold(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, map[string]string{
		"wayguard.yaml": "include: [more.yaml, none/*.yaml]\nprxy: {}\nhub:\n  lissten: x\n",
		"more.yaml":     "include: [again.yaml]\nspecs: 7\nactions: [{name: x, url: \"${NOT_THERE}\"}]\n",
	})
	_, problems := config.Load(path, lookup)
	text := problems.Error()
	for _, want := range []string{
		`wayguard\.yaml:2:1: prxy: .*proxy`, `wayguard\.yaml:4:3: hub\.lissten: .*listen`, `wayguard\.yaml:1:\d+: include\[1\]: matches no file`,
		`more\.yaml: ?include: only the main file`, `more\.yaml:2:\d+: specs`, `NOT_THERE`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("not told: %s\n%s", want, text)
		}
	}
}

// A value that makes no sense is told once, in the file that holds it.
func TestValuesThatMakeNoSense(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, map[string]string{
		"wayguard.yaml": "include: [more.yaml, last.yaml]\nsessions: {idle_timeout: -5m}\nlimits:\n  state_entries: 0\n  warehouse_threads: 0\n",
		"more.yaml":     "environment: \"Prod\\x00uction\"\nretention: {warehouse: 5m}\n",
		"last.yaml":     "hub: {listen: \"\"}\ndata: \"\"\n",
	})
	_, problems := config.Load(path, lookup)
	text := problems.Error()
	for _, want := range []string{
		`wayguard\.yaml:2:\d+: sessions\.idle_timeout: .*24h`, `wayguard\.yaml:4:\d+: limits\.state_entries`, `wayguard\.yaml:5:\d+: limits\.warehouse_threads`,
		`more\.yaml:1:\d+: environment`, `more\.yaml:2:\d+: retention\.warehouse`, `last\.yaml:1:\d+: hub\.listen`, `last\.yaml:2:\d+: data`,
	} {
		if n := len(regexp.MustCompile(want).FindAllString(text, -1)); n != 1 {
			t.Errorf("told %d times: %s\n%s", n, want, text)
		}
	}
}

func TestAbsentFileIsTold(t *testing.T) {
	if _, problems := config.Load(filepath.Join(t.TempDir(), "none.yaml"), lookup); len(problems) != 1 {
		t.Errorf("problems: %v", problems)
	}
}

// Every key that a file may hold is in the manual.
func TestManualNamesEveryKey(t *testing.T) {
	manual := ""
	for _, name := range []string{"configuration.md", "specs.md", "rules.md", "evidence.md", "integrations.md", "modes.md", "networking.md", "origins.md", "tls.md"} {
		text, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		manual += string(text)
	}
	keys := map[string]bool{}
	collect(reflect.TypeFor[config.Config](), keys, map[reflect.Type]bool{})
	if len(keys) < 80 {
		t.Fatalf("only %d keys found", len(keys))
	}
	for key := range keys {
		if !regexp.MustCompile(`\b` + key + `\b`).MatchString(manual) {
			t.Errorf("the manual does not name %q", key)
		}
	}
}

func collect(typ reflect.Type, keys map[string]bool, seen map[reflect.Type]bool) {
	if seen[typ] {
		return
	}
	seen[typ] = true
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collect(typ.Elem(), keys, seen)
	case reflect.Struct:
		for i := range typ.NumField() {
			field := typ.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if !field.IsExported() || name == "-" || name == "" && options == "" {
				continue
			}
			if name != "" {
				keys[name] = true
			}
			collect(field.Type, keys, seen)
		}
	}
}
