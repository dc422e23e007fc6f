package sidechain_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"wayguard/sidechain"
)

func key(t testing.TB, id string, algorithm sidechain.Algorithm, fill byte) sidechain.Key {
	t.Helper()
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = fill
	}
	k, err := sidechain.NewKey(id, algorithm, base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func pair(t testing.TB, settings sidechain.Settings, seen sidechain.Seen, keys ...sidechain.Key) (*sidechain.Signer, *sidechain.Verifier) {
	t.Helper()
	s, err := sidechain.NewSigner(keys[0], settings)
	if err != nil {
		t.Fatal(err)
	}
	v, err := sidechain.NewVerifier(keys, settings, seen)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func request() *sidechain.Message {
	return &sidechain.Message{Method: "POST", Scheme: "https", Authority: "www.example.com", Path: "/login", Query: "next=%2Fhome",
		Field: func(name string) (string, bool) { return "sha-256=:AAAA:", name == "content-digest" }}
}

func now() time.Time { return time.Unix(1_800_000_000, 0) }

func nonce(n byte) [16]byte { return [16]byte{15: n} }

func sign(t testing.TB, s *sidechain.Signer, m *sidechain.Message, n byte) (input, signature []string) {
	t.Helper()
	i, g, ok := s.Sign(m, now(), nonce(n))
	if !ok {
		t.Fatal("not signed")
	}
	return []string{i}, []string{g}
}

func TestWhatIsSignedIsAccepted(t *testing.T) {
	for _, algorithm := range []sidechain.Algorithm{sidechain.Ed25519, sidechain.HMACSHA256} {
		s, v := pair(t, sidechain.Settings{Cover: []string{"content-digest", "x-absent"}}, sidechain.NewNonces(10), key(t, "k1", algorithm, 1))
		input, signature := sign(t, s, request(), 7)
		want := `sidechain=("@method" "@authority" "@path" "@query" "content-digest");created=1800000000;expires=1800000060;` +
			`nonce="00000000000000000000000000000007";keyid="k1";tag="sidechain"`
		if input[0] != want {
			t.Errorf("%s: input %s\nwant %s", algorithm, input[0], want)
		}
		// What is written by hand is what the parser's own writer gives.
		parsed, err := httpsfv.UnmarshalDictionary(input)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := httpsfv.Marshal(parsed); err != nil || again != input[0] {
			t.Errorf("%s: canonical form %q, %v", algorithm, again, err)
		}
		proof, err := v.Verify(request(), input, signature, now().Add(30*time.Second))
		if err != nil || proof.KeyID != "k1" || !proof.Created.Equal(now()) || !proof.Expires.Equal(now().Add(time.Minute)) || len(proof.Nonce) != 32 {
			t.Errorf("%s: %+v, %v", algorithm, proof, err)
		}
		if _, err := v.Verify(request(), input, signature, now().Add(31*time.Second)); !errors.Is(err, sidechain.ErrReplayed) {
			t.Errorf("%s: the second time: %v", algorithm, err)
		}
		if _, err := v.Authentic(request(), input, signature); err != nil {
			t.Errorf("%s: it is no longer authentic: %v", algorithm, err)
		}
	}
}

// Whatever of the request is changed after signing, the signature no longer fits.
func TestChangedRequestsAreRefused(t *testing.T) {
	changes := map[string]func(*sidechain.Message){
		"method":    func(m *sidechain.Message) { m.Method = "PUT" },
		"host":      func(m *sidechain.Message) { m.Authority = "evil.example.com" },
		"port":      func(m *sidechain.Message) { m.Authority += ":8443" },
		"path":      func(m *sidechain.Message) { m.Path = "/Login" },
		"query":     func(m *sidechain.Message) { m.Query = "" },
		"digest":    func(m *sidechain.Message) { m.Field = func(string) (string, bool) { return "sha-256=:BBBB:", true } },
		"no digest": func(m *sidechain.Message) { m.Field = nil },
	}
	s, v := pair(t, sidechain.Settings{Cover: []string{"content-digest"}}, nil, key(t, "k1", sidechain.Ed25519, 1))
	input, signature := sign(t, s, request(), 1)
	for name, change := range changes {
		m := request()
		change(m)
		if _, err := v.Verify(m, input, signature, now()); err == nil {
			t.Errorf("a change of the %s is not noticed", name)
		}
	}
	same := request()
	same.Authority = "WWW.example.com:443"
	if _, err := v.Verify(same, input, signature, now()); err != nil {
		t.Errorf("another spelling of the same host: %v", err)
	}
}

func TestReasons(t *testing.T) {
	one := key(t, "k1", sidechain.HMACSHA256, 1)
	s, v := pair(t, sidechain.Settings{}, nil, one)
	input, signature := sign(t, s, request(), 1)
	stranger, _ := pair(t, sidechain.Settings{}, nil, key(t, "k1", sidechain.HMACSHA256, 2))
	_, forged := sign(t, stranger, request(), 1)
	other, _ := pair(t, sidechain.Settings{}, nil, key(t, "k2", sidechain.HMACSHA256, 2))
	otherInput, otherSignature := sign(t, other, request(), 1)
	replace := func(old, with string) []string { return []string{strings.Replace(input[0], old, with, 1)} }
	for _, c := range []struct {
		name             string
		input, signature []string
		at               time.Time
		want             error
	}{
		{"nothing", nil, nil, now(), sidechain.ErrAbsent},
		{"another's label", []string{`sig1=("@method");created=1`}, []string{"sig1=:AA==:"}, now(), sidechain.ErrAbsent},
		{"input alone", input, nil, now(), sidechain.ErrMalformed},
		{"signature alone", nil, signature, now(), sidechain.ErrMalformed},
		{"no structured field", []string{"sidechain=((("}, signature, now(), sidechain.ErrMalformed},
		{"too long", []string{input[0], `a="` + strings.Repeat("x", 9000) + `"`}, signature, now(), sidechain.ErrMalformed},
		{"no list", []string{"sidechain=1"}, signature, now(), sidechain.ErrMalformed},
		{"no bytes", input, []string{"sidechain=1"}, now(), sidechain.ErrMalformed},
		{"forged", input, forged, now(), sidechain.ErrForged},
		{"unknown key", otherInput, otherSignature, now(), sidechain.ErrUnknownKey},
		{"covers nothing", replace(`"@method" "@authority" "@path" "@query"`, ""), signature, now(), sidechain.ErrCoverage},
		{"covers no query", replace(` "@query"`, ""), signature, now(), sidechain.ErrCoverage},
		{"covers one twice", replace(`"@method"`, `"@method" "@method"`), signature, now(), sidechain.ErrMalformed},
		{"a component's parameter", replace(`"@path"`, `"@path";req`), signature, now(), sidechain.ErrMalformed},
		{"an unknown component", replace(`"@method"`, `"@method" "@status"`), signature, now(), sidechain.ErrCoverage},
		{"an absent header", replace(`"@method"`, `"@method" "x-none"`), signature, now(), sidechain.ErrCoverage},
		{"no created", replace(";created=1800000000", ""), signature, now(), sidechain.ErrMalformed},
		{"no expires", replace(";expires=1800000060", ""), signature, now(), sidechain.ErrMalformed},
		{"expires first", replace(";expires=1800000060", ";expires=1"), signature, now(), sidechain.ErrMalformed},
		{"created as text", replace(";created=1800000000", `;created="1800000000"`), signature, now(), sidechain.ErrMalformed},
		{"a short nonce", replace("00000000000000000000000000000001", "1"), signature, now(), sidechain.ErrMalformed},
		{"another tag", replace(`tag="sidechain"`, `tag="web-bot-auth"`), signature, now(), sidechain.ErrMalformed},
		{"another algorithm", replace(`;keyid`, `;alg="ed25519";keyid`), signature, now(), sidechain.ErrMalformed},
		{"later expiry", replace("1800000060", "1800000061"), signature, now(), sidechain.ErrForged},
		{"too early", input, signature, now().Add(-6 * time.Second), sidechain.ErrNotYet},
		{"within the skew", input, signature, now().Add(-5 * time.Second), nil},
		{"last second", input, signature, now().Add(64 * time.Second), nil},
		{"too late", input, signature, now().Add(65 * time.Second), sidechain.ErrExpired},
		{"beside another's", []string{`sig1=("@method");created=1, ` + input[0]}, []string{"sig1=:AA==:", signature[0]}, now(), nil},
		{"ours stands last", append([]string{`sidechain=("@method");created=1`}, input...), append([]string{"sidechain=:AA==:"}, signature...), now(), nil},
		{"theirs stands last", append(append([]string{}, input...), `sidechain=("@method");created=1`), signature, now(), sidechain.ErrMalformed},
	} {
		if _, err := v.Verify(request(), c.input, c.signature, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestClaimed(t *testing.T) {
	_, v := pair(t, sidechain.Settings{}, nil, key(t, "k1", sidechain.HMACSHA256, 1))
	for _, c := range []struct {
		input, signature []string
		want             bool
	}{
		{nil, nil, false},
		{[]string{`sig1=("@authority");created=1;tag="web-bot-auth"`}, []string{"sig1=:AA==:"}, false},
		{[]string{`sidechain=("@authority")`}, nil, true},
		{nil, []string{"sidechain=:AA==:"}, true},
		{[]string{"sig1=("}, nil, true},
		{[]string{""}, []string{""}, false},
	} {
		if got := v.Claimed(c.input, c.signature); got != c.want {
			t.Errorf("%q %q: %t", c.input, c.signature, got)
		}
	}
}

// Rotation: the new key is known first, then signs, then the old one goes.
func TestRotation(t *testing.T) {
	old, young := key(t, "2026-11", sidechain.Ed25519, 1), key(t, "2026-12", sidechain.Ed25519, 2)
	settings := sidechain.Settings{}
	before, _ := pair(t, settings, nil, old)
	after, both := pair(t, settings, nil, young, old)
	_, onlyYoung := pair(t, settings, nil, young)
	for i, s := range []*sidechain.Signer{before, after} {
		input, signature := sign(t, s, request(), byte(i))
		if _, err := both.Verify(request(), input, signature, now()); err != nil {
			t.Errorf("signer %d while both are known: %v", i, err)
		}
	}
	input, signature := sign(t, before, request(), 9)
	if _, err := onlyYoung.Verify(request(), input, signature, now()); !errors.Is(err, sidechain.ErrUnknownKey) {
		t.Errorf("the old key after its end: %v", err)
	}
}

func TestWhatCannotBeSigned(t *testing.T) {
	s, _ := pair(t, sidechain.Settings{Cover: []string{"x-a"}}, nil, key(t, "k", sidechain.HMACSHA256, 1))
	for name, change := range map[string]func(*sidechain.Message){
		"no method":    func(m *sidechain.Message) { m.Method = "" },
		"no authority": func(m *sidechain.Message) { m.Authority = "" },
		"path breaks":  func(m *sidechain.Message) { m.Path = "/\n\"@method\": GET" },
		"query breaks": func(m *sidechain.Message) { m.Query = "a\rb" },
		"field breaks": func(m *sidechain.Message) { m.Field = func(string) (string, bool) { return "a\nb", true } },
	} {
		m := request()
		change(m)
		if input, _, ok := s.Sign(m, now(), nonce(1)); ok || input != "" {
			t.Errorf("%s: signed as %q", name, input)
		}
	}
}

func TestBadKeysAndSettings(t *testing.T) {
	good := strings.Repeat("A", 43) + "="
	for _, c := range []struct{ id, algorithm, secret, want string }{
		{"", "ed25519", good, "id must"},
		{"a b", "ed25519", good, "id must"},
		{strings.Repeat("x", 65), "ed25519", good, "id must"},
		{"k", "rsa", good, "no such algorithm"},
		{"k", "ed25519", "c2hvcnQ=", "no Ed25519"},
		{"k", "ed25519", "%%%", "no base64"},
		{"k", "ed25519", "-----BEGIN nothing", "no PEM"},
		{"k", "hmac-sha256", "c2hvcnQ=", "32 to 1024"},
		{"k", "hmac-sha256", "", "no base64"},
	} {
		_, err := sidechain.NewKey(c.id, sidechain.Algorithm(c.algorithm), c.secret)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: %v, want %q", c.id, c.algorithm, err, c.want)
		}
		if err != nil && len(c.secret) > 3 && strings.Contains(err.Error(), c.secret) {
			t.Errorf("the error %q holds the secret", err)
		}
	}
	if _, err := sidechain.NewPublicKey("k", "c2hvcnQ="); err == nil {
		t.Error("a short public key is taken")
	}
	k := key(t, "k", sidechain.Ed25519, 1)
	for _, bad := range []sidechain.Settings{{Label: "Bad"}, {Tag: `a"b`}, {Lifetime: time.Hour}, {Lifetime: time.Millisecond},
		{Skew: time.Hour}, {Skew: -1}, {Cover: []string{"Upper"}}, {Cover: []string{"a", "a"}}, {Cover: make([]string, 17)}, {Cover: []string{"@status"}}} {
		if _, err := sidechain.NewSigner(k, bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
		if _, err := sidechain.NewVerifier([]sidechain.Key{k}, bad, nil); err == nil {
			t.Errorf("%+v is taken by the verifier", bad)
		}
	}
	public, err := sidechain.NewPublicKey("k", k.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sidechain.NewSigner(public, sidechain.Settings{}); err == nil {
		t.Error("a public key signs")
	}
	if _, err := sidechain.NewVerifier([]sidechain.Key{k, k}, sidechain.Settings{}, nil); err == nil {
		t.Error("one name for two keys is taken")
	}
	if _, err := sidechain.NewVerifier(nil, sidechain.Settings{}, nil); err == nil {
		t.Error("a verifier without keys is made")
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	k := key(t, "name", sidechain.HMACSHA256, 'S')
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format, k)
		if strings.Contains(text, "SSS") || strings.Contains(text, "83") || !strings.Contains(text, "name") {
			t.Errorf("%s prints %q", format, text)
		}
	}
}

func TestNoncesAreBounded(t *testing.T) {
	n := sidechain.NewNonces(100)
	for i := range 1000 {
		if !n.Add(fmt.Sprint(i), now().Add(time.Minute), now()) {
			t.Fatalf("nonce %d is not new", i)
		}
		if n.Len() > 100 {
			t.Fatalf("%d are remembered", n.Len())
		}
	}
	if n.Add("999", now().Add(time.Minute), now()) || !n.Add("1", now().Add(time.Minute), now()) {
		t.Error("the last is forgotten or the first is not")
	}
	later := now().Add(time.Minute)
	if !n.Add("999", later.Add(time.Minute), later) {
		t.Error("a nonce is remembered beyond its time")
	}
	if n.Add("999", later.Add(time.Minute), later) {
		t.Error("a nonce that came again is not remembered")
	}
	if n.Add("fresh", later.Add(time.Minute), later); n.Len() > 3 {
		t.Errorf("%d are remembered although their time is over", n.Len())
	}
}

func TestContentDigest(t *testing.T) {
	body := []byte(`{"hello": "world"}`)
	if got := sidechain.ContentDigest(body); got != "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:" {
		t.Errorf("digest %s", got)
	}
	const sha512 = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
	for _, c := range []struct {
		lines []string
		body  string
		want  error
	}{
		{[]string{sidechain.ContentDigest(body)}, string(body), nil},
		{[]string{sha512}, string(body), nil},
		{[]string{"md5=:AAAA:, " + sha512}, string(body), nil},
		{[]string{sha512}, "other", sidechain.ErrForged},
		{[]string{sha512, "sha-256=:AAAA:"}, string(body), sidechain.ErrForged},
		{[]string{"sha-256=1"}, string(body), sidechain.ErrMalformed},
		{[]string{"md5=:AAAA:"}, string(body), sidechain.ErrAbsent},
		{nil, string(body), sidechain.ErrAbsent},
		{[]string{"((("}, string(body), sidechain.ErrMalformed},
	} {
		if err := sidechain.CheckDigest(c.lines, []byte(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.lines, err, c.want)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for _, algorithm := range []sidechain.Algorithm{sidechain.Ed25519, sidechain.HMACSHA256} {
		s, v := pair(b, sidechain.Settings{}, nil, key(b, "k", algorithm, 1))
		m := request()
		b.Run("sign/"+string(algorithm), func(b *testing.B) {
			for b.Loop() {
				s.Sign(m, now(), nonce(1))
			}
		})
		input, signature := sign(b, s, m, 1)
		b.Run("verify/"+string(algorithm), func(b *testing.B) {
			for b.Loop() {
				if _, err := v.Verify(m, input, signature, now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
