package capture_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"wayguard/capture"
)

const (
	card     = "4111111111111111"
	ssn      = "219-09-9999"
	password = "correct-horse-battery"
)

// TestNothingSensitiveIsInTheEvent sends a card number, an SSN and a password through every place a value can come from,
// as the elements made for them and in free text, and looks for them in the event.
func TestNothingSensitiveIsInTheEvent(t *testing.T) {
	places := map[string]string{"path": "path", "query": "query", "header": "header", "cookie": "cookie", "form": "form",
		"multipart": "multipart", "json": "json", "xml": "xml"}
	for place := range places {
		for element, secret := range map[string]string{"payment_from": card, "ssn": ssn, "password": password, "new_password": password,
			"cvv": "9173", "search_term": card, "username": ssn, "review_text": "my card is 4111 1111 1111 1111", "referer": "https://x.example/?c=" + card} {
			take := map[string]string{"path": "id", "json": "$.v", "xml": "/o/v"}[place]
			if take == "" {
				take = "v"
			}
			set := mustCompile(t, "specs:\n"+spec("a", "{ path: '/x/{id}' }")+
				fmt.Sprintf("    take: { %s: { %s: '%s' } }\n    take_response: { order_id: { header: x-order }, decline_code: { json: $.v } }\n", element, place, take))
			for _, r := range carriers(t, place, secret) {
				resp := response(200, fmt.Sprintf(`{"v":%q}`, card), jsonType, "X-Order: "+card, "Set-Cookie: sid="+card)
				e := observe(set, r, resp)
				if e.Find(element) == nil && element != "referer" {
					t.Errorf("%s from %s was not taken: %+v", element, place, e.Issues)
				}
				clean(t, element+" from "+place, e, secret, card)
			}
		}
	}
}

// carriers make requests with the secret at the place and, where nothing is taken, everywhere else.
func carriers(t *testing.T, place, secret string) []*capture.Request {
	t.Helper()
	escaped := url.QueryEscape(secret)
	part, multipartType := multipartBody(t, map[string]string{"v": secret}, secret+".png")
	bodies := map[string][2]string{
		"form":      {"v=" + escaped + "&" + escaped + "=1", form},
		"multipart": {part, multipartType},
		"json":      {fmt.Sprintf(`{"v":%q,%q:1}`, secret, secret), jsonType},
		"xml":       {"<o><v>" + secret + "</v></o>", "Content-Type: text/xml"},
	}
	body, contentType := bodies[place][0], bodies[place][1]
	head := []string{"V: " + secret, "Cookie: v=" + secret + "; sid=" + secret + "; SESS" + card + "=1", "User-Agent: agent " + card,
		"Accept-Language: " + card, "X-" + card + ": 1"}
	if contentType != "" {
		head = append(head, contentType)
	}
	line := "POST /x/" + url.PathEscape(secret) + "?v=" + escaped
	plain := request(line, body, head...)
	zipped := request(line, compressed(t, "gzip", body), append(head, "Content-Encoding: gzip")...)
	broken := request(line, body+"}{", head...)
	if contentType == "" || place == "json" || place == "xml" {
		return []*capture.Request{plain, zipped}
	}
	return []*capture.Request{plain, zipped, broken}
}

func clean(t *testing.T, name string, e any, secrets ...string) {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.NewReplacer("-", "", " ", "").Replace(string(text))
	for _, secret := range secrets {
		if strings.Contains(string(text), secret) || strings.Contains(bare, strings.NewReplacer("-", "", " ", "").Replace(secret)) {
			t.Errorf("%s: the event holds %q: %s", name, secret, text)
		}
	}
}

// TestIssuesHoldNoValues sends bodies that cannot be read, full of what must not be told.
func TestIssuesHoldNoValues(t *testing.T) {
	set := mustCompile(t, taking("username: [{ json: $.v }, { form: v }, { xml: /o/v }, { multipart: v }], email: { query: e }, transaction_amount: { query: a }"))
	for _, r := range []*capture.Request{
		request("POST /?e="+card+"&a="+card, `{"v":"`+card+`"`, jsonType),
		request("POST /?e="+ssn+"&a="+ssn, `{"`+card+`":1,"`+card+`":2}`, jsonType),
		request("POST /", "v=%"+card, form),
		request("POST /", "<o "+card+"=1>", "Content-Type: text/xml"),
		request("POST /", card, "Content-Type: multipart/form-data; boundary="+card),
		request("POST /", card, "Content-Type: text/x; charset="+card, "Content-Encoding: "+card),
	} {
		e := observe(set, r, response(200, card, "Content-Encoding: gzip"))
		clean(t, "issue", e, card, ssn)
	}
}
