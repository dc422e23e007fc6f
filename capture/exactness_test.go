package capture_test

import (
	"strings"
	"testing"

	"wayguard/capture"
)

// TestExactOrAbsent sends what programs read in different ways. Nothing may be taken of it, and the event must say why.
func TestExactOrAbsent(t *testing.T) {
	zipped := "username=ann"
	for range 3 {
		zipped = compressed(t, "gzip", zipped)
	}
	part := func(head, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"u\"\r\n" + head + "\r\n" + value + "\r\n--b--\r\n"
	}
	const multipartType = "Content-Type: multipart/form-data; boundary=b"
	tests := []struct {
		name, take string
		request    *capture.Request
		element    string
		code       string
		about      string
	}{
		{"a part twice", "shipping_address.street: { query: s }, shipping_address.city: { query: c }",
			request("POST /?s=Elm+Street+1&s=Oak+Street+2&c=Utrecht", ""), "shipping_address", "duplicate_key", "shipping_address"},
		{"a part from a list", "shipping_address.street: { json: '$.a[*]' }", request("POST /", `{"a":["Elm Street 1","Oak Street 2"]}`, jsonType),
			"shipping_address", "duplicate_key", "shipping_address"},
		{"two currencies", "transaction_amount: { query: a, currency: { query: c } }", request("POST /?a=5&c=EUR&c=USD", ""),
			"transaction_amount", "duplicate_key", "transaction_amount"},
		{"three amounts, two currencies", "transaction_amount: { json: '$.a[*]', currency: { json: '$.c[*]' } }",
			request("POST /", `{"a":[1,2,3],"c":["EUR","USD"]}`, jsonType), "transaction_amount", "duplicate_key", "transaction_amount"},
		{"two content types", "username: [{ form: u }, { json: $.u }]", request("POST /", `u=ann`, form, jsonType), "username", "duplicate_key", ""},
		{"two content types, JSON", "username: { json: $.u }", request("POST /", `{"u":"ann"}`, "Content-Type: text/plain", jsonType), "username", "duplicate_key", ""},
		{"three encodings", "username: { form: username }", request("POST /", zipped, form, "Content-Encoding: gzip, gzip, gzip"), "username", "body_encoding", ""},
		{"four encodings", "username: { form: username }", request("POST /", compressed(t, "gzip", zipped), form, "Content-Encoding: gzip, gzip, gzip, gzip"),
			"username", "body_encoding", ""},
		{"a part that is encoded", "username: { multipart: u }", request("POST /", part("Content-Transfer-Encoding: quoted-printable\r\n", "a=6En"), multipartType),
			"username", "invalid_value", "username"},
		{"a part that is encoded by base64", "username: { multipart: u }", request("POST /", part("Content-Transfer-Encoding: base64\r\n", "YW5u"), multipartType),
			"username", "invalid_value", "username"},
		{"fields beyond those read", "username: { form: u }", request("POST /", strings.Repeat("a=&", 20_000)+"u=ann", form), "username", "too_many_parts", ""},
		{"a broken escape", "username: { form: u }", request("POST /", "u=%zz", form), "username", "invalid_value", "username"},
		{"not UTF-8", "username: { form: u }", request("POST /", "u=%ff", form), "username", "invalid_value", "username"},
		{"JSON, not UTF-8", "username: { json: $.u }", request("POST /", "{\"u\":\"\xff\"}", jsonType), "username", "invalid_json", ""},
		{"JSON, half a surrogate pair", "username: { json: $.u }", request("POST /", `{"u":"\ud800"}`, jsonType), "username", "invalid_json", ""},
		{"JSON twice", "username: { json: $.u }", request("POST /", `{"u":"ann"}{"u":"bob"}`, jsonType), "username", "invalid_json", ""},
		{"JSON in UTF-16", "username: { json: $.u }", request("POST /", "{\x00\"\x00u\x00\"\x00:\x001\x00}\x00", jsonType), "username", "invalid_json", ""},
		{"form in UTF-16", "username: { form: u }", request("POST /", "u\x00=\x00a\x00", form+"; charset=utf-16le"), "username", "unsupported_charset", ""},
		{"JSON key twice, one escaped", "username: { json: $.u }", request("POST /", `{"u":"ann","\u0075":"bob"}`, jsonType), "username", "duplicate_key", "username"},
		{"cut in a gzip", "username: { form: username }", request("POST /", compressed(t, "gzip", "username=ann")[:12], form, "Content-Encoding: gzip"), "username", "body_encoding", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := mustCompile(t, taking(test.take)+"    limits: { request_body: 64KiB }\n")
			e := observe(set, test.request, nil)
			if got := values(e, test.element); len(got) > 0 {
				t.Errorf("took %q", got)
			}
			if !hasIssue(e, test.code, test.about) {
				t.Errorf("issues %+v, want %s about %q", e.Issues, test.code, test.about)
			}
		})
	}
}

// TestEqualIsNoContradiction sends a part twice with one value.
func TestEqualIsNoContradiction(t *testing.T) {
	set := mustCompile(t, taking("transaction_amount: { query: a, currency: { query: c } }"))
	e := observe(set, request("POST /?a=5&a=7&a=9&c=EUR&c=EUR", ""), nil)
	if got := values(e, "transaction_amount"); len(got) != 3 || len(e.Issues) > 0 {
		t.Errorf("took %q, issues %+v", got, e.Issues)
	}
}

// TestNoSpellingSlipsPast sends requests that an application reads as the one the spec is about.
func TestNoSpellingSlipsPast(t *testing.T) {
	set := mustCompile(t, `
specs:
  - name: a
    event: A
    type: authentication_attempt
    match: { method: POST, path: /login, query: { action: register }, content_type: application/json }
`)
	for name, r := range map[string]*capture.Request{
		"many parameters before":   request("POST /login?"+strings.Repeat("a&", 5000)+"action=register", "", jsonType),
		"empty parameters before":  request("POST /login?"+strings.Repeat("&", 5000)+"action=register", "", jsonType),
		"another parameter first":  request("POST /login?action=x&action=register", "", jsonType),
		"escaped":                  request("POST /%6Cogin?%61ction=%72egister", "", jsonType),
		"another content type":     request("POST /login?action=register", "", "Content-Type: text/plain", jsonType),
		"content type with spaces": request("POST /login?action=register", "", "content-type:  APPLICATION/JSON ;x=y"),
	} {
		if set.Match(r) == nil {
			t.Errorf("%s: no match", name)
		}
	}
}
