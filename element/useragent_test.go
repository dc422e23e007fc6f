package element

import (
	"os"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestUserAgent(t *testing.T) {
	n := testNormaliser(t)
	for _, c := range []struct {
		text  string
		parts map[string]string
		shown string
	}{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
			parts("browser=Chrome", "os=Windows", "device_type=desktop", "bot=false"), "Chrome 126 on Windows 10.0"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
			parts("browser=Safari", "os=iOS", "device_type=mobile", "bot=false"), "Safari 17 on iOS 17.5"},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", parts("device_type=bot", "bot=true"), "Googlebot 2"},
		{"curl/8.5.0", parts("browser=curl", "device_type=script", "bot=false"), "curl 8"},
		{"python-requests/2.32.0", parts("browser=python-requests", "device_type=script"), "python-requests 2"},
	} {
		v, err := n.Normalise(define(t, "user_agent"), Raw{Text: c.text})
		if err != nil || v.Text != c.text || v.Display != c.shown {
			t.Errorf("%s: %s, %v", c.text, everything(v), err)
		}
		for name, want := range c.parts {
			if v.Parts.Of(name) != want {
				t.Errorf("%s: %s is %q, want %q", c.text, name, v.Parts.Of(name), want)
			}
		}
	}
	long, err := n.Normalise(define(t, "user_agent"), Raw{Text: strings.Repeat("Mozilla/5.0 ", 1000)})
	if err != nil || len(long.Text) > maxUserAgent {
		t.Errorf("%d bytes, %v", len(long.Text), err)
	}
}

// The accuracy is that of the library on the browser families of uap-core's truth that it can know by name.
func TestUserAgentsOfUapCore(t *testing.T) {
	data, err := os.ReadFile("../../shared/data/uap-core/tests/test_ua.yaml")
	if err != nil {
		t.Skip("SKIPPED, the shared data is absent: ", err)
	}
	var truth struct {
		Cases []struct {
			Text   string `yaml:"user_agent_string"`
			Family string `yaml:"family"`
			Major  string `yaml:"major"`
		} `yaml:"test_cases"`
	}
	if err := yaml.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	n := testNormaliser(t)
	known, families, majors := 0, 0, 0
	for _, c := range truth.Cases {
		v, err := n.Normalise(define(t, "user_agent"), Raw{Text: c.Text})
		if err != nil {
			t.Errorf("%q: %v", c.Text, err)
			continue
		}
		again, err := n.Normalise(define(t, "user_agent"), Raw{Text: v.Text})
		if err != nil || again.Text != v.Text || again.Parts.Of(PartBrowser) != v.Parts.Of(PartBrowser) {
			t.Errorf("%q: twice gives %s, %v", c.Text, everything(again), err)
		}
		want, common := commonBrowser(c.Family)
		if !common {
			continue
		}
		known++
		if strings.EqualFold(v.Parts.Of(PartBrowser), want) {
			families++
			if major, _, _ := strings.Cut(v.Parts.Of(PartBrowserVersion), "."); major == c.Major {
				majors++
			}
		}
	}
	t.Logf("%d agents, %d of common browsers: family right %d, major version right %d", len(truth.Cases), known, families, majors)
	if len(truth.Cases) < 1000 || known < 60 || families*100 < known*uapFloor || majors*100 < families*90 {
		t.Errorf("the floor is %d%% families and 90%% of their versions", uapFloor)
	}
}

// uapFloor is the share of common browsers that must be named right, in percent.
const uapFloor = 85

// commonBrowser maps uap-core's family to the library's name for the browsers most visitors use.
func commonBrowser(family string) (string, bool) {
	switch family {
	case "Chrome", "Firefox", "Safari", "Edge", "Opera", "Vivaldi", "Opera Mini", "Googlebot":
		return family, true
	case "Mobile Safari":
		return "Safari", true
	case "Chrome Mobile", "Chrome Mobile iOS":
		return "Chrome", true
	case "Firefox Mobile", "Firefox iOS":
		return "Firefox", true
	case "Samsung Internet":
		return "Samsung Browser", true
	case "HeadlessChrome":
		return "Headless Chrome", true
	}
	return "", false
}

func TestDisposableDomains(t *testing.T) {
	n := NewNormaliser(Default(), testKeys(t), Options{Disposable: []string{"Throwaway.example"}})
	data, err := os.ReadFile("../../shared/data/disposable-email/disposable_email_blocklist.conf")
	if err != nil {
		t.Skip("SKIPPED, the shared data is absent: ", err)
	}
	count := 0
	for line := range strings.Lines(string(data)) {
		domain := strings.TrimSpace(line)
		v, err := n.Normalise(define(t, "email"), Raw{Text: "someone@" + domain})
		if err != nil || v.Parts.Of(PartDisposable) != "true" {
			t.Errorf("%s: %s, %v", domain, everything(v), err)
		}
		count++
	}
	if count < 8000 {
		t.Errorf("%d domains", count)
	}
	for domain, want := range map[string]string{"throwaway.example": "true", "gmail.com": "false", "company.example": "false"} {
		if v, err := n.Normalise(define(t, "email"), Raw{Text: "a@" + domain}); err != nil || v.Parts.Of(PartDisposable) != want {
			t.Errorf("%s: %s, %v", domain, everything(v), err)
		}
	}
}

func TestNormaliserIsShared(t *testing.T) {
	n := NewNormaliser(Default(), testKeys(t), Options{Region: "US", CacheSize: 8})
	agent, phone := define(t, "user_agent"), define(t, "phone")
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 200 {
				text := "curl/" + strings.Repeat("1", (i+worker)%20+1)
				v, err := n.Normalise(agent, Raw{Text: text})
				if err != nil || v.Text != text || v.Parts.Of(PartBrowser) != "curl" {
					t.Errorf("%s: %s, %v", text, everything(v), err)
				}
				v.Parts.Set(PartBrowser, "spoiled") // the parts are the caller's own
				if p, err := n.Normalise(phone, Raw{Text: "202 555 01" + string(rune('0'+i%10)) + "0"}); err != nil || len(p.Text) != 12 {
					t.Errorf("%s, %v", everything(p), err)
				}
			}
		})
	}
	group.Wait()
	if len(n.agents.young)+len(n.agents.old) > 8 {
		t.Errorf("the cache holds %d + %d entries", len(n.agents.young), len(n.agents.old))
	}
}

func TestSearchForm(t *testing.T) {
	n := testNormaliser(t)
	card, err := n.Normalise(define(t, "payment_from"), Raw{Text: "4111111111111111"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, want string }{
		{"payment_from", "4111 1111 1111 1111", card.Text},
		{"payment_from", card.Text, card.Text},
		{"payment_from", " " + card.Text, card.Text},
		{"email", " Bob@Example.ORG", "bob@example.org"},
		{"email", "bob", "bob"},
		{"phone", "(202) 555-0143", "+12025550143"},
		{"username", "BOB", "bob"},
		{"country", "germany", "DE"},
		{"transaction_amount", "12.34", "1234"},
		{"transaction_amount", "1234", "1234"},
		{"shipping_address", "123 N Main Street, Springfield, IL 62704, USA", "123 n main st, springfield, 62704, us"},
		{"shipping_address", "springfield", "springfield"},
		{"password", "hunter2", SecretMarker},
		{"no_such_element", " x ", "x"},
		{"no_such_element", "4111111111111111", "[card ••••1111]"},
		{"country", "4111111111111111", "[card ••••1111]"},
		{"email", "", ""},
	} {
		if got := n.SearchForm(c.name, c.text); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.name, c.text, got, c.want)
		}
	}
}
