package decoy

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"wayguard/capture"
	"wayguard/event"
)

// simulated is an origin with a login that fails, as web applications have them.
type simulated struct {
	*rand.Rand
	now  time.Time
	json bool
	hits int
}

func newSimulated(seed uint64, json bool) *simulated {
	return &simulated{Rand: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), json: json}
}

func (o *simulated) hex(n int) string {
	raw := make([]byte, n/2)
	for i := range raw {
		raw[i] = byte(o.Uint32())
	}
	return hex.EncodeToString(raw)
}

func (o *simulated) base64(n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(o.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (o *simulated) uuid() string {
	h := o.hex(32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-" + string("89ab"[o.IntN(4)]) + h[17:20] + "-" + h[20:]
}

// username is what people and lists of stolen credentials hold.
func (o *simulated) username() string {
	first := strings.Fields("anna ben carla dimitri eva frank gina hugo ines jan katja leo mia nils olga paul quentin rosa sven tina uwe vera willi xenia yann zoe")
	last := strings.Fields("smith o'neil meyer garcia rossi kim tanaka dubois novak jensen")
	name := first[o.IntN(len(first))]
	switch o.IntN(4) {
	case 0:
		return name + "." + last[o.IntN(len(last))] + "@mail.example"
	case 1:
		return name + fmt.Sprint(o.IntN(2000))
	case 2:
		return last[o.IntN(len(last))] + "_" + name
	}
	return name + "@corp.example"
}

func (o *simulated) request(user string) (*capture.Request, *event.Event) {
	o.now = o.now.Add(time.Duration(20+o.IntN(400)) * time.Millisecond)
	o.hits++
	r := &capture.Request{ID: event.ID(o.uuid()), Time: o.now, Method: "POST", Scheme: "https", Host: "shop.example", Path: "/login",
		Header: []capture.Field{{Name: "Accept", Value: "text/html,*/*"}, {Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}}
	r.Body.Bytes = []byte("action=login&username=" + url.QueryEscape(user) + "&password=" + o.hex(12))
	if o.json {
		r.Header = []capture.Field{{Name: "Accept", Value: "application/json"}, {Name: "Content-Type", Value: "application/json"}}
		r.Body.Bytes = fmt.Appendf(nil, `{"username":%q,"password":"%s"}`, user, o.hex(12))
	}
	e := &event.Event{ID: r.ID, Time: r.Time, Spec: "login", Result: event.Failure, Elements: []event.Element{{Name: "username", Value: user}},
		Evidence: event.Evidence{Address: fmt.Sprintf("198.51.100.%d", o.IntN(250))}}
	return r, e
}

// fails is the origin's answer to a login that fails.
func (o *simulated) fails(r *capture.Request, user string) *capture.Response {
	duration := time.Duration(math.Exp(o.NormFloat64()*0.35)*float64(80*time.Millisecond)) + 12*time.Millisecond
	sent := r.Time.Add(duration)
	date := sent.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	a := &capture.Response{Duration: duration}
	if o.json {
		reason := "wrong_password"
		if hashOf(user)%3 == 0 { // who has an account is in its database
			reason = "unknown_user"
		}
		body := fmt.Sprintf(`{"error":{"code":"%s","message":"The login did not succeed","user":%s,"request_id":"%s","at":%d},"links":["/help","/reset"]}`,
			reason, quoted(user), o.uuid(), sent.UnixMilli())
		a.Status = 401
		a.Header = []capture.Field{{Name: "x-powered-by", Value: "Express"}, {Name: "date", Value: date}, {Name: "content-type", Value: "application/json; charset=utf-8"},
			{Name: "content-length", Value: fmt.Sprint(len(body))}, {Name: "etag", Value: `W/"` + digest("express", []byte(body)) + `"`},
			{Name: "x-request-id", Value: o.base64(12)}}
		a.Body.Bytes = []byte(body)
		return a
	}
	token := o.hex(32)
	notice := `<p class="error">Invalid username or password.</p>`
	a.Status = 200
	a.Header = []capture.Field{{Name: "Server", Value: "nginx"}, {Name: "Date", Value: date}, {Name: "Content-Type", Value: "text/html; charset=UTF-8"},
		{Name: "Content-Length", Value: "0"}, {Name: "X-Request-Id", Value: o.uuid()},
		{Name: "Set-Cookie", Value: "csrf=" + token + "; expires=" + sent.Add(2*time.Hour).UTC().Format("Mon, 02-Jan-2006 15:04:05 GMT") + "; path=/"}}
	if o.IntN(5) == 0 {
		notice = `<div role="alert"><b>Too fast.</b> <span>Wait ` + fmt.Sprint(1+o.IntN(60)) + ` seconds, then try again.</span></div>`
		a.Status = 429
		a.Header = append(a.Header, capture.Field{Name: "Retry-After", Value: fmt.Sprint(1 + o.IntN(60))})
	}
	a.Body.Bytes = []byte(`<!DOCTYPE html><html><head><title>Log in</title><link rel="stylesheet" href="/a/app.3f29c1.css"></head><body>` + notice +
		`<form method="post" action="/login"><input type="hidden" name="csrf" value="` + token + `"><input name="username" value="` + html.EscapeString(user) +
		`"><input type="password" name="password"><button>Log in</button></form><footer>Rendered at ` + sent.UTC().Format("2006-01-02 15:04:05") +
		` by web-` + fmt.Sprint(1+o.IntN(4)) + `</footer></body></html>`)
	a.Header[3].Value = fmt.Sprint(len(a.Body.Bytes))
	return a
}

func quoted(text string) string { return `"` + spellJSON(text, false) + `"` }

// teach lets a set learn n answers.
func (o *simulated) teach(s *Set, n int) {
	for range n {
		user := o.username()
		r, e := o.request(user)
		s.Learn("login", event.Failure, r, o.fails(r, user), e)
	}
}

func testSet(tb testing.TB) *Set {
	tb.Helper()
	return New([]byte("0123456789abcdef0123456789abcdef"), Settings{})
}
