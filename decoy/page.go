package decoy

import (
	"strconv"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// pageRows is how many things a decoy's page lists, at least; it lists up to twice as many.
const pageRows = 8

// Answer is what a decoy link leads to: a page, or JSON for who takes that, that lists things which do not exist. It is the same
// for the same session; ok is false for other paths.
func (t *Traps) Answer(head *capture.Request, session event.ID, now time.Time) (Answer, bool) {
	if t == nil {
		return Answer{}, false
	}
	for i := range t.list {
		trap := &t.list[i]
		if trap.link == "" || head.Path != trap.link {
			continue
		}
		r := t.set.draw("trap page", string(session), trap.name)
		accept := strings.ToLower(fieldValue(head.Header, "Accept"))
		asJSON := strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
		body, kind := trap.page(r, now), "text/html; charset=utf-8"
		if asJSON {
			body, kind = trap.list(r, now), "application/json"
		}
		// The spec's own answers were never seen: how long it takes is taken from nothing, and is near what pages take.
		q := question{set: t.set, spec: "decoy-" + trap.name, template: &policy.TemplateConfig{},
			noise: t.set.draw("trap noise", string(session), string(head.ID), trap.name)}
		a := Answer{Status: 200, Body: []byte(body), After: q.duration(nil, nil), Framing: Framing{Name: "Content-Length", At: 3}}
		a.Header = []capture.Field{{Name: "Content-Type", Value: kind}, {Name: "Cache-Control", Value: "no-store"}, {Name: "X-Robots-Tag", Value: "noindex, nofollow"}}
		return a, true
	}
	return Answer{}, false
}

// row is one of the things that do not exist.
type row struct {
	id   string
	at   time.Time
	size int
}

func (t *trap) rows(r *stream, now time.Time) []row {
	rows := make([]row, pageRows+r.below(pageRows))
	day := now.UTC().Truncate(24 * time.Hour)
	for i := range rows {
		day = day.Add(-time.Duration(1+r.below(9)) * 24 * time.Hour)
		rows[i] = row{id: r.text(digitLetters+"abcdef", 12), at: day.Add(time.Duration(r.below(86400)) * time.Second), size: 1000 + r.below(900_000)}
	}
	return rows
}

// title is the path's last word, for people.
func (t *trap) title() string {
	segments := segmentsOf(t.said)
	if len(segments) == 0 {
		return "Archive"
	}
	words := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' {
			return ' '
		}
		return r
	}, segments[len(segments)-1])
	return strings.ToUpper(words[:1]) + words[1:]
}

func (t *trap) page(r *stream, now time.Time) string {
	var out strings.Builder
	title := t.title()
	out.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + title + "</title>\n</head>\n<body>\n<h1>" + title +
		"</h1>\n<table>\n<thead><tr><th>ID</th><th>Created</th><th>Size</th></tr></thead>\n<tbody>\n")
	for _, row := range t.rows(r, now) {
		out.WriteString("<tr><td>" + row.id + "</td><td>" + row.at.Format("2006-01-02 15:04:05") + "</td><td>" + strconv.Itoa(row.size) + "</td></tr>\n")
	}
	out.WriteString("</tbody>\n</table>\n</body>\n</html>\n")
	return out.String()
}

func (t *trap) list(r *stream, now time.Time) string {
	var out strings.Builder
	out.WriteString(`{"items":[`)
	for i, row := range t.rows(r, now) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`{"id":"` + row.id + `","created_at":"` + row.at.Format(time.RFC3339) + `","size":` + strconv.Itoa(row.size) + `}`)
	}
	out.WriteString(`],"next":null}`)
	return out.String()
}
