package proxy

import (
	"fmt"
	"net/http"
	"strconv"

	"wayguard/http1"
	"wayguard/site"
)

// own gives an answer of a site's; status stands where the answer has none of its own.
func (p *passage) own(answer *site.Answer, status int) {
	if answer.Status != 0 {
		status = answer.Status
	}
	fields := make([]http1.Field, 0, len(answer.Fields)+len(p.directive.AddResponse)+1)
	if answer.ContentType != "" {
		fields = append(fields, http1.Field{Name: "Content-Type", Value: answer.ContentType})
	}
	fields = append(fields, answer.Fields...)
	if p.directive.Answer != nil {
		fields = append(fields, p.directive.ResponseFields(p.asked.method, status, fields)...)
	}
	p.give(status, fields, answer.Body)
	p.noteHints()
}

// plain answers with a status and its name, as any server would.
func (p *passage) plain(status int, more ...http1.Field) {
	fields := append([]http1.Field{{Name: "Content-Type", Value: "text/plain; charset=utf-8"}}, more...)
	p.give(status, fields, []byte(statusText(status)))
}

// give gives an answer of our own. A visitor who has gone is no concern of ours.
func (p *passage) give(status int, fields []http1.Field, body []byte) {
	framing := http1.Framing{Length: int64(len(body)), HasLength: true}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		framing, body = http1.Framing{Bodiless: true}, nil
	}
	if p.asked.method == http.MethodHead {
		body = nil
	}
	p.head = reply{status: status, fields: fields, framing: framing}
	if p.visitor.respond(&p.head) != nil || p.visitor.write(body) != nil {
		return
	}
	_ = p.visitor.finish(nil)
}

func statusText(status int) string { return fmt.Sprintf("%d %s\n", status, http.StatusText(status)) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
