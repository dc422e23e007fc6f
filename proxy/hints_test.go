package proxy

import (
	"io"
	"net/http"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/site"
)

// TestHintsAreRemembered: on one connection the second page knows that the first one asked, for the same host and where the first
// was navigated to.
func TestHintsAreRemembered(t *testing.T) {
	seen := make(chan capture.Connection, 10)
	spec := passThrough(100)
	spec.exchange = func(r *capture.Request, _ *capture.Response) { seen <- r.Connection }
	files := writeCertificate(t, t.TempDir(), "one")
	at := application(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(rw, "<p>")
	})
	s := start(t, at, spec, newObserver(), func(c *Config) {
		c.Listen = append(c.Listen, ListenConfig{Address: "127.0.0.1:0", TLS: &files})
	})
	s.put(sites(t, site.Config{Name: "s", ClientHints: true}))
	transport := &http.Transport{TLSClientConfig: trusting(t, files)}
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	get := func(host, dest string) (asked bool) {
		t.Helper()
		request, _ := http.NewRequest(http.MethodGet, "https://"+s.Addresses()[1].String()+"/", nil)
		request.Host = host
		request.Header.Set("Sec-Fetch-Dest", dest)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.Header.Get("Accept-CH") == "" {
			t.Errorf("%s, %s: not asked for hints", host, dest)
		}
		return (<-seen).HintsAsked
	}
	for i, step := range []struct {
		host, dest string
		want       bool
	}{
		{"a.example", "empty", false}, {"a.example", "document", false}, {"a.example", "empty", true}, {"A.example", "document", true},
		{"b.example", "document", false}, {"b.example", "document", true},
	} {
		if got := get(step.host, step.dest); got != step.want {
			t.Errorf("request %d, to %s: asked before %t, want %t", i, step.host, got, step.want)
		}
	}
	client.CloseIdleConnections()
	if get("b.example", "document") {
		t.Error("another connection remembers it")
	}
}

func TestHintMemory(t *testing.T) {
	var none *hintMemory
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	if none.asked("a.example", false, clock) || new(hintMemory).asked("a.example", false, clock) {
		t.Error("asked by nobody")
	}
	var m hintMemory
	m.last.Store(&hintsAsked{host: "a.example", at: now})
	if !m.asked("A.example", false, clock) || m.asked("b.example", false, clock) || m.asked("a.example", true, clock) {
		t.Error("one request after the other, another host, or two at once")
	}
	if now = now.Add(hintDelay); !m.asked("a.example", true, clock) {
		t.Error("long enough after")
	}
}

// TestTrustedProxiesShowNothing: what a trusted proxy's connection shows is not taken for its visitors'.
func TestTrustedProxiesShowNothing(t *testing.T) {
	seen := make(chan capture.Connection, 1)
	spec := passThrough(100)
	spec.exchange = func(r *capture.Request, _ *capture.Response) { seen <- r.Connection }
	files := writeCertificate(t, t.TempDir(), "one")
	s := start(t, echo(t), spec, newObserver(), func(c *Config) {
		c.Listen = append(c.Listen, ListenConfig{Address: "127.0.0.1:0", TLS: &files})
		c.TrustedProxies = []string{"127.0.0.0/8"}
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, files), ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + s.Addresses()[1].String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if got := <-seen; got != (capture.Connection{Protocol: "HTTP/2", Relayed: true}) {
		t.Errorf("%+v", got)
	}
}
