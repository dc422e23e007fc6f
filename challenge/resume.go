package challenge

import (
	"bytes"
	"errors"
	"net/url"
	"time"

	"wayguard/capture"
)

// Resumes says whether a request looks as if Resume had something to say of it, from the head and the beginning of the body (80 bytes
// are enough): only then is it worth while to read a body of up to ResumeLimit bytes whole.
func (s *Set) Resumes(head *capture.Request, beginning []byte) bool {
	return head.Method == "POST" && formType(head) == "application/x-www-form-urlencoded" &&
		bytes.HasPrefix(beginning, []byte(s.names.Check+"="))
}

// Resume finds the solution of a check in a form's body, and the original body with it; false: the request is none of ours and goes on
// as it is. It may wait for the Verifier.
func (s *Set) Resume(head *capture.Request, body []byte, now time.Time) (Resumed, bool) {
	if !s.Resumes(head, body) || len(body) > ResumeLimit {
		return Resumed{}, false
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return Resumed{}, false
	}
	contentType, original, late, err := s.open(form.Get(s.names.Body), head, now)
	if err != nil {
		return Resumed{}, false
	}
	r := Resumed{Body: original, ContentType: contentType}
	t, err := s.readTicket(form.Get(s.names.Check), head, now)
	switch {
	case errors.Is(err, errTicket) || !t.sealed:
		r.Outcome = Outcome{Result: Refused, Detail: "no valid ticket"}
	case s.Held(head, now).Enough(t.kind):
		// It was passed in the meantime: in another tab, or by the same form sent twice.
	default:
		if late {
			err = errExpired
		}
		r.SetCookie, r.Outcome = s.settle(t, err, form, head, now)
	}
	return r, true
}
