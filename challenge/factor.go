package challenge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wayguard/capture"
)

// returnLife is how far ahead, at most, the application may put the end of a return.
const returnLife = time.Hour

// handOver is where the application takes over: the operator's URL with the address to come back to and the one-time word in it.
func (s *Set) handOver(t ticket, head *capture.Request) string {
	back := head.Scheme + "://" + head.Host + s.path + "return?" + s.names.Check + "=" + t.write(head)
	return strings.NewReplacer("{return}", url.QueryEscape(back), "{state}", t.state()).Replace(s.factor.URL)
}

// state is the one-time word of a ticket as the application sees it.
func (t ticket) state() string { return base64.RawURLEncoding.EncodeToString(t.word[:]) }

// SignReturn is the signature of a return from the application, in hex: HMAC-SHA-256 with the shared secret over
// state|result|expires, where expires is in seconds since 1970. It is here as the reference for those who write the application's side.
func SignReturn(secret, state, result string, expires int64) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(state + "|" + result + "|" + strconv.FormatInt(expires, 10)))
	return hex.EncodeToString(mac.Sum(nil))
}

// comeBack takes the application's word: state, result ("passed" or anything else), expires, signature.
func (s *Set) comeBack(form url.Values, head *capture.Request, now time.Time) (Page, Outcome) {
	t, err := s.readTicket(form.Get(s.names.Check), head, now)
	switch {
	case errors.Is(err, errTicket) || t.kind != "second_factor":
		return s.useless(), Outcome{Result: Refused, Detail: "no valid ticket"}
	case s.Held(head, now).Enough(t.kind):
		return s.confirmed(t, ""), Outcome{}
	}
	detail := "expired"
	if err == nil {
		detail = s.returned(t, form, now)
	}
	if detail == "" && !s.memory.spend(t.word, t.issued, now) {
		detail = "used before"
	}
	if detail != "" {
		return s.page(s.renew(t, head, now), head, now, true), t.outcome(Refused, detail, now)
	}
	return s.confirmed(t, s.grant(t.kind, t.valid, t.word, head, now)), t.outcome(Passed, "", now)
}

// returned says what is wrong with a return; empty: nothing.
func (s *Set) returned(t ticket, form url.Values, now time.Time) string {
	expires, err := strconv.ParseInt(form.Get("expires"), 10, 64)
	state, result := form.Get("state"), form.Get("result")
	switch {
	case s.factor.Secret == "" || err != nil || state != t.state() ||
		!hmac.Equal([]byte(form.Get("signature")), []byte(SignReturn(s.factor.Secret, state, result, expires))):
		return "bad signature"
	case expires < now.Unix() || expires > now.Add(returnLife).Unix():
		return "expired"
	case result != "passed":
		return "not confirmed"
	}
	return ""
}

// confirmed goes on to where the visitor wanted to go; for a form that waits in another tab it says to go back there.
func (s *Set) confirmed(t ticket, setCookie string) Page {
	if !t.sealed {
		return redirect(303, s.safeAgain(t.path), setCookie)
	}
	p := s.pages.render(view{Title: "Thank you", Path: s.path, Text: "It is confirmed that it is you. Close this tab and continue in the one you came from."})
	p.Status = 200
	if setCookie != "" {
		p.Header = append(p.Header, capture.Field{Name: "Set-Cookie", Value: setCookie})
	}
	return p
}
