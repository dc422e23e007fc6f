package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"wayguard/decision"
	"wayguard/interceptor"
	"wayguard/payment"
)

// FuzzInterceptorPath sees that no path leads out of a destination's, whoever reads it.
func FuzzInterceptorPath(f *testing.F) {
	for _, seed := range []string{"a", "a/b", "a/../b", "a/%2e%2e/b", "a/..%2f..", "a/%5c..%5cb", "a//b", "%61/x;y=%20", "a/%", "a/.", "/x", "a/%2F%2e"} {
		f.Add(seed, "q=1&x=%zz")
	}
	program, problems := interceptor.Compile(interceptor.Interceptor{Context: "c", Ref: "a", Destination: interceptor.Destination{URL: "https://acquirer.example/safe/v1?key=1"}}, payment.SAQA)
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		ref, suffix, ok := interceptorPath(interceptorPrefix + text)
		if !ok {
			return
		}
		if ref == "" || strings.ContainsAny(suffix, "?#") && !strings.ContainsAny(text, "?#") {
			t.Fatalf("ref %q suffix %q", ref, suffix)
		}
		p := &passage{program: program, suffix: suffix}
		target, err := p.target(query)
		if err != nil {
			return
		}
		if target.Host != "acquirer.example" || target.Scheme != "https" {
			t.Fatalf("leads to %s", target)
		}
		plain, err := url.PathUnescape(target.EscapedPath())
		if err != nil {
			t.Fatalf("%q cannot be read", target.EscapedPath())
		}
		for _, one := range []string{plain, strings.ReplaceAll(plain, `\`, "/")} {
			if clean := path.Clean(one); clean != "/safe/v1" && !strings.HasPrefix(clean, "/safe/v1/") {
				t.Fatalf("%q leads to %q", text, clean)
			}
		}
	})
}

// FuzzObject sees that problems of a body never repeat a value of it.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"context":1}`, `{"context":"c","description":null,"destination":{"url":"u","x":1}}`, `[`, `{"field_mapping":[{"const":1}]}`, `{"a":1}x`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const secret = "4111111111111111"
		o, err := readObject(body)
		if err == nil {
			change := readInterceptor(o)
			_ = readRuleset(o)
			_ = readIntegration(o)
			_ = readClient(o)
			err = o.finish()
			var i interceptor.Interceptor
			change(&i)
		}
		if err == nil {
			return
		}
		told := problemOf(err)
		if told == nil || told.status != http.StatusUnprocessableEntity || len(told.errors) == 0 {
			t.Fatalf("not told as what it is: %v", err)
		}
		text, _ := json.Marshal(told.errors)
		if strings.Contains(string(body), secret) && !strings.Contains(string(body), `"`+secret) && strings.Contains(string(text), secret) {
			t.Fatalf("repeats a value: %s", text)
		}
	})
}

// FuzzReadKeys sees that only keys that were asked for come out of a key set.
func FuzzReadKeys(f *testing.F) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "a"}}})
	f.Add(set)
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := readKeys(data, []string{"ES256"})
		if err == nil && len(keys) == 0 {
			t.Fatal("neither keys nor an error")
		}
		for _, one := range keys {
			if _, ok := one.Key.(*ecdsa.PublicKey); !ok || one.Algorithm != "ES256" {
				t.Fatalf("a key of type %T for %s", one.Key, one.Algorithm)
			}
		}
	})
}

// FuzzVerify sees that nothing but what was signed is a token.
func FuzzVerify(f *testing.F) {
	now := time.Now()
	keys, err := OpenKeys(filepath.Join(f.TempDir(), "keys"), Sealing{}, now)
	if err != nil {
		f.Fatal(err)
	}
	v := &verifier{keys: keys, issuer: "wayguard", instance: "wayguard", now: func() time.Time { return now }, known: map[[32]byte]knownToken{},
		client: func(context.Context, string) (decision.Client, error) {
			return decision.Client{Scopes: []string{"a"}}, nil
		}}
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ3YXlndWFyZCJ9.")
	f.Add(`{"payload":"e30","signatures":[]}`)
	f.Fuzz(func(t *testing.T, token string) {
		if who, err := v.verify(t.Context(), token); err == nil {
			t.Fatalf("%q is %v", token, who)
		}
	})
}

// FuzzQuery sees that any query string is read or refused.
func FuzzQuery(f *testing.F) {
	f.Add("limit=1&after=eA&from=2020-01-01&to=2020-01-01T00:00:00Z&format=csv")
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/api/decisions", nil)
		r.URL.RawQuery = raw
		q := ask(r)
		limit, after := q.limit(), q.after()
		from, to := q.span(time.Unix(1_700_000_000, 0))
		if err := q.err(); err == nil && (limit < 1 || limit > mostLimit || after != "" && !isID(string(after)) || from.After(to)) {
			t.Fatalf("%d %q %v %v", limit, after, from, to)
		}
		if more := next(r, "00000000-0000-7000-8000-000000000000", true); more.Next == nil || !strings.HasPrefix(*more.Next, "/api/decisions?") {
			t.Fatal("no next page")
		}
	})
}
