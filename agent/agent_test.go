package agent

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"wayguard/http1"
)

func pair(t testing.TB, seed byte) (Key, ed25519.PrivateKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
	key, err := NewKey(private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return key, private
}

func at() time.Time { return time.Unix(1_790_000_000, 0) }

// signed makes a request with a signature over the components of an input, whose parameters the caller writes.
func signed(t testing.TB, private ed25519.PrivateKey, agent, label, input string) *Request {
	t.Helper()
	r := &Request{Method: "GET", Scheme: "https", Authority: "shop.example", Path: "/cart", Query: "a=1"}
	if agent != "" {
		r.Header = append(r.Header, http1.Field{Name: "Signature-Agent", Value: agent})
	}
	r.Header = append(r.Header, http1.Field{Name: "Accept", Value: "*/*"})
	parsed, err := httpsfv.UnmarshalDictionary([]string{label + "=" + input})
	if err != nil {
		t.Fatalf("%s: %v", input, err)
	}
	list, _ := parsed.Get(label)
	base, err := r.base(list.(httpsfv.InnerList))
	if err != nil {
		base = []byte("nothing to sign")
	}
	r.Header = append(r.Header, http1.Field{Name: "Signature-Input", Value: label + "=" + input},
		http1.Field{Name: "Signature", Value: label + "=:" + base64.StdEncoding.EncodeToString(ed25519.Sign(private, base)) + ":"})
	return r
}

func TestCheck(t *testing.T) {
	key, private := pair(t, 'a')
	other, forger := pair(t, 'b')
	params := func(created, expires int, more string) string {
		return fmt.Sprintf(`;created=%d;expires=%d;keyid="%s"%s;tag="web-bot-auth"`, at().Unix()+int64(created), at().Unix()+int64(expires), key.ID, more)
	}
	ok := params(0, 60, "")
	for _, c := range []struct {
		name, agent, input string
		change             func(r *Request, k *Key)
		want               error
	}{
		{"authority", "", `("@authority")` + ok, nil, nil},
		{"everything", "", `("@method" "@authority" "@scheme" "@path" "@query" "@request-target" "@target-uri" "accept")` + ok, nil, nil},
		{"the address in full", "", `("@target-uri")` + ok, nil, nil},
		{"with alg", "", `("@authority")` + params(0, 60, `;alg="ed25519"`), nil, nil},
		{"the longest window", "", `("@authority")` + params(-400, 80, ""), nil, nil},
		{"clocks apart", "", `("@authority")` + params(30, 60, ""), nil, nil},
		{"just over", "", `("@authority")` + params(-60, -29, ""), nil, nil},
		{"agent by label", `sig="https://bot.example"`, `("@authority" "signature-agent";key="sig")` + ok, nil, nil},
		{"agent as a whole", `sig="https://bot.example"`, `("@authority" "signature-agent")` + ok, nil, nil},
		{"agent as one text", `"https://bot.example"`, `("@authority" "signature-agent")` + ok, nil, nil},
		{"agent unreadable", `bot.example`, `("@authority" "signature-agent")` + ok, nil, nil},

		{"no authority", "", `("@method" "@path")` + ok, nil, ErrCoverage},
		{"nothing", "", `()` + ok, nil, ErrCoverage},
		{"agent left out", `sig="https://bot.example"`, `("@authority")` + ok, nil, ErrCoverage},
		{"agent as one text left out", `"https://bot.example"`, `("@authority")` + ok, nil, ErrCoverage},
		{"no such member", `sig="https://bot.example"`, `("@authority" "signature-agent";key="x")` + ok, nil, ErrCoverage},
		{"no such header", "", `("@authority" "date")` + ok, nil, ErrCoverage},
		{"no such component", "", `("@authority" "@status")` + ok, nil, ErrCoverage},
		{"upper case", "", `("@authority" "Accept")` + ok, nil, ErrCoverage},
		{"a parameter not known here", "", `("@authority" "accept";sf)` + ok, nil, ErrCoverage},
		{"a parameter of a component of the line", "", `("@authority";req "@target-uri")` + ok, nil, ErrCoverage},
		{"twice", "", `("@authority" "@authority")` + ok, nil, ErrMalformed},
		{"too long", "", `("@authority")` + params(0, 481, ""), nil, ErrWindow},
		{"too early", "", `("@authority")` + params(31, 60, ""), nil, ErrNotYet},
		{"too late", "", `("@authority")` + params(-60, -30, ""), nil, ErrExpired},
		{"another algorithm", "", `("@authority")` + params(0, 60, `;alg="rsa-pss-sha512"`), nil, ErrAlgorithm},
		{"alg of another kind", "", `("@authority")` + params(0, 60, `;alg`), nil, ErrAlgorithm},
		{"another host", "", `("@authority")` + ok, func(r *Request, _ *Key) { r.Authority = "bank.example" }, ErrForged},
		{"another path", "", `("@authority" "@path")` + ok, func(r *Request, _ *Key) { r.Path = "/" }, ErrForged},
		{"another agent", `sig="https://bot.example"`, `("@authority" "signature-agent";key="sig")` + ok,
			func(r *Request, _ *Key) { r.Header[0].Value = `sig="https://other.example"` }, ErrForged},
		{"a line more", "", `("@authority" "accept")` + ok,
			func(r *Request, _ *Key) { r.Header = append(r.Header, http1.Field{Name: "accept", Value: "x"}) }, ErrForged},
		{"another key", "", `("@authority")` + ok, func(_ *Request, k *Key) { *k = other }, ErrKey},
		{"another key under the name", "", `("@authority")` + ok, func(_ *Request, k *Key) { k.public = other.public }, ErrForged},
		{"a key not yet in use", "", `("@authority")` + ok, func(_ *Request, k *Key) { k.From = at().Add(time.Minute) }, ErrKey},
		{"a key no longer in use", "", `("@authority")` + ok, func(_ *Request, k *Key) { k.Until = at() }, ErrKey},
		{"half a signature", "", `("@authority")` + ok, func(r *Request, _ *Key) { r.Header[2].Value = "sig=:AAAA:" }, ErrForged},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, k := signed(t, private, c.agent, "sig", c.input), key
			if c.change != nil {
				c.change(r, &k)
			}
			claims, err := Read(r)
			if err != nil || len(claims) != 1 {
				t.Fatalf("%d claims, %v", len(claims), err)
			}
			if err := claims[0].Check(r, &k, Policy{}, at()); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	r := signed(t, forger, "", "sig", `("@authority")`+ok)
	claims, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := claims[0].Check(r, &key, Policy{}, at()); !errors.Is(err, ErrForged) || !Refutes(err) {
		t.Errorf("a forger's: %v", err)
	}
}

func TestRead(t *testing.T) {
	const ok = `;created=1;expires=2;keyid="k";tag="web-bot-auth"`
	for _, c := range []struct {
		name, input, signature string
		want                   error
		labels                 string
	}{
		{"one", `a=("@authority")` + ok, "a=:AA==:", nil, "a"},
		{"two and another's", `a=("@authority")` + ok + `, b=("x");tag="sidechain", c=("@authority")` + ok, "c=:AA==:, b=:AA==:, a=:AA==:", nil, "a c"},
		{"more than are looked at", `a=()` + ok + `,b=()` + ok + `,c=()` + ok + `,d=()` + ok + `,e=()` + ok, "a=:AA==:,b=:AA==:,c=:AA==:,d=:AA==:,e=:AA==:", nil, "a b c d"},
		{"another's alone", `b=("x");tag="sidechain"`, "", ErrAbsent, ""},
		{"no tag", `b=("x");created=1`, "b=:AA==:", ErrAbsent, ""},
		{"no dictionary", `(((`, "a=:AA==:", ErrMalformed, ""},
		{"no list", `a=1`, "a=:AA==:", ErrMalformed, ""},
		{"no signature", `a=("@authority")` + ok, "b=:AA==:", ErrMalformed, ""},
		{"no bytes", `a=("@authority")` + ok, "a=1", ErrMalformed, ""},
		{"broken signature", `a=("@authority")` + ok, "a=:!:", ErrMalformed, ""},
		{"no created", `a=("@authority");expires=2;keyid="k";tag="web-bot-auth"`, "a=:AA==:", ErrMalformed, ""},
		{"no expires", `a=("@authority");created=2;keyid="k";tag="web-bot-auth"`, "a=:AA==:", ErrMalformed, ""},
		{"no key", `a=("@authority");created=1;expires=2;tag="web-bot-auth"`, "a=:AA==:", ErrMalformed, ""},
		{"backwards", `a=("@authority");created=2;expires=1;keyid="k";tag="web-bot-auth"`, "a=:AA==:", ErrMalformed, ""},
		{"far away", `a=("@authority");created=1;expires=999999999999999;keyid="k";tag="web-bot-auth"`, "a=:AA==:", ErrMalformed, ""},
		{"a fraction", `a=("@authority");created=1.5;expires=2;keyid="k";tag="web-bot-auth"`, "a=:AA==:", ErrMalformed, ""},
		{"a nonce that is no text", `a=("@authority");nonce=1` + ok, "a=:AA==:", ErrMalformed, ""},
		{"a long nonce", `a=("@authority");nonce="` + strings.Repeat("n", 257) + `"` + ok, "a=:AA==:", ErrMalformed, ""},
		{"a long header", `a=("` + strings.Repeat("x", 9000) + `")` + ok, "a=:AA==:", ErrMalformed, ""},
		{"many components", `a=(` + strings.Repeat(`"x" `, 32) + `"x")` + ok, "a=:AA==:", ErrMalformed, ""},
	} {
		claims, err := Read(&Request{Header: header("Signature-Input: "+c.input, "signature: "+c.signature)})
		var labels []string
		for _, claim := range claims {
			labels = append(labels, claim.Label)
		}
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || strings.Join(labels, " ") != c.labels {
			t.Errorf("%s: %v %v", c.name, labels, err)
		}
	}
	if _, err := Read(&Request{}); !errors.Is(err, ErrAbsent) {
		t.Errorf("no header: %v", err)
	}
}

func TestDirectoryOfAClaim(t *testing.T) {
	for agent, want := range map[string]string{
		`"https://Bot.Example:443/"`: "https://bot.example", `"https://bot.example/.well-known/http-message-signatures-directory"`: "https://bot.example",
		`a="https://other.example", sig="https://bot.example:8443"`: "https://bot.example:8443", `x="https://bot.example/keys.json";type=jwks_uri`: "https://bot.example/keys.json",
		`a="https://x.example", b="https://y.example"`: "", `"http://bot.example"`: "", `"https://u@bot.example"`: "", `"data:,x"`: "", `bot.example`: "", `"https:bot"`: "", `"https://"`: "",
	} {
		claims, err := Read(&Request{Header: header(`Signature-Input: sig=("@authority" "signature-agent");created=1;expires=2;keyid="k";tag="web-bot-auth"`,
			"Signature: sig=:AA==:", "Signature-Agent: "+agent)})
		if err != nil || claims[0].Directory != want {
			t.Errorf("%s: %v, want %q: %v", agent, claims, want, err)
		}
	}
	for canonical, want := range map[string]string{"https://bot.example": "https://bot.example" + WellKnown, "https://bot.example/k.json": "https://bot.example/k.json",
		"https://bot.example?x=1": "https://bot.example" + WellKnown + "?x=1"} {
		if got := Address(canonical); got != want {
			t.Errorf("%s is fetched at %s", canonical, got)
		}
	}
}

func TestKeys(t *testing.T) {
	x := "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	good := `{"kty":"OKP","crv":"Ed25519","x":"` + x + `","use":"sig","nbf":1700000000000,"exp":1900000000}`
	key, err := ParseKey([]byte(good))
	if err != nil || !key.From.Equal(time.Unix(1700000000, 0)) || !key.Until.Equal(time.Unix(1900000000, 0)) {
		t.Errorf("%+v, %v", key, err)
	}
	for name, text := range map[string]string{
		"no JSON": "x", "another kind": `{"kty":"RSA","n":"AA"}`, "another curve": `{"kty":"OKP","crv":"X25519","x":"` + x + `"}`,
		"private": `{"kty":"OKP","crv":"Ed25519","x":"` + x + `","d":"` + x + `"}`, "short": `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`,
		"padded": `{"kty":"OKP","crv":"Ed25519","x":"` + x + `="}`, "for something else": `{"kty":"OKP","crv":"Ed25519","x":"` + x + `","use":"enc"}`,
	} {
		if _, err := ParseKey([]byte(text)); err == nil || strings.Contains(err.Error(), x) {
			t.Errorf("%s: %v", name, err)
		}
	}
	keys, err := ParseDirectory([]byte(`{"keys":[{"kty":"RSA"},7,` + good + `],"purpose":"rag"}`))
	if err != nil || len(keys) != 1 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	if keys, err = ParseDirectory([]byte(`{"keys":[` + strings.Repeat(good+",", 100) + good + `]}`)); err != nil || len(keys) != MostKeys {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for _, text := range []string{"", "[]", `{"keys":[]}`, `{"keys":{}}`, `{"keys":[` + strings.Repeat(" ", MostDirectory) + good + `]}`} {
		if _, err := ParseDirectory([]byte(text)); err == nil {
			t.Errorf("a directory: %.40q", text)
		}
	}
}

func TestReplays(t *testing.T) {
	p, now := NewReplays(2, 3), at()
	claim := func(key, nonce string) *Claim { return &Claim{KeyID: key, Nonce: nonce} }
	add := func(key, nonce, request string, life time.Duration) bool {
		return p.Add(claim(key, nonce), request, now.Add(life), now)
	}
	if !add("a", "1", "r1", time.Minute) || add("a", "1", "r2", time.Minute) || !add("a", "1", "r1", time.Minute) {
		t.Error("a nonce is good for one request, as often as that asks")
	}
	if !add("b", "1", "r2", time.Second) || !add("a", "", "r1", time.Minute) || !add("a", "", "r2", time.Minute) {
		t.Error("another key's nonce, and no nonce")
	}
	now = now.Add(time.Minute)
	if !add("a", "1", "r3", time.Minute) {
		t.Error("its time is over")
	}
	for i := range 50 {
		if !add("a", fmt.Sprint("n", i), "r", time.Hour) {
			t.Fatal("a new one")
		}
	}
	if p.Len() > 4 || add("a", "n49", "x", time.Hour) || !add("a", "n40", "x", time.Hour) {
		t.Errorf("%d are remembered", p.Len())
	}
	// The third key takes the place of the one whose claims are over first.
	if !add("c", "1", "r", time.Hour) || len(p.seen) != 2 || p.seen["b"] != nil {
		t.Errorf("%d keys", len(p.seen))
	}
}

func TestLimiter(t *testing.T) {
	l, now := NewLimiter(3, 2), at()
	first, second, third := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.3")
	for i := range 5 {
		if got := l.Allow(first, now); got != (i < 3) {
			t.Errorf("the %dth: %t", i, got)
		}
	}
	for range 3 {
		l.Allow(second, now)
	}
	if l.Allow(netip.MustParseAddr("2001:db8::2"), now) || l.Allow(third, now) {
		t.Error("the same network, or a source too many")
	}
	if now = now.Add(time.Second); !l.Allow(third, now) || !l.Allow(first, now) {
		t.Error("the next second")
	}
}

// Whatever a request brings, nothing panics, and nothing but what was signed is good.
func FuzzCheck(f *testing.F) {
	key, private := pair(f, 'a')
	input := fmt.Sprintf(`("@authority" "signature-agent";key="sig");created=%d;expires=%d;keyid="%s";nonce="n";tag="web-bot-auth"`, at().Unix(), at().Unix()+60, key.ID)
	good := signed(f, private, `sig="https://bot.example"`, "sig", input)
	f.Add(good.Header[2].Value, good.Header[3].Value, good.Header[0].Value, "shop.example")
	f.Add(`a=("@authority";key="x" "a";sf);tag="web-bot-auth";created=1;expires=2;keyid=""`, "a=:AA==:;x", `"https://a"`, "")
	f.Add(strings.Repeat("a,", 500), strings.Repeat("=", 500), "a=(1 2);b", "\x00")
	f.Fuzz(func(t *testing.T, input, signature, agent, host string) {
		r := &Request{Method: "GET", Scheme: "https", Authority: host, Path: "/cart", Header: []http1.Field{
			{Name: "signature-input", Value: input}, {Name: "Signature", Value: signature}, {Name: "Signature-Agent", Value: agent}}}
		claims, err := Read(r)
		if err != nil {
			return
		}
		for i := range claims {
			c := &claims[i]
			named := key
			named.ID = c.KeyID // so that every claim gets as far as its signature
			if c.Check(r, &named, Policy{}, at()) != nil {
				continue
			}
			if !strings.EqualFold(strings.TrimSuffix(host, ":443"), "shop.example") || c.KeyID != key.ID || c.Directory != "https://bot.example" {
				t.Errorf("accepted for %q: %q %q %q", host, input, signature, agent)
			}
		}
	})
}

// A directory is a stranger's text.
func FuzzDirectory(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","nbf":1e300,"exp":-1}]}`))
	f.Add([]byte(`{"keys":[null,{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := ParseDirectory(text)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		for _, key := range keys {
			if len(key.ID) != 43 || len(key.public) != ed25519.PublicKeySize {
				t.Fatalf("%+v", key)
			}
		}
	})
}
