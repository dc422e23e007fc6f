package site_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/sidechain"
	"wayguard/site"
)

const signedSite = `
sites:
  - name: shop
    hosts: www.client.com
    appended_domains: spec-domain.com
    customer_key: {keys: "${KEY}"}
    routes: [{path: /copy, mode: mirror}]
    sidechain: {on: true, keys: [{id: k1, secret: "${SIGN}"}], cover: Content-Digest}
`

// signed checks the headers as the worker does, and gives them as lines.
func signed(t *testing.T, d *site.Directive, r *site.Request) []string {
	t.Helper()
	if len(d.AddRequest) != 3 {
		t.Fatalf("adds %v", d.AddRequest)
	}
	key, err := sidechain.NewKey("k1", sidechain.Ed25519, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := sidechain.NewVerifier([]sidechain.Key{key}, sidechain.Settings{Cover: []string{"content-digest"}}, sidechain.NewNonces(9))
	if err != nil {
		t.Fatal(err)
	}
	m := &sidechain.Message{Method: r.Method, Scheme: "https", Authority: "www.client.com", Path: r.Path, Query: r.Query,
		Field: func(name string) (string, bool) {
			for _, f := range r.Fields {
				if strings.EqualFold(f.Name, name) {
					return f.Value, true
				}
			}
			return "", false
		}}
	if _, err := v.Verify(m, []string{d.AddRequest[0].Value}, []string{d.AddRequest[1].Value}, r.Now.Add(time.Second)); err != nil {
		t.Errorf("the worker refuses: %v", err)
	}
	var lines []string
	for _, f := range d.AddRequest {
		lines = append(lines, f.Name+": "+f.Value)
	}
	return lines
}

func TestSidechain(t *testing.T) {
	set := compile(t, signedSite)
	const appended = "www.client.com.spec-domain.com"
	r := request("POST", appended, "/login?a=b", right, "Content-Digest: sha-256=:AAAA:", `Signature-Input: sig1=("@authority");tag="web-bot-auth"`, "Signature: sig1=:AAAA:")
	d := set.Decide(r)
	lines := signed(t, &d, r)
	if d.UpstreamHost != "www.client.com" || d.Answer != nil || d.Spoofed || dropped(&d, "Signature") {
		t.Errorf("%+v", d)
	}
	if lines[2] != "CDN-Loop: sidechain" {
		t.Errorf("against loops: %q", lines[2])
	}
	// It comes round again, with all of that, with the signature alone, long after, or with nothing but CDN-Loop.
	for name, header := range map[string][]string{
		"all":         lines,
		"signature":   lines[:2],
		"beside":      {`Signature-Input: sig1=("@authority")`, lines[0], "Signature: sig1=:AAAA:", lines[1]},
		"the loop":    lines[2:],
		"among loops": {"CDN-Loop: cloudflare; subreqs=1, Sidechain ; x=1"},
	} {
		again := request("POST", appended, "/login?a=b", slices.Concat(header, []string{right, "Content-Digest: sha-256=:AAAA:"})...)
		again.Now = again.Now.Add(time.Hour)
		d := set.Decide(again)
		if status(&d) != 508 || d.Inspect || d.Reason != site.ReasonLoop || d.AddRequest != nil {
			t.Errorf("%s: status %d, %+v", name, status(&d), d)
		}
	}
	// What claims to be ours and is not, or cannot be read, is taken away and the request signed.
	for name, header := range map[string][]string{
		"forged":       {strings.Replace(lines[0], "k1", "k2", 1), lines[1]},
		"another path": {lines[0], lines[1]},
		"unreadable":   {"Signature-Input: ((("},
		"half":         {"Signature: sidechain=:AAAA:"},
	} {
		target := "/login?a=b"
		if name == "another path" {
			target = "/admin"
		}
		r := request("POST", appended, target, slices.Concat(header, []string{right, "Content-Digest: sha-256=:AAAA:"})...)
		d := set.Decide(r)
		signed(t, &d, r)
		if !d.Spoofed || !dropped(&d, "signature-input") || !dropped(&d, "SIGNATURE") || !dropped(&d, "x-spec-forward-origin") || dropped(&d, "cdn-loop") {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if d := set.Decide(request("POST", appended, "/copy", right)); status(&d) != 200 || d.AddRequest != nil {
		t.Errorf("a copy is signed: %+v", d)
	}
	noDice := request("GET", appended, "/", right)
	noDice.Random = nil
	if d := set.Decide(noDice); status(&d) != 503 || d.Reason != site.ReasonUnsigned {
		t.Errorf("without a nonce: %+v", d)
	}
	direct := request("GET", "www.client.com", "/")
	d = set.Decide(direct)
	signed(t, &d, direct)
}
