package sidechain

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"
)

// The request, keys and signatures of RFC 9421 appendix B.
func rfcMessage() *Message {
	fields := map[string]string{
		"date": "Tue, 20 Apr 2021 02:07:55 GMT", "content-type": "application/json", "content-length": "18",
		"content-digest": "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
	}
	return &Message{Method: "POST", Scheme: "https", Authority: "example.com", Path: "/foo", Query: "param=Value&Pet=dog",
		Field: func(name string) (string, bool) { value, ok := fields[name]; return value, ok }}
}

const (
	rfcSecret  = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
	rfcPrivate = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n"
	rfcPublic  = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n"
)

func TestVectorsOfTheStandard(t *testing.T) {
	shared, err := NewKey("test-shared-secret", HMACSHA256, rfcSecret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := NewKey("test-key-ed25519", Ed25519, rfcPrivate)
	if err != nil {
		t.Fatal(err)
	}
	public, err := NewPublicKey("test-key-ed25519", rfcPublic)
	if err != nil {
		t.Fatal(err)
	}
	if private.Public() != public.Public() || !strings.Contains(rfcPublic, public.Public()) {
		t.Errorf("public halves %q and %q", private.Public(), public.Public())
	}
	for _, c := range []struct {
		section, list, signature string
		sign, check              Key
	}{
		{"B.2.5", `("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=", shared, shared},
		{"B.2.6", `("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
			"wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==", private, public},
	} {
		dictionary, err := httpsfv.UnmarshalDictionary([]string{"sig=" + c.list})
		if err != nil {
			t.Fatal(err)
		}
		member, _ := dictionary.Get("sig")
		var names []string
		for _, item := range member.(httpsfv.InnerList).Items {
			names = append(names, item.Value.(string))
		}
		base, err := baseOf(rfcMessage(), names)
		if err != nil {
			t.Fatalf("%s: %v", c.section, err)
		}
		base = append(append(base, `"@signature-params": `...), c.list...)
		signature := c.sign.sign(base)
		if got := base64.StdEncoding.EncodeToString(signature); got != c.signature {
			t.Errorf("%s: signature %s, the standard's is %s", c.section, got, c.signature)
		}
		if !c.check.verify(base, signature) {
			t.Errorf("%s: the standard's signature is refused", c.section)
		}
		base[10] ^= 1
		if c.check.verify(base, signature) {
			t.Errorf("%s: a changed base is accepted", c.section)
		}
	}
}

// The base of B.2.6 as the standard prints it.
func TestBaseOfTheStandard(t *testing.T) {
	base, err := baseOf(rfcMessage(), []string{"date", "@method", "@path", "@authority", "content-type", "content-length", "@query", "@scheme"})
	if err != nil {
		t.Fatal(err)
	}
	want := "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\"@authority\": example.com\n" +
		"\"content-type\": application/json\n\"content-length\": 18\n\"@query\": ?param=Value&Pet=dog\n\"@scheme\": https\n"
	if string(base) != want {
		t.Errorf("base\n%s\nwant\n%s", base, want)
	}
}
