package capture_test

import (
	"testing"

	"wayguard/capture"
	"wayguard/event"
)

func TestOutcomes(t *testing.T) {
	tests := []struct {
		name, when string
		response   *capture.Response
		want       bool
	}{
		{"status", "{ status: 302 }", response(302, ""), true},
		{"status list", "{ status: [200, 4xx] }", response(422, ""), true},
		{"status range", "{ status: 400-403 }", response(404, ""), false},
		{"redirect", "{ redirect: /account* }", response(302, "", "Location: /account/home?x=1"), true},
		{"absolute redirect", "{ redirect: /account }", response(303, "", "location: https://shop.example/account?x=1"), true},
		{"relative redirect", "{ redirect: /in/account }", response(302, "", "Location: account"), true},
		{"redirect elsewhere", "{ redirect: /account* }", response(302, "", "Location: /login"), false},
		{"redirect by query", "{ redirect: '*?error=*' }", response(302, "", "Location: /login?error=1"), true},
		{"location without redirect", "{ redirect: '*' }", response(201, "", "Location: /account"), false},
		{"header", "{ header: { x-mfa: '*' } }", response(200, "", "X-MFA: sms"), true},
		{"header absent", "{ header: { x-mfa: '!' } }", response(200, ""), true},
		{"header absent, but there", "{ header: { x-mfa: '!' } }", response(200, "", "X-Mfa: 1"), false},
		{"cookie", "{ cookie: 'wordpress_logged_in_*' }", response(302, "", "Set-Cookie: wordpress_logged_in_abc=ann; Path=/"), true},
		{"cookie deleted", "{ cookie: sid }", response(302, "", "Set-Cookie: sid=; Max-Age=0"), false},
		{"cookie expired", "{ cookie: sid }", response(302, "", "Set-Cookie: sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), false},
		{"cookie with age", "{ cookie: sid }", response(302, "", "Set-Cookie: sid=x; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Max-Age=60"), true},
		{"json present", "{ json: { '$.errors[0]': '*' } }", response(200, `{"errors":[{}]}`, jsonType), true},
		{"json null is absent", "{ json: { '$.errors': '!' } }", response(200, `{"errors":null}`, jsonType), true},
		{"json literal", "{ json: { $.ok: 'true', $.code: [1, 2] } }", response(200, `{"ok":true,"code":2}`, jsonType), true},
		{"json other literal", "{ json: { $.ok: true } }", response(200, `{"ok":false}`, jsonType), false},
		{"json of no JSON", "{ json: { $.ok: '!' } }", response(200, `<html>`, "Content-Type: text/html"), false},
		{"json with one key twice", "{ json: { $.ok: true } }", response(200, `{"ok":true,"ok":false}`, jsonType), false},
		{"body", "{ body_contains: [nothing, 'Enter your code'] }", response(200, "<p>Enter your code</p>"), true},
		{"body without", "{ body_contains: code }", response(200, "<p>"), false},
		{"all must hold", "{ status: 200, cookie: sid }", response(200, ""), false},
		{"none", "{}", response(500, ""), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := mustCompile(t, "specs:\n"+spec("a", "{ path: '/in/x' }")+
				"    outcome:\n      - { result: challenged, type: authentication_challenge, event: Second Factor, when: "+test.when+" }\n")
			e := observe(set, request("POST /in/x", ""), test.response)
			if got := e.Result == event.Challenged; got != test.want {
				t.Fatalf("result %q", e.Result)
			}
			if test.want && (e.Type != event.AuthenticationChallenge || e.Name != "Second Factor") {
				t.Errorf("event %q of type %q", e.Name, e.Type)
			}
			if !test.want && (e.Type != event.SessionUpdate || e.Name != "E") {
				t.Errorf("event %q of type %q", e.Name, e.Type)
			}
		})
	}
}

func TestNoResponseHasNoResult(t *testing.T) {
	set := mustCompile(t, outcome("{ result: success }"))
	if e := observe(set, request("POST /", ""), nil); e.Result != "" || e.HTTP.Status != 0 {
		t.Errorf("%+v", e)
	}
}

func TestCutResponseDecidesNothingByJSON(t *testing.T) {
	set := mustCompile(t, outcome("{ result: success, when: { json: { $.error: '!' } } }"))
	resp := response(200, `{"ok":1}`, jsonType)
	resp.Body.Truncated = true
	if e := observe(set, request("POST /", ""), resp); e.Result != "" || !hasIssue(e, "body_truncated", "") {
		t.Errorf("%q, %+v", e.Result, e.Issues)
	}
}
