package app

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/event"
)

// bot signs requests as an agent would.
type bot struct {
	private ed25519.PrivateKey
	agent   string // Signature-Agent, empty for none
}

func newBot(seed string) bot {
	sum := sha256.Sum256([]byte(seed))
	return bot{private: ed25519.NewKeyFromSeed(sum[:])}
}

func (b bot) x() string {
	return base64.RawURLEncoding.EncodeToString(b.private.Public().(ed25519.PublicKey))
}

func (b bot) jwk() string { return `{"kty":"OKP","crv":"Ed25519","x":"` + b.x() + `"}` }

func (b bot) key() config.AgentKeyConfig {
	return config.AgentKeyConfig{KeyType: "OKP", Curve: "Ed25519", X: b.x()}
}

func signingTime() time.Time { return time.Unix(1_790_000_000, 0).UTC() }

// request is one that the bot has signed, for a host, with a nonce.
func (b bot) request(host, nonce string) *capture.Request {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + b.x() + `"}`))
	list, base := `("@authority")`, "\"@authority\": "+host+"\n"
	if b.agent != "" {
		list = `("@authority" "signature-agent";key="sig")`
		base += "\"signature-agent\";key=\"sig\": \"" + b.agent + "\"\n"
	}
	list += fmt.Sprintf(`;created=%d;expires=%d;keyid="%s";nonce="%s";tag="web-bot-auth"`, signingTime().Unix(), signingTime().Unix()+60,
		base64.RawURLEncoding.EncodeToString(sum[:]), nonce)
	signature := ed25519.Sign(b.private, []byte(base+`"@signature-params": `+list))
	r := &capture.Request{ID: event.ID("request " + nonce), Time: signingTime(), Method: "GET", Scheme: "https", Host: host, Path: "/",
		Peer: netip.MustParseAddr("192.0.2.1"), Header: []capture.Field{{Name: "Signature-Input", Value: "sig=" + list},
			{Name: "Signature", Value: "sig=:" + base64.StdEncoding.EncodeToString(signature) + ":"}}}
	if b.agent != "" {
		r.Header = append(r.Header, capture.Field{Name: "Signature-Agent", Value: `sig="` + b.agent + `"`})
	}
	return r
}

func TestSigned(t *testing.T) {
	good, doubtful, stranger := newBot("good"), newBot("doubtful"), newBot("stranger")
	s, problems := newSigners([]config.AgentConfig{
		{Name: "good-bot", Keys: []config.AgentKeyConfig{good.key()}, Trusted: true},
		{Name: "doubtful-bot", Keys: []config.AgentKeyConfig{doubtful.key()}},
	}, nil, signingTime)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	forged := good.request("shop.example", "forged")
	forged.Host = "bank.example"
	late := good.request("shop.example", "late")
	late.Time = late.Time.Add(2 * time.Minute)
	again := good.request("shop.example", "1")
	again.ID = "another request"
	unreadable := good.request("shop.example", "x")
	unreadable.Header[1].Value = "sig=("
	for _, c := range []struct {
		name    string
		request *capture.Request
		agent   string
		proof   event.Proof
	}{
		{"trusted", good.request("shop.example", "1"), "good-bot", event.Verified},
		{"the same request asked about again", good.request("shop.example", "1"), "good-bot", event.Verified},
		{"replayed", again, "good-bot", event.Refuted},
		{"not trusted", doubtful.request("shop.example", "1"), "doubtful-bot", ""},
		{"for another host", forged, "good-bot", event.Refuted},
		{"late", late, "good-bot", event.Refuted},
		{"a stranger", stranger.request("shop.example", "1"), unknownSigner, ""},
		{"unreadable", unreadable, "", ""},
	} {
		if agent, proof := s.signed(c.request); agent != c.agent || proof != c.proof {
			t.Errorf("%s: %q %q, want %q %q", c.name, agent, proof, c.agent, c.proof)
		}
	}
	claimed := 0
	for i := range 3 * checksASecond {
		if agent, _ := s.signed(good.request("shop.example", fmt.Sprint("n", i))); agent != "" {
			claimed++
		}
	}
	if claimed == 0 || claimed > checksASecond {
		t.Errorf("%d of one source were checked in a second", claimed)
	}
	other := good.request("shop.example", "from elsewhere")
	other.Peer = netip.MustParseAddr("192.0.2.2")
	if _, proof := s.signed(other); proof != event.Verified {
		t.Errorf("another source: %q", proof)
	}
}

func TestDirectories(t *testing.T) {
	first, second := newBot("first"), newBot("second")
	var body, cache atomic.Value
	body.Store(`{"keys":[` + first.jwk() + `]}`)
	cache.Store("max-age=7200")
	var status atomic.Int64
	status.Store(http.StatusOK)
	var asked atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/.well-known/http-message-signatures-directory" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.Header().Set("Cache-Control", cache.Load().(string))
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write([]byte(body.Load().(string)))
	}))
	defer server.Close()
	first.agent, second.agent = server.URL, server.URL
	clock := signingTime()
	s, problems := newSigners([]config.AgentConfig{{Name: "bot", Directory: server.URL + "/", Trusted: true}}, nil, func() time.Time { return clock })
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	expect := func(step string, b bot, want event.Proof) {
		t.Helper()
		if agent, proof := s.signed(b.request("shop.example", step)); agent != "bot" || proof != want {
			t.Errorf("%s: %q %q, want %q", step, agent, proof, want)
		}
	}
	one, ctx := s.agents[0], context.Background()
	expect("before the directory was read", first, "")
	if wait := s.refresh(ctx, one); wait != directoryRetry {
		t.Errorf("a certificate of nobody: again in %s", wait)
	}
	s.client = server.Client()
	if wait := s.refresh(ctx, one); wait != 2*time.Hour {
		t.Errorf("again in %s", wait)
	}
	expect("listed", first, event.Verified)
	expect("not listed, and read just now", second, event.Refuted)
	clock = clock.Add(time.Hour)
	for len(s.wake) > 0 {
		<-s.wake
	}
	body.Store(`{"keys":[` + second.jwk() + `]}`)
	expect("a key that may be new", second, "")
	if len(s.wake) != 1 || one.next.After(clock) {
		t.Error("nobody reads the directory again")
	}
	s.refresh(ctx, one)
	expect("new", second, event.Verified)
	expect("no longer listed", first, event.Refuted)
	status.Store(http.StatusServiceUnavailable)
	if wait := s.refresh(ctx, one); wait != directoryRetry {
		t.Errorf("out of reach: again in %s", wait)
	}
	clock = clock.Add(3 * time.Hour)
	expect("out of reach for a while", second, event.Verified)
	clock = clock.Add(48 * time.Hour)
	expect("out of reach for long", second, "")
	status.Store(http.StatusOK)
	for _, text := range []string{"", "no", "[]", `{"keys":[]}`, strings.Repeat(" ", 65<<10) + body.Load().(string)} {
		body.Store(text)
		if wait := s.refresh(ctx, one); wait != directoryRetry {
			t.Errorf("%.20q: again in %s", text, wait)
		}
	}
	if asked.Load() != 8 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// What a reload makes knows what was known before it, and run reads what is due.
func TestSignersInherit(t *testing.T) {
	b := newBot("bot")
	read := make(chan struct{}, 8)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[` + b.jwk() + `]}`))
		read <- struct{}{}
	}))
	defer server.Close()
	b.agent = server.URL
	configs := []config.AgentConfig{{Name: "bot", Directory: server.URL, Trusted: true}}
	before, _ := newSigners(configs, nil, signingTime)
	before.client = server.Client()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { before.run(ctx); close(ended) }()
	<-read
	deadline := time.Now().Add(5 * time.Second)
	for proof := event.Proof(""); proof != event.Verified; _, proof = before.signed(b.request("shop.example", "1")) {
		if time.Now().After(deadline) {
			t.Fatal("never verified")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
	after, _ := newSigners(configs, nil, signingTime)
	after.inherit(before)
	if _, proof := after.signed(b.request("shop.example", "2")); proof != event.Verified {
		t.Errorf("a new request: %q", proof)
	}
	again := b.request("shop.example", "1")
	again.ID = "another"
	if _, proof := after.signed(again); proof != event.Refuted {
		t.Errorf("a replay of before: %q", proof)
	}
}

func TestPrivateDirectoriesAreRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer server.Close()
	s, _ := newSigners([]config.AgentConfig{{Name: "bot", Directory: server.URL}}, nil, signingTime)
	var told string
	s.complain = func(name string, err error) { told = name + ": " + err.Error() }
	s.refresh(context.Background(), s.agents[0])
	if !strings.Contains(told, "bot: ") || !strings.Contains(told, "is private") {
		t.Errorf("told %q", told)
	}
}

func TestLifeOfADirectory(t *testing.T) {
	for header, want := range map[string]time.Duration{"": directoryLife, "max-age=7200": 2 * time.Hour, "public, max-age=60": time.Hour, "max-age=999999999": 24 * time.Hour,
		"no-store": time.Hour, "max-age=x": directoryLife, `MAX-AGE="10800"`: 3 * time.Hour, "max-age=-1": directoryLife, "max-age=99999999999999999999": directoryLife} {
		if got := lifeOf([]string{header}); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestAgentsThatMakeNoSense(t *testing.T) {
	b, other := newBot("bot"), newBot("other")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := func(list ...config.AgentKeyConfig) []config.AgentKeyConfig { return list }
	file := func(path string) config.AgentKeyConfig { return config.AgentKeyConfig{File: path} }
	private := write("private.jwk", `{"kty":"OKP","crv":"Ed25519","x":"`+b.x()+`","d":"`+b.x()+`"}`)
	for name, c := range map[string]struct {
		agent config.AgentConfig
		want  string
	}{
		"no name":       {config.AgentConfig{Keys: keys(b.key())}, "name"},
		"a bad name":    {config.AgentConfig{Name: "My Bot", Keys: keys(b.key())}, "name"},
		"our own name":  {config.AgentConfig{Name: unknownSigner, Keys: keys(b.key())}, "name"},
		"nothing":       {config.AgentConfig{Name: "bot"}, "neither"},
		"in clear":      {config.AgentConfig{Name: "bot", Directory: "http://bot.example"}, "https"},
		"no address":    {config.AgentConfig{Name: "bot", Directory: "bot.example"}, "https"},
		"a long window": {config.AgentConfig{Name: "bot", Keys: keys(b.key()), Window: 25 * time.Hour}, "window"},
		"RSA":           {config.AgentConfig{Name: "bot", Keys: keys(config.AgentKeyConfig{KeyType: "RSA"})}, "keys[0]"},
		"a short key":   {config.AgentConfig{Name: "bot", Keys: keys(config.AgentKeyConfig{KeyType: "OKP", Curve: "Ed25519", X: "AA"})}, "32 bytes"},
		"no file":       {config.AgentConfig{Name: "bot", Keys: keys(file(filepath.Join(dir, "none")))}, "keys[0].file"},
		"no key inside": {config.AgentConfig{Name: "bot", Keys: keys(file(write("empty", "")))}, "keys[0].file"},
		"a private key": {config.AgentConfig{Name: "bot", Keys: keys(file(private))}, "private"},
		"both":          {config.AgentConfig{Name: "bot", Keys: keys(config.AgentKeyConfig{File: private, KeyType: "OKP", X: "x"})}, "one of them"},
		"the same key":  {config.AgentConfig{Name: "bot", Keys: keys(other.key())}, "another agent"},
	} {
		_, problems := newSigners([]config.AgentConfig{{Name: "other", Keys: keys(other.key())}, c.agent}, nil, signingTime)
		if text := problems.Error(); len(problems) == 0 || !strings.Contains(text, c.want) || !strings.Contains(text, "agents[1]") || strings.Contains(text, b.x()) {
			t.Errorf("%s: %s", name, text)
		}
	}
	s, problems := newSigners([]config.AgentConfig{{Name: "bot", Keys: keys(file(write("one.jwk", b.jwk())), file(write("set.json", `{"keys":[`+other.jwk()+`]}`)))}}, nil, signingTime)
	if err := problems.Err(); err != nil || len(s.agents[0].fixed) != 2 {
		t.Errorf("%v", err)
	}
}
