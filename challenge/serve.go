package challenge

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"wayguard/capture"
)

// Own says whether a path is answered by Serve.
func (s *Set) Own(path string) bool { return strings.HasPrefix(path, s.path) }

// Serve answers a request to an Own path; body is the request's, whole. It may wait for the Verifier.
func (s *Set) Serve(head *capture.Request, body []byte, now time.Time) (Page, Outcome) {
	if head.Method != "GET" && head.Method != "HEAD" && head.Method != "POST" {
		p := plain(405, "No such method here.")
		p.Header = append(p.Header, capture.Field{Name: "Allow", Value: "GET, HEAD, POST"})
		return p, Outcome{}
	}
	p, o := s.serve(strings.TrimPrefix(head.Path, s.path), head, body, now)
	if head.Method == "HEAD" {
		p.Body = nil
	}
	return p, o
}

func (s *Set) serve(name string, head *capture.Request, body []byte, now time.Time) (Page, Outcome) {
	switch {
	case name == "solve.js":
		return script(solveScript), Outcome{}
	case name == "check.js":
		return script(checkScript), Outcome{}
	case strings.HasPrefix(name, "seen/"):
		return s.seen(strings.TrimPrefix(name, "seen/"), head), Outcome{}
	}
	text := head.Query
	if head.Method == "POST" {
		text = string(body)
	}
	form, err := url.ParseQuery(text)
	switch {
	case err != nil:
		return plain(400, "The form cannot be read."), Outcome{}
	case name == "start" && head.Method != "POST":
		return s.start(form, head, now)
	case name == "pass" && head.Method != "HEAD":
		return s.pass(form, head, now)
	case name == "return" && head.Method == "GET":
		return s.comeBack(form, head, now)
	}
	return plain(404, "There is nothing here."), Outcome{}
}

func script(text []byte) Page {
	return Page{Status: 200, Body: text, Header: []capture.Field{{Name: "Content-Type", Value: "text/javascript; charset=utf-8"},
		{Name: "Cache-Control", Value: "public, max-age=3600"}, {Name: "X-Content-Type-Options", Value: "nosniff"},
		{Name: "X-Robots-Tag", Value: "noindex, nofollow"}}}
}

// start shows the check that a program was told of.
func (s *Set) start(form url.Values, head *capture.Request, now time.Time) (Page, Outcome) {
	t, err := s.readTicket(form.Get(s.names.Check), head, now)
	switch {
	case errors.Is(err, errTicket):
		return s.useless(), Outcome{Result: Refused, Detail: "no valid ticket"}
	case s.Held(head, now).Enough(t.kind):
		return redirect(303, t.path, ""), Outcome{}
	}
	return s.page(s.renew(t, head, now), head, now, false), t.outcome(Offered, "", now)
}

// pass verifies a solution.
func (s *Set) pass(form url.Values, head *capture.Request, now time.Time) (Page, Outcome) {
	t, err := s.readTicket(form.Get(s.names.Check), head, now)
	switch {
	case errors.Is(err, errTicket):
		return s.useless(), Outcome{Result: Refused, Detail: "no valid ticket"}
	case s.Held(head, now).Enough(t.kind):
		return redirect(303, s.safeAgain(t.path), ""), Outcome{}
	}
	setCookie, o := s.settle(t, err, form, head, now)
	if o.Result == Passed {
		return redirect(303, s.safeAgain(t.path), setCookie), o
	}
	return s.page(s.renew(t, head, now), head, now, true), o
}

// safeAgain looks a second time at where a visitor is sent: a ticket without a path is a sealed form's, which has none.
func (s *Set) safeAgain(path string) string { return safePath(path, "") }

// settle decides on a solution: the cookie to set and what became of it. expired is readTicket's error.
func (s *Set) settle(t ticket, expired error, form url.Values, head *capture.Request, now time.Time) (setCookie string, o Outcome) {
	if expired != nil {
		return "", t.outcome(Refused, "expired", now)
	}
	// A provider is asked once for each page: questions are not to be had without limit.
	asks := t.kind == "captcha" && s.provider != nil
	if asks && !s.memory.spend(t.word, t.issued, now) {
		return "", t.outcome(Refused, "used before", now)
	}
	ok, detail := s.solved(t, form, head, now)
	switch {
	case !ok:
		return "", t.outcome(Refused, detail, now)
	case !asks && !s.memory.spend(t.word, t.issued, now):
		return "", t.outcome(Refused, "used before", now)
	}
	valid := t.valid
	if detail == unreachable {
		valid = min(valid, openValid)
	}
	return s.grant(t.kind, valid, t.word, head, now), t.outcome(Passed, detail, now)
}

// renew is a ticket for the same check with a new word.
func (s *Set) renew(t ticket, head *capture.Request, now time.Time) ticket {
	t.word, t.issued, t.keys, t.sealed = s.memory.word(s.keys[0], string(head.ID), now), now, s.keys[0], false
	t.path = s.safeAgain(t.path)
	return t
}

// outcome is what became of a ticket.
func (t ticket) outcome(r Result, detail string, now time.Time) Outcome {
	return Outcome{Check: t.kind, Result: r, Detail: detail, Rating: t.rating, Took: max(0, now.Sub(t.issued))}
}

// useless is the page for a ticket that is not the visitor's.
func (s *Set) useless() Page {
	return s.pages.render(view{Title: "This check is not for this browser", Path: s.path, Text: "Please go back to the page you came from and load it again.",
		Link: &link{Address: "/", Text: "To the start page"}})
}
