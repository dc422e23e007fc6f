package api

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

const (
	usualLimit = 20
	mostLimit  = 100
	// longestText bounds what is searched for, in bytes.
	longestText = 256
)

// page is a part of a list, with the address of the next.
type page struct {
	Data  any   `json:"data"`
	Links links `json:"links"`
}

type links struct {
	Next *string `json:"next"`
}

// asking reads a query string; what is wrong is gathered.
type asking struct {
	values   url.Values
	problems []payment.Problem
}

func ask(r *http.Request) *asking { return &asking{values: r.URL.Query()} }

func (q *asking) add(name, code, message string) {
	q.problems = append(q.problems, payment.Problem{Field: name, Code: code, Message: message})
}

func (q *asking) err() error {
	if len(q.problems) > 0 {
		return invalid(q.problems)
	}
	return nil
}

func (q *asking) text(name string) string { return q.atMost(name, longestText) }

// atMost reads a text of at most so many bytes.
func (q *asking) atMost(name string, most int) string {
	text := q.values.Get(name)
	if len(text) > most {
		q.add(name, "range", "is too long")
		return ""
	}
	return text
}

// texts reads a parameter that may be given several times.
func (q *asking) texts(name string, most int) []string {
	var texts []string
	for _, text := range q.values[name] {
		switch {
		case text == "":
			continue
		case len(text) > longestText:
			q.add(name, "range", "is too long")
		case len(texts) == most:
			q.add(name, "range", "is given too often")
			return nil
		default:
			texts = append(texts, text)
		}
	}
	return texts
}

func (q *asking) oneOf(name string, words ...string) string {
	text := q.values.Get(name)
	if text == "" {
		return ""
	}
	for _, word := range words {
		if word == text {
			return word
		}
	}
	q.add(name, "unknown", "there is no such value")
	return ""
}

// time reads a moment (RFC 3339) or a day.
func (q *asking) time(name string, otherwise time.Time) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return otherwise
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	q.add(name, "format", "must be a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31")
	return otherwise
}

// span reads from and to; the usual one is the last thirty days.
func (q *asking) span(now time.Time) (from, to time.Time) {
	to = q.time("to", now)
	from = q.time("from", to.Add(-30*day))
	if from.After(to) {
		q.add("from", "range", "must not lie after to")
	}
	return from, to
}

func (q *asking) limit() int {
	text := q.values.Get("limit")
	if text == "" {
		return usualLimit
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostLimit {
		q.add("limit", "range", "must lie between 1 and 100")
		return usualLimit
	}
	return n
}

// after reads a cursor, which hides the last id of the page before.
func (q *asking) after() event.ID {
	text := q.values.Get("after")
	if text == "" {
		return ""
	}
	id, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || !isID(string(id)) {
		q.add("after", "format", "is no cursor of this list")
		return ""
	}
	return event.ID(id)
}

// next is the address of the page after one that ends with an id; nil at the end.
func next(r *http.Request, last event.ID, more bool) links {
	if !more || last == "" {
		return links{}
	}
	query := r.URL.Query()
	query.Set("after", base64.RawURLEncoding.EncodeToString([]byte(last)))
	address := r.URL.EscapedPath() + "?" + query.Encode()
	return links{Next: &address}
}

// isID says whether a text is a UUID in its usual form; ids that are none are of nothing.
func isID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// pathID is the id in the path.
func pathID(r *http.Request) (event.ID, error) {
	if id := strings.ToLower(r.PathValue("id")); isID(id) { // RFC 9562, section 4: read in any case
		return event.ID(id), nil
	}
	return "", notFound()
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
