package agent

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"

	"wayguard/http1"
)

// The public key of RFC 9421 appendix B.1.4, with which the drafts sign too.
func printedKey(t testing.TB) Key {
	t.Helper()
	public, err := base64.RawURLEncoding.DecodeString("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs")
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func header(lines ...string) []http1.Field {
	var fields []http1.Field
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, http1.Field{Name: name, Value: value})
	}
	return fields
}

// Appendix B.2.6 of the standard, from the request to the signature.
func TestVectorOfTheStandard(t *testing.T) {
	r := &Request{Method: "POST", Scheme: "https", Authority: "example.com", Path: "/foo", Query: "param=Value&Pet=dog", Header: header(
		"Host: example.com", "Date: Tue, 20 Apr 2021 02:07:55 GMT", "Content-Type: application/json", "Content-Length: 18",
		`Signature-Input: sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
		"Signature: sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:")}
	inputs, err := dictionary(r.lines("signature-input"))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := inputs.Get("sig-b26")
	base, err := r.base(list.(httpsfv.InnerList))
	if err != nil {
		t.Fatal(err)
	}
	want := "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\"@authority\": example.com\n" +
		"\"content-type\": application/json\n\"content-length\": 18\n" +
		`"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`
	if string(base) != want {
		t.Errorf("base\n%s\nwant\n%s", base, want)
	}
	key := printedKey(t)
	c := Claim{KeyID: key.ID, Created: time.Unix(1618884473, 0), Expires: time.Unix(1618884500, 0), list: list.(httpsfv.InnerList)}
	signatures, _ := dictionary(r.lines("signature"))
	item, _ := signatures.Get("sig-b26")
	c.signature = item.(httpsfv.Item).Value.([]byte)
	if err := c.Check(r, &key, Policy{}, time.Unix(1618884480, 0)); err != nil {
		t.Errorf("the standard's signature: %v", err)
	}
	r.Method = "PUT"
	if err := c.Check(r, &key, Policy{}, time.Unix(1618884480, 0)); !errors.Is(err, ErrForged) {
		t.Errorf("another method: %v", err)
	}
	// It is of no agent: without our tag nothing is claimed.
	if _, err := Read(r); !errors.Is(err, ErrAbsent) {
		t.Errorf("read: %v", err)
	}
}

// The requests that the drafts of Web Bot Auth print, signed with Ed25519.
func TestVectorsOfTheDraft(t *testing.T) {
	const begin = `created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519"`
	year := 200 * 365 * 24 * time.Hour
	for _, c := range []struct {
		name, agent, input, signature, directory string
		window                                   time.Duration
	}{
		{"no Signature-Agent", "", `sig1=("@authority");` + begin + `;expires=4889289600;nonce="zIW8+cdmA3vdYagbxojpONwa/l0EKJ/O3/wD486VvsQjO/RxPaSt6ZxvQaMcQzNnqKN/mQ6hpGiFro2L2qkz5A==";tag="web-bot-auth"`,
			"sig1=:QKN4fTdIYfh82fvoZCQiQA1weuozfCS/Led2zTMbewMMqH8PI2Wsy/5c4ao6B6D09nraNQdBNOADg8aM1MqfCg==:", "", year},
		{"a dictionary", `agent2="https://signature-agent.test"`, `sig2=("@authority" "signature-agent";key="agent2");` + begin +
			`;expires=4889289600;nonce="n9p433xm+NJ3ph3upfBIGmsuwHw387YV7Q/F+6BSpGCVjYCqQw6rznNA8PVVLySrAWsv0hQtFioQb6E1YsauiA==";tag="web-bot-auth"`,
			"sig2=:RdNFx5Bj6au3YgAMQL/RzmUlZE8QZLIaXGRpw985hWnwPfMxT228NMk6ehRS1PSl4e8PhbNZACSanGdhEwYCCg==:", "https://signature-agent.test", year},
		{"one text", `"https://signature-agent.test"`, `sig2=("@authority" "signature-agent");` + begin +
			`;expires=1735693200;nonce="e8N7S2MFd/qrd6T2R3tdfAuuANngKI7LFtKYI/vowzk4lAZYadIX6wW25MwG7DCT9RUKAJ0qVkU0mEeLElW1qg==";tag="web-bot-auth"`,
			"sig2=:jdq0SqOwHdyHr9+r5jw3iYZH6aNGKijYp/EstF4RQTQdi5N5YYKrD+mCT1HA1nZDsi6nJKuHxUi/5Syp3rLWBA==:", "https://signature-agent.test", time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Request{Method: "GET", Scheme: "https", Authority: "example.com", Path: "/path/to/resource",
				Header: header("Signature-Input: "+c.input, "Signature: "+c.signature)}
			if c.agent != "" {
				r.Header = append(r.Header, http1.Field{Name: "Signature-Agent", Value: c.agent})
			}
			claims, err := Read(r)
			if err != nil || len(claims) != 1 {
				t.Fatalf("%d claims, %v", len(claims), err)
			}
			claim, key, now := claims[0], printedKey(t), time.Unix(1735689700, 0)
			if claim.KeyID != key.ID || claim.Directory != c.directory {
				t.Errorf("key %q, directory %q", claim.KeyID, claim.Directory)
			}
			if err := claim.Check(r, &key, Policy{Window: c.window}, now); err != nil {
				t.Errorf("the draft's signature: %v", err)
			}
			if err := claim.Check(r, &key, Policy{}, now); !errors.Is(err, ErrWindow) {
				t.Errorf("the usual window: %v", err)
			}
			r.Authority = "example.org"
			if err := claim.Check(r, &key, Policy{Window: c.window}, now); !errors.Is(err, ErrForged) {
				t.Errorf("another host: %v", err)
			}
		})
	}
}

// A directory as the drafts print it. Its key is known to everybody, and refused in earnest.
func TestThumbprint(t *testing.T) {
	if id := printedKey(t).ID; id != testThumbprint {
		t.Errorf("thumbprint %q", id)
	}
	if _, err := ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}`)); err == nil {
		t.Error("the printed key is taken")
	}
	// RFC 8037 appendix A.3.
	key, err := ParseKey([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
	if err != nil || key.ID != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("key %q, %v", key.ID, err)
	}
}
