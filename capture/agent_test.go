package capture_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/event"
)

// TestSignedAgents: a signature says more than an address, and is looked at only where there is one.
func TestSignedAgents(t *testing.T) {
	asked := 0
	name, proof := "", event.Proof("")
	set, problems := compileKnowing(t, "specs:\n"+spec("a", "{path: /**}"), capture.Knowledge{
		Declared: func(userAgent string) string {
			return map[bool]string{true: "examplebot"}[strings.Contains(userAgent, "ExampleBot")]
		},
		Prove:  func(string, netip.Addr) event.Proof { return event.Refuted },
		Signed: func(*capture.Request) (string, event.Proof) { asked++; return name, proof },
	})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		userAgent string
		signed    bool
		agent     string
		proof     event.Proof
		want      string
		wantProof event.Proof
		flaw      bool
	}{
		{"nobody", chromeAgent, false, "signer", event.Verified, "", "", false},
		{"declared alone", "ExampleBot/1", false, "signer", event.Verified, "examplebot", event.Refuted, true},
		{"signed", chromeAgent, true, "signer", event.Verified, "signer", event.Verified, false},
		{"signed without a User-Agent", "", true, "signer", event.Verified, "signer", event.Verified, false},
		{"signed from elsewhere", "ExampleBot/1", true, "signer", event.Verified, "signer", event.Verified, false},
		{"forged", chromeAgent, true, "signer", event.Refuted, "signer", event.Refuted, true},
		{"signed by a stranger", chromeAgent, true, "signed-unknown", "", "signed-unknown", "", false},
		{"declared, and signed by a stranger", "ExampleBot/1", true, "signed-unknown", "", "examplebot", event.Refuted, true},
		{"no claim", chromeAgent, true, "", "", "", "", false},
	} {
		name, proof, asked = c.agent, c.proof, 0
		r := request("GET /x", "")
		if c.userAgent != "" {
			r.Header = append(r.Header, capture.Field{Name: "User-Agent", Value: c.userAgent})
		}
		if c.signed {
			r.Header = append(r.Header, capture.Field{Name: "signature-input", Value: "sig=()"})
		}
		e := set.Match(r).Exchange(r, nil).Evidence
		if e.Client.Agent != c.want || e.Client.Proof != c.wantProof || slices.Contains(e.Wire.Flaws, event.FlawAgent) != c.flaw || (asked == 1) != c.signed {
			t.Errorf("%s: %q %q, flaws %v, asked %d times", c.name, e.Client.Agent, e.Client.Proof, e.Wire.Flaws, asked)
		}
	}
}

// TestHints: what came and what should have come.
func TestHints(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{path: /**}"))
	chrome := chromeHeaders(chromeAgent)
	webview := "Mozilla/5.0 (Linux; Android 14; SM-S921B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36"
	for _, c := range []struct {
		name    string
		headers []string
		scheme  string
		asked   bool
		want    event.Hints
	}{
		{"not asked", chrome, "https", false, ""},
		{"not asked, and sent all the same", append(chrome, `sec-ch-ua-model: ""`), "https", false, event.HintsAnswered},
		{"answered by a desktop, which has no model", append(chrome, `sec-ch-ua-model: ""`), "https", true, event.HintsAnswered},
		{"answered in part", append(chrome, `Sec-CH-UA-Platform-Version: "15.0.0"`), "https", true, event.HintsAnswered},
		{"missing", chrome, "https", true, event.HintsMissing},
		{"in clear", chrome, "http", true, ""},
		{"a call from the same host", with(with(chrome, "sec-fetch-dest: empty"), "sec-fetch-site: same-origin"), "https", true, event.HintsMissing},
		{"a picture on another's page", with(with(chrome, "sec-fetch-dest: image"), "sec-fetch-site: cross-site"), "https", true, ""},
		{"a link from another's page", with(chrome, "sec-fetch-site: cross-site"), "https", true, event.HintsMissing},
		{"a part of an app", with(chrome, "user-agent: "+webview), "https", true, ""},
		{"Brave", with(chrome, `sec-ch-ua: "Chromium";v="142", "Brave";v="142"`), "https", true, ""},
		{"an old Chrome", with(chrome, "user-agent: "+strings.ReplaceAll(chromeAgent, "Chrome/142", "Chrome/80")), "https", true, ""},
		{"Firefox", []string{"user-agent: " + firefoxAgent, "sec-fetch-dest: document"}, "https", true, ""},
	} {
		r := request("GET /x", "", c.headers...)
		r.Scheme, r.Connection = c.scheme, capture.Connection{Protocol: "HTTP/2", HintsAsked: c.asked}
		for range 2 { // the second time it is remembered
			if got := set.Match(r).Exchange(r, nil).Evidence.Wire.Hints; got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
	plain, hinted := request("GET /x", "", chrome...), request("GET /x", "", append(chrome, `sec-ch-ua-model: "Pixel 8"`)...)
	if a, b := set.Match(plain).Exchange(plain, nil).Evidence.Wire, set.Match(hinted).Exchange(hinted, nil).Evidence.Wire; a.Headers != b.Headers {
		t.Error("a hint that was asked for changes what program it seems to be")
	}
}

// TestRelayed: how a proxy spells names is no fault of the visitor's.
func TestRelayed(t *testing.T) {
	set := mustCompile(t, "specs:\n"+spec("a", "{path: /**}"))
	r := request("GET /x", "", chromeHeaders(chromeAgent)...)
	for relayed, want := range map[bool]string{true: "[]", false: "[headers]"} {
		r.Connection = capture.Connection{Protocol: "HTTP/1.1", Relayed: relayed}
		if got := fmt.Sprint(set.Match(r).Exchange(r, nil).Evidence.Wire.Flaws); got != want {
			t.Errorf("relayed %t: %s, want %s", relayed, got, want)
		}
	}
}
