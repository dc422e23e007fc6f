package challenge

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"wayguard/capture"
)

// Askable says whether a request can be asked for a check at all: what browsers send ahead of calls to another origin, and without
// cookies, cannot (CORS preflights, Fetch Standard, section 4.8).
func (s *Set) Askable(head *capture.Request) bool {
	return head.Method != "OPTIONS" || len(head.Body.Bytes) > 0 || header(head, "Origin") == "" || header(head, "Access-Control-Request-Method") == ""
}

// Offer is what a request gets that must pass a check first: a page for a browser's navigation, a problem document for everything
// else that speaks HTTP, a status for gRPC. The head's Body, when it is whole, is kept in the page for navigations that carry a form.
// It is false for a request that is not Askable.
func (s *Set) Offer(a Ask, head *capture.Request, now time.Time) (Page, bool) {
	if !s.Askable(head) {
		return Page{}, false
	}
	t := s.issue(a, head, now)
	var p Page
	switch reader := audienceOf(head); reader {
	case grpcClient, grpcWeb:
		p = grpc(header(head, "Content-Type"), reader == grpcWeb)
	case program:
		t.path = s.refererPath(head)
		p = problem(t.kind, s.path+"start?"+s.names.Check+"="+t.write(head))
	default:
		p = s.page(t, head, now, a.Again)
	}
	if head.Method == "HEAD" {
		p.Body = nil
	}
	return p, true
}

// issue makes a ticket for a request.
func (s *Set) issue(a Ask, head *capture.Request, now time.Time) ticket {
	kind := a.Kind
	if Strength(kind) == 0 {
		kind = ForRating(a.Rating)
	}
	if kind == "second_factor" && s.factor.URL == "" {
		kind = "captcha"
	}
	valid := a.Valid
	if valid <= 0 {
		valid = time.Hour
	}
	t := ticket{kind: kind, rating: a.Rating, valid: min(valid, validMost), issued: now, word: s.memory.word(s.keys[0], string(head.ID), now), keys: s.keys[0]}
	switch {
	case head.Method != "POST":
		t.path = s.onward(head.Path, head.Query)
	case keepable(head):
		t.sealed = true
	default:
		t.path = s.refererPath(head)
	}
	return t
}

// onward is where a visitor goes on who came for a path: never to a path of our own, which would ask again.
func (s *Set) onward(path, query string) string {
	if s.Own(path) {
		return "/"
	}
	return safePath(path, query)
}

// refererPath is the path of the page that a request came from, if it is of the same host; "/" otherwise.
func (s *Set) refererPath(head *capture.Request) string {
	u, err := url.Parse(header(head, "Referer"))
	if err != nil || !strings.EqualFold(u.Host, head.Host) {
		return "/"
	}
	return s.onward(u.EscapedPath(), u.RawQuery)
}

// page is what a person gets for a ticket. again says that the last solution was refused: such a page waits for the visitor, so that
// nothing goes round by itself.
func (s *Set) page(t ticket, head *capture.Request, now time.Time, again bool) Page {
	switch {
	case t.kind == "cookie" && head.Method == "POST" && !s.Own(head.Path):
		// 307 has the browser send the form again, from wherever it came, with the cookie if it keeps any.
		return redirect(307, escape(head.Path, head.Query), s.grant(t.kind, t.valid, t.word, head, now))
	case t.kind == "cookie":
		return redirect(303, t.path, s.grant(t.kind, t.valid, t.word, head, now))
	case t.kind == "second_factor" && head.Method != "POST" && !again:
		return redirect(303, s.handOver(t, head), "")
	}
	lost := head.Method == "POST" && !t.sealed && !s.Own(head.Path)
	v := s.view(t, head, again || lost)
	if t.sealed {
		v.Action, v.Sealed = "", s.seal(head, now)
	}
	if again {
		v.Note = "That did not work. Please try again."
	}
	if lost {
		v.Text += " What you sent could not be kept: please send it again afterwards."
	}
	p := s.pages.render(v)
	if t.kind == "hints" {
		p.Header = append(p.Header, capture.Field{Name: "Accept-CH", Value: hintsAsked})
		if again && hinting(head) {
			p.Header = append(p.Header, capture.Field{Name: "Critical-CH", Value: hintsCritical})
		}
	}
	if t.kind == "preload" {
		p.Header = append(p.Header, capture.Field{Name: "Link", Value: "<" + v.Sheet + ">; rel=preload; as=style"})
	}
	return p
}

// view is the page of a ticket's check. hold keeps it from going on by itself.
func (s *Set) view(t ticket, head *capture.Request, hold bool) view {
	text := t.write(head)
	v := view{Title: "One moment, please", Path: s.path, Action: s.path + "pass", Names: s.names, Ticket: text, Hold: hold, Open: true, Mode: "wait"}
	switch t.kind {
	case "proof":
		v.Text = "Before you go on, your browser has to compute something. It shows that this visit is not one of very many."
		v.NoScript = "Your browser runs no scripts. That is fine: answer the question instead."
		v.Mode, v.Proof, v.Question = "proof", &proofView{t.word.spell() + ".", proofBits(t.rating)}, t.keys.ask(t.word).text
	case "captcha":
		s.captchaView(&v, t)
	case "second_factor":
		v.Title, v.Mode, v.Button = "Please confirm that it is you", "", true
		v.Text = "Confirm in the tab that opens, then come back to this one and continue."
		v.Link = &link{Address: s.handOver(t, head), Text: "Confirm", Tab: t.sealed}
		if !t.sealed {
			v.Text, v.Button = "It could not be confirmed that it is you.", false
		}
	default:
		s.waitView(&v, t, head, hold)
	}
	return v
}

// captchaView is the built-in captcha, or a provider's.
func (s *Set) captchaView(v *view, t ticket) {
	v.Title, v.Text = "Are you a person?", "Please say so, and this page goes on."
	if s.provider != nil {
		v.Mode, v.Provider, v.Button = "", s.provider, true
		v.NoScript = "This check needs scripts. Please allow them for this page and load it again."
		return
	}
	challenge, err := json.Marshal(t.captcha())
	if err == nil {
		v.Captcha = string(challenge)
	}
	v.Mode, v.Question = "captcha", t.keys.ask(t.word).text
	v.NoScript = "Your browser runs no scripts. That is fine: answer the question instead."
}

// waitView is the page of the checks that ask for nothing but a browser that behaves as one.
func (s *Set) waitView(v *view, t ticket, head *capture.Request, hold bool) {
	v.Text, v.Button = "This page goes on by itself in a few seconds; you need not do anything.", true
	if t.sealed || hold {
		v.Text = "Wait a few seconds, then press Continue if the page does not go on by itself."
	}
	// The page of a plain navigation goes on without scripts; that of a form cannot.
	if v.Open, v.Mode = hold, ""; t.sealed && !hold {
		v.Mode = "wait"
	} else if !hold {
		v.Next = s.path + "pass?" + s.names.Check + "=" + v.Ticket
	}
	if t.kind == "preload" {
		v.Sheet, v.Picture = s.probe(t, head, ".css"), s.probe(t, head, ".gif")
	}
	if t.kind != "refresh" {
		v.Question = t.keys.ask(t.word).text
	}
}
