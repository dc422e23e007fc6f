package capture_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"mime/multipart"
	"reflect"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"wayguard/capture"
)

func multipartBody(t testing.TB, values map[string]string, files ...string) (string, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range files {
		part, err := w.CreateFormFile("upload", name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(part, "file content 4111111111111111")
	}
	for name, value := range values {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return body.String(), "Content-Type: " + w.FormDataContentType()
}

func TestTakeFromEveryPlace(t *testing.T) {
	body, multipartType := multipartBody(t, map[string]string{"u": "ann"}, "cat.png")
	tests := []struct {
		name, take string
		request    *capture.Request
		want       []string
	}{
		{"query", "{ query: u }", request("POST /x/y?u=a%6En&v=1", ""), []string{"ann"}},
		{"query twice", "{ query: u }", request("POST /x/y?u=bob&u=ann", ""), []string{"ann", "bob"}},
		{"broken query", "{ query: u }", request("POST /x/y?u=%f", ""), nil},
		{"path", "{ path: id }", request("POST /x/an%6E", ""), []string{"ann"}},
		{"header", "{ header: x-user }", request("POST /x/y", "", "X-USER: ann"), []string{"ann"}},
		{"cookie", "{ cookie: u }", request("POST /x/y", "", `Cookie: a=1; u="ann"`), []string{"ann"}},
		{"form", "{ form: u }", request("POST /x/y", "v=1&u=ann+lee", form), []string{"ann lee"}},
		{"form without type", "{ form: u }", request("POST /x/y", "u=ann"), []string{"ann"}},
		{"multipart", "{ multipart: u }", request("POST /x/y", body, multipartType), []string{"ann"}},
		{"file name", "{ filename: upload }", request("POST /x/y", body, multipartType), []string{"cat.png"}},
		{"a file is no field", "{ multipart: upload }", request("POST /x/y", body, multipartType), nil},
		{"json", "{ json: $.user.name }", request("POST /x/y", `{"user":{"name":"ann"}}`, jsonType), []string{"ann"}},
		{"json under another type", "{ json: $.u }", request("POST /x/y", ` {"u":"ann"}`, form), []string{"ann"}},
		{"json list", "{ json: '$.users[*].name' }", request("POST /x/y", `{"users":[{"name":"bob"},{"name":"ann"},{}]}`, jsonType), []string{"ann", "bob"}},
		{"json filter", "{ json: '$.users[?@.age > 30].name' }", request("POST /x/y", `{"users":[{"name":"bob","age":20},{"name":"ann","age":31.50}]}`, jsonType), []string{"ann"}},
		{"json descent", "{ json: '$..name' }", request("POST /x/y", `{"a":{"name":"ann"},"b":[{"name":"bob"}]}`, jsonType), []string{"ann", "bob"}},
		{"json wildcard", "{ json: '$.*' }", request("POST /x/y", `{"b":"bob","a":"ann"}`, jsonType), []string{"ann", "bob"}},
		{"json null", "{ json: $.u }", request("POST /x/y", `{"u":null}`, jsonType), nil},
		{"xml", "{ xml: /order/user }", request("POST /x/y", `<order><user>ann</user><x><user>no</user></x></order>`, "Content-Type: text/xml"), []string{"ann"}},
		{"xml attribute", "{ xml: '//user/@name' }", request("POST /x/y", `<o xmlns="u:x"><a><user name="ann"/></a><user name="bob"/></o>`, "Content-Type: application/soap+xml"), []string{"ann", "bob"}},
		{"xml position", "{ xml: '/o/user[2]' }", request("POST /x/y", `<o><user>bob</user><user>a<b/>nn &amp; </user></o>`, "Content-Type: text/xml"), []string{"ann &"}},
		{"constant", "{ constant: ann }", request("POST /x/y", ""), []string{"ann"}},
		{"first that yields", "[{ query: u }, { header: x-user }, { constant: none }]", request("POST /x/y", "", "X-User: ann"), []string{"ann"}},
		{"transforms", "{ header: x-user, transform: [trim, 'after(:)', 'before(@)', lowercase] }", request("POST /x/y", "", "X-User: id:ANN@example.com"), []string{"ann"}},
		{"regex", "{ header: x-user, transform: 'regex(id=(\\w+))' }", request("POST /x/y", "", "X-User: a; id=ann; b"), []string{"ann"}},
		{"regex misses", "[{ header: x-user, transform: 'regex(id=(\\d+))' }, { constant: ann }]", request("POST /x/y", "", "X-User: id=x"), []string{"ann"}},
		{"split", "{ query: u, transform: 'split(,)' }", request("POST /x/y?u=ann,bob,,ann", ""), []string{"ann", "bob"}},
		{"item", "{ query: u, transform: 'item(-1)' }", request("POST /x/y?u=ann,+bob", ""), []string{"bob"}},
		{"base64", "{ query: u, transform: base64 }", request("POST /x/y?u=YW5u", ""), []string{"ann"}},
		{"url_decode", "{ query: u, transform: url_decode }", request("POST /x/y?u=a%256En", ""), []string{"ann"}},
		{"basic_user", "{ header: authorization, transform: basic_user }", request("POST /x/y", "", "Authorization: Basic YW5uOnNlY3JldA=="), []string{"ann"}},
		{"last_after", "{ query: u, transform: 'last_after(/)' }", request("POST /x/y?u=a/b/ann", ""), []string{"ann"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := mustCompile(t, "specs:\n"+spec("a", "{ path: '/x/{id}' }")+"    take: { username: "+test.take+" }\n")
			e := observe(set, test.request, nil)
			if got := values(e, "username"); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, want %q; issues %v", got, test.want, e.Issues)
			}
		})
	}
}

func TestTakeWhatCannotBeReadIsAbsentWithAnIssue(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	tests := []struct {
		name, take, body, header, code, element string
	}{
		{"duplicate key", "{ json: $.u }", `{"u":"ann","u":"bob"}`, jsonType, "duplicate_key", "username"},
		{"escaped duplicate key", "{ json: $.u }", `{"u":"ann","\u0075":"bob"}`, jsonType, "duplicate_key", "username"},
		{"duplicate elsewhere", "{ json: $.v.u }", `{"v":{"u":"a"},"v":{"u":"b"}}`, jsonType, "duplicate_key", ""},
		{"broken JSON", "{ json: $.u }", `{"u":"ann"`, jsonType, "invalid_json", ""},
		{"more after JSON", "{ json: $.u }", `{"u":"ann"} {"u":"bob"}`, jsonType, "invalid_json", ""},
		{"JSON that is no UTF-8", "{ json: $.u }", "{\"u\":\"\xff\"}", jsonType, "invalid_json", ""},
		{"deep JSON", "{ json: $..u }", deep, jsonType, "invalid_json", ""},
		{"broken form", "{ form: u }", "u=%zz", form, "invalid_value", "username"},
		{"form that is no UTF-8", "{ form: u }", "u=%ff", form, "invalid_value", "username"},
		{"charset", "{ form: u }", "u=ann", form + "; charset=utf-16", "unsupported_charset", ""},
		{"entity", "{ xml: /o }", `<!DOCTYPE o [<!ENTITY x "ann">]><o>&x;</o>`, "Content-Type: text/xml", "invalid_xml", ""},
		{"broken XML", "{ xml: /o }", `<o>ann</p>`, "Content-Type: text/xml", "invalid_xml", ""},
		{"deep XML", "{ xml: //o }", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "Content-Type: text/xml", "invalid_xml", ""},
		{"broken multipart", "{ multipart: u }", "--x\r\nContent-", "Content-Type: multipart/form-data; boundary=x", "invalid_multipart", ""},
		{"too long", "{ form: u }", "u=" + strings.Repeat("a", 20000), form, "value_too_long", "username"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := mustCompile(t, taking("username: "+test.take))
			e := observe(set, request("POST /", test.body, test.header), nil)
			if got := values(e, "username"); got != nil {
				t.Errorf("took %q", got)
			}
			if !hasIssue(e, test.code, test.element) {
				t.Errorf("issues: %+v", e.Issues)
			}
		})
	}
}

func TestTakeFromCutBodies(t *testing.T) {
	set := mustCompile(t, taking("username: { form: u }, password: { form: p }, promo_code: { json: $.c }"))
	r := request("POST /", "u=ann&p=secr", form)
	r.Body.Truncated = true
	e := observe(set, r, nil)
	if got := values(e, "username"); len(got) != 1 || e.Find("password") != nil || !hasIssue(e, "body_truncated", "") {
		t.Errorf("form: %q, %+v", got, e.Issues)
	}
	r = request("POST /", `{"c":"SPRING"}`, jsonType)
	r.Body.Truncated = true
	if e := observe(set, r, nil); e.Find("promo_code") != nil || !hasIssue(e, "body_truncated", "") {
		t.Errorf("JSON: %+v", e)
	}
	body, header := multipartBody(t, map[string]string{"u": "ann"})
	set = mustCompile(t, taking("username: { multipart: u }"))
	r = request("POST /", body[:len(body)-8]+"\r\n--x", header)
	r.Body.Truncated = true
	if e := observe(set, r, nil); hasIssue(e, "invalid_multipart", "") {
		t.Errorf("multipart: %+v", e)
	}
}

func TestTakeManyValuesIsBounded(t *testing.T) {
	set := mustCompile(t, taking("username: { query: u }"))
	var query strings.Builder
	for i := range 100 {
		fmt.Fprintf(&query, "u=user%02d&", i)
	}
	e := observe(set, request("GET /?"+query.String(), ""), nil)
	if got := values(e, "username"); len(got) != 32 || got[0] != "user00" || got[31] != "user31" || !hasIssue(e, "too_many_values", "username") {
		t.Errorf("%d values, %v", len(got), e.Issues)
	}
}

func TestTakeStructuredValues(t *testing.T) {
	set := mustCompile(t, `specs:
  - name: checkout
    event: Checkout
    type: checkout
    match: { path: /checkout }
    take:
      shipping_address.street: { json: $.ship.line1 }
      shipping_address.city: { json: $.ship.town }
      shipping_address.postal_code: { json: $.ship.zip }
      shipping_address.country: { json: $.ship.country }
      billing_address: { json: $.bill }
      transaction_amount: { json: $.total, currency: { json: $.currency } }
      refund_amount: { json: $.cents, unit: minor, currency: { constant: JPY } }
`)
	body := `{"ship":{"line1":"Main Street 1","town":"Springfield","zip":"12345","country":"United States"},
		"bill":{"street":"Side Road 2","city":"Shelbyville","region":"IL","postal_code":"62565","country":"US","other":[1]},
		"total":12.50,"cents":1999,"currency":"eur"}`
	e := observe(set, request("POST /checkout", body, jsonType), nil)
	if got := e.Find("transaction_amount"); got == nil || got.Value != "1250" || got.Parts.Of("currency") != "EUR" {
		t.Errorf("amount: %+v; %+v", got, e.Issues)
	}
	if got := e.Find("refund_amount"); got == nil || got.Value != "1999" || got.Parts.Of("currency") != "JPY" {
		t.Errorf("refund: %+v", got)
	}
	if got := e.Find("shipping_address"); got == nil || got.Parts.Of("city") == "" || got.Parts.Of("country") != "US" {
		t.Errorf("shipping address: %+v", got)
	}
	if got := e.Find("billing_address"); got == nil || got.Value == "" || got.Parts.Of("other") != "" {
		t.Errorf("billing address: %+v", got)
	}
}

// compressors give each coding's writer.
func compressors() map[string]func(io.Writer) io.WriteCloser {
	return map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser {
			z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
			if err != nil {
				panic(err)
			}
			return z
		},
		"raw": func(w io.Writer) io.WriteCloser {
			z, err := flate.NewWriter(w, flate.BestCompression)
			if err != nil {
				panic(err)
			}
			return z
		},
	}
}

func compressed(t testing.TB, coding, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := compressors()[coding](&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTakeFromCompressedBodies(t *testing.T) {
	set := mustCompile(t, taking("username: { json: $.u }"))
	for coding := range compressors() {
		header := "Content-Encoding: " + strings.Replace(coding, "raw", "deflate", 1)
		e := observe(set, request("POST /", compressed(t, coding, `{"u":"ann"}`), jsonType, header), nil)
		if got := values(e, "username"); len(got) != 1 || got[0] != "ann" {
			t.Errorf("%s: %q, %+v", coding, got, e.Issues)
		}
		bomb := compressed(t, coding, `{"u":"ann","x":"`+strings.Repeat("0", 4<<20)+`"}`)
		e = observe(set, request("POST /", bomb, jsonType, header), nil)
		if e.Find("username") != nil || len(e.Issues) == 0 {
			t.Errorf("%s bomb: %+v", coding, e)
		}
	}
	twice := compressed(t, "gzip", compressed(t, "br", `{"u":"ann"}`))
	e := observe(set, request("POST /", twice, jsonType, "Content-Encoding: br, gzip"), nil)
	if got := values(e, "username"); len(got) != 1 {
		t.Errorf("br in gzip: %+v", e.Issues)
	}
	for _, header := range []string{"gzip", "br", "zstd", "compress", "gzip, gzip, gzip, gzip"} {
		e := observe(set, request("POST /", `{"u":"ann"}`, jsonType, "Content-Encoding: "+header), nil)
		if e.Find("username") != nil || !hasIssue(e, "body_encoding", "") {
			t.Errorf("%s that is none: %+v", header, e.Issues)
		}
	}
}

func FuzzBodies(f *testing.F) {
	set := mustCompile(f, taking(`username: [{ json: '$..u' }, { form: u }, { multipart: u }, { xml: //u }, { filename: u }, { graphql: 'input.u' }],
      product_sku: { json: '$.items[?@.n > 1].sku' }`))
	for coding := range compressors() {
		f.Add([]byte(compressed(f, coding, `{"u":"ann"}`)), "application/json", strings.Replace(coding, "raw", "deflate", 1))
	}
	f.Add([]byte("u=a&u=%41"), "application/x-www-form-urlencoded", "")
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=u\r\n\r\nann\r\n--x--"), "multipart/form-data; boundary=x", "")
	f.Add([]byte("<a><u>x</u></a>"), "text/xml", "")
	f.Add([]byte(`[{"query":"{a(input:{u:1})}"}]`), "application/json", "")
	f.Fuzz(func(t *testing.T, body []byte, media, coding string) {
		r := request("POST /", string(body), "Content-Type: "+media, "Content-Encoding: "+coding)
		first := set.Match(r).Exchange(r, nil)
		r.Body.Truncated = true
		set.Match(r).Exchange(r, nil)
		r.Body.Truncated = false
		if again := set.Match(r).Exchange(r, nil); !reflect.DeepEqual(first, again) {
			t.Fatal("one exchange made two events")
		}
	})
}
