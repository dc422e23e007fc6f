package decoy

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// occasion is what an answer is made for.
type occasion struct {
	said asked
	// moment is when the answer is given.
	moment time.Time
	// fate decides what is the same whenever the same is asked, noise what the origin makes anew each time, session what
	// lasts as long as the session.
	fate, noise, session *stream
	// memo is what the account got before.
	memo memo
	// canary is the made-up value that belongs behind a text.
	canary func(before string) (string, bool)
	// html and json say how the body is written.
	html, json bool
}

// render fills the template: the headers' values in their order, and the body.
func (t *template) render(o *occasion) (values []string, body string) {
	suited := t.suited(o.said)
	fitting := t.fitting(suited, o.memo)
	steady := fitting[o.fate.branch("donor").below(len(fitting))]
	passing := suited[o.noise.branch("donor").below(len(suited))]
	filled := make([]string, len(t.slots))
	last := len(t.sections) - 1
	write := func(n int) string {
		var out strings.Builder
		for _, p := range t.sections[n] {
			if p.slot < 0 {
				out.WriteString(p.text)
				continue
			}
			s := &t.slots[p.slot]
			donor := passing
			if s.choice {
				donor = steady
			}
			out.WriteString(t.fill(o, filled, p.slot, donor, n == last, body))
		}
		return out.String()
	}
	body = write(last)
	for n := range last {
		values = append(values, write(n))
	}
	return values, body
}

// fill is a slot's text, made once.
func (t *template) fill(o *occasion, filled []string, n, donor int, inBody bool, body string) string {
	s := &t.slots[n]
	if s.twin >= 0 {
		if filled[s.twin] == "" {
			filled[s.twin] = t.slots[s.twin].make(o, donor, inBody, body)
		}
		return filled[s.twin]
	}
	if filled[n] == "" {
		filled[n] = s.make(o, donor, inBody, body)
	}
	return filled[n]
}

func (s *slot) make(o *occasion, donor int, inBody bool, body string) string {
	if o.canary != nil {
		if text, ok := o.canary(s.before); ok {
			return text
		}
	}
	drawn := o.noise
	if s.lasting {
		drawn = o.session
	}
	drawn = drawn.branch(s.id)
	if s.counter != nil {
		return s.counter.next(o.moment, drawn)
	}
	var out strings.Builder
	for _, p := range s.donors[donor] {
		switch {
		case p.form >= 0:
			out.WriteString(s.forms[p.form].make(p.text, drawn))
		case p.what == "":
			out.WriteString(p.text)
		case strings.HasPrefix(p.what, "date:"):
			out.WriteString(writeMoment(p.what, o.moment.Add(wholeSeconds(p.what, p.after))))
		case strings.HasPrefix(p.what, "digest:"):
			out.WriteString(digest(p.what[len("digest:"):], []byte(body)))
		default:
			out.WriteString(o.repeat(p.what, inBody))
		}
	}
	return out.String()
}

// wholeSeconds is by how much a date differs from the answer's moment. One without fractions was cut to the second, so that it
// seems up to a second earlier than it was meant.
func wholeSeconds(what string, after time.Duration) time.Duration {
	if strings.Contains(what, ".0") || strings.HasPrefix(what, "date:ms") {
		return after
	}
	return time.Duration(math.Ceil(after.Seconds())) * time.Second
}

// leadsAway says whether a text, as an address to go to, leads to another host or runs as a script.
func leadsAway(text string) bool {
	text = strings.ToLower(strings.TrimLeft(text, " \t"))
	return strings.Contains(text, "\\") || strings.HasPrefix(text, "//") || strings.Contains(text, "://") ||
		strings.HasPrefix(text, "http:") || strings.HasPrefix(text, "https:") || strings.HasPrefix(text, "javascript:") || strings.HasPrefix(text, "data:")
}

// repeat is what the request said, in the spelling of the origin. In HTML and JSON it is escaped even where the origin was not
// seen to: nothing that a visitor says becomes markup by us.
func (o *occasion) repeat(what string, inBody bool) string {
	name, field, _ := strings.Cut(strings.TrimPrefix(what, "echo:"), ":")
	text, _ := o.said.find(field)
	spelled := spell(name, text)
	switch {
	case !inBody && leadsAway(spelled):
		// An origin that repeats where to go next has looked at it first, and that it did so cannot be learned.
		return "/"
	case !inBody:
		return strings.Map(headerLetter, spelled)
	case name != "raw" && name != "lower":
		if o.html && strings.ContainsAny(spelled, "<>") {
			return spell("html_named", spelled)
		}
		return spelled
	case o.html:
		return spell("html_named", spelled)
	case o.json:
		return spell("json", spelled)
	}
	return spelled
}

// headerLetter leaves out what a header's value may not hold.
func headerLetter(r rune) rune {
	if r < ' ' || r == 0x7f || r == utf8.RuneError {
		return -1
	}
	return r
}
