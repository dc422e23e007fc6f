package integration

import (
	"context"
	"net/http"

	"wayguard/event"
)

// letter is a message before it takes the form that its receiver reads.
type letter struct {
	// id is the same each time the message is sent.
	id    event.ID
	alert Alert
	// more are the alerts that the message stands for besides the first.
	more []Alert
	// raw is the first alert as it stands in the outbox.
	raw []byte
	// title and text are what the template made, harmless where this kind of receiver puts them.
	title, text string
}

// carrier brings letters to one receiver. There is one for each kind of integration.
type carrier interface {
	carry(ctx context.Context, l *letter) outcome
	// show says what carry would send, without secrets.
	show(l *letter) Shown
}

// Shown is a message as its receiver would get it, without secrets.
type Shown struct {
	Integration string `json:"integration"`
	Kind        Kind   `json:"kind"`
	// Target is where it goes: scheme and host, as the rest may hold a token.
	Target string `json:"target"`
	// ContentType is that of Body; empty where there is none.
	ContentType string `json:"content_type,omitempty"`
	Body        string `json:"body"`
	// KnownBy is what the receiver can tell a repetition by, in words for people.
	KnownBy string `json:"known_by"`
}

// hidden stands for a secret in a preview.
const hidden = "•••"

// call is one HTTP request.
type call struct {
	method, url string
	header      http.Header
	body        []byte
}

func post(url string, body []byte) call {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	return call{method: http.MethodPost, url: url, header: header, body: body}
}

// The default texts of messages, by template.
const (
	defaultTitle = "{rating}: {because}"
	defaultText  = "{sentences}"
)

// wording is an integration's templates, ready to be filled in.
type wording struct {
	title, text, body template
	escape            func(string) string
}

func wordingOf(c IntegrationConfig) wording {
	w := wording{title: parseTemplate(orElse(c.Template.Title, defaultTitle)), text: parseTemplate(orElse(c.Template.Text, defaultText)),
		body: parseTemplate(c.Template.Body), escape: plain}
	if c.Kind == Slack {
		w.escape = inSlack
	}
	return w
}

// write fills the letter's title and text in. What is too long when it is filled in is left out rather than lost with the alert.
func (w wording) write(l *letter) {
	title, ok := w.title.render(l.word, func(value string) string { return w.escape(oneLine(value)) })
	if !ok || title == "" {
		title = w.escape(oneLine(l.alert.Because))
	}
	l.title = title
	l.text, _ = w.text.render(l.word, w.escape)
	if line := l.moreLine(); line != "" && !w.tellsMore() {
		if l.text != "" {
			l.text += "\n"
		}
		l.text += w.escape(line)
	}
}

// tellsMore says whether the operator put {more} somewhere himself.
func (w wording) tellsMore() bool {
	for _, t := range []template{w.title, w.text} {
		for _, name := range t.names() {
			if name == "more" {
				return true
			}
		}
	}
	return false
}

// custom is the body that the operator wrote, as JSON; false where he wrote none, or it cannot be filled in.
func (w wording) custom(l *letter) ([]byte, bool) {
	if len(w.body.parts) == 0 {
		return nil, false
	}
	text, ok := w.body.render(l.word, func(value string) string {
		if w.escape != nil {
			value = w.escape(value) // a visitor's markup must not work
		}
		return inJSON(value)
	})
	return []byte(text), ok
}
