package integration

import (
	"net/http"
	"strings"
)

// Slack takes at most 3000 characters in a section and 2000 in a field (api.slack.com/reference/block-kit/blocks).
const (
	slackSection = 3000
	slackField   = 2000
)

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Verbatim keeps Slack from making links and mentions of what looks like some.
	Verbatim bool `json:"verbatim"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Fields   []slackText `json:"fields,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackMessage struct {
	// Text is what notifications show.
	Text        string       `json:"text"`
	Blocks      []slackBlock `json:"blocks"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
}

func mrkdwn(text string, n int) slackText {
	return slackText{Type: "mrkdwn", Text: clip(text, n), Verbatim: true}
}

// composeSlack makes the message of an incoming webhook: bold title, text, a table, the link, and the id by which people can
// tell a repetition, as Slack itself cannot.
func composeSlack(w wording, l *letter) []byte {
	if body, ok := w.custom(l); ok {
		return body
	}
	title, text := mrkdwn("*"+l.title+"*", slackSection), mrkdwn(l.text, slackSection)
	m := slackMessage{Text: l.title, Blocks: []slackBlock{{Type: "section", Text: &title}}}
	if l.text != "" {
		m.Blocks = append(m.Blocks, slackBlock{Type: "section", Text: &text})
	}
	var fields []slackText
	for _, f := range l.alert.facts() {
		fields = append(fields, mrkdwn("*"+f.name+"*\n"+inSlack(f.text), slackField))
	}
	m.Blocks = append(m.Blocks, slackBlock{Type: "section", Fields: fields[:min(len(fields), 10)]})
	foot := []slackText{mrkdwn("Wayguard "+string(l.id), slackField)}
	if l.alert.Link != "" {
		foot = append([]slackText{mrkdwn("<"+inSlack(strings.ReplaceAll(l.alert.Link, "|", "%7C"))+"|Open in the Hub>", slackSection)}, foot...)
	}
	m.Blocks = append(m.Blocks, slackBlock{Type: "context", Elements: foot})
	return encode(m)
}

// The parts of an Adaptive Card that are used (adaptivecards.io, version 1.4). Text is put into runs, which are no Markdown, so
// that nothing a visitor wrote becomes a link.
type cardRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Subtle bool   `json:"isSubtle,omitempty"`
}

type cardText struct {
	Type    string    `json:"type"`
	Inlines []cardRun `json:"inlines"`
}

type cardAction struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

type cardBody struct {
	Schema  string       `json:"$schema"`
	Type    string       `json:"type"`
	Version string       `json:"version"`
	Body    []cardText   `json:"body"`
	Actions []cardAction `json:"actions,omitempty"`
}

type cardAttachment struct {
	ContentType string   `json:"contentType"`
	Content     cardBody `json:"content"`
}

type cardMessage struct {
	Type        string           `json:"type"`
	Attachments []cardAttachment `json:"attachments"`
}

func runs(list ...cardRun) cardText {
	for i := range list {
		list[i].Type = "TextRun"
	}
	return cardText{Type: "RichTextBlock", Inlines: list}
}

// teamsText bounds a text of a card: Teams takes 28 KB for a message as a whole.
const teamsText = 6 << 10

// composeTeams makes the message that starts a workflow of Teams ("post to a channel when a webhook request is received").
func composeTeams(w wording, l *letter) []byte {
	if body, ok := w.custom(l); ok {
		return body
	}
	card := cardBody{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4"}
	card.Body = append(card.Body, runs(cardRun{Text: clip(l.title, maxWord), Weight: "Bolder", Size: "Large"}))
	for line := range strings.Lines(clip(l.text, teamsText)) {
		if line = strings.TrimSpace(line); line != "" {
			card.Body = append(card.Body, runs(cardRun{Text: line}))
		}
	}
	for _, f := range l.alert.facts() {
		card.Body = append(card.Body, runs(cardRun{Text: f.name + ": ", Weight: "Bolder"}, cardRun{Text: f.text}))
	}
	card.Body = append(card.Body, runs(cardRun{Text: "Wayguard " + string(l.id), Subtle: true, Size: "Small"}))
	if l.alert.Link != "" {
		card.Actions = []cardAction{{Type: "Action.OpenUrl", Title: "Open in the Hub", URL: l.alert.Link}}
	}
	return encode(cardMessage{Type: "message", Attachments: []cardAttachment{
		{ContentType: "application/vnd.microsoft.card.adaptive", Content: card}}})
}

const pagerDutyAddress = "https://events.pagerduty.com/v2/enqueue"

// pagerDutySummary is how long a summary may be, in bytes (Events API v2: 1024 characters).
const pagerDutySummary = 1024

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

type pagerDutyPayload struct {
	Summary       string            `json:"summary"`
	Source        string            `json:"source"`
	Severity      string            `json:"severity"`
	Timestamp     string            `json:"timestamp"`
	Component     string            `json:"component,omitempty"`
	Group         string            `json:"group,omitempty"`
	Class         string            `json:"class,omitempty"`
	CustomDetails map[string]string `json:"custom_details"`
}

type pagerDutyEvent struct {
	RoutingKey  string           `json:"routing_key"`
	EventAction string           `json:"event_action"`
	DedupKey    string           `json:"dedup_key"`
	Client      string           `json:"client"`
	ClientURL   string           `json:"client_url,omitempty"`
	Links       []pagerDutyLink  `json:"links,omitempty"`
	Payload     pagerDutyPayload `json:"payload"`
}

// pagerDutySeverity is the severity of a rating unless the operator says otherwise.
func pagerDutySeverity() map[string]string {
	return map[string]string{"normal": "info", "suspicious": "warning", "malicious": "critical"}
}

// composePagerDuty makes an event of the Events API v2. PagerDuty takes a second event with the same dedup_key for the same incident.
func composePagerDuty(c IntegrationConfig, l *letter) []byte {
	a := &l.alert
	rating := a.Rating.String()
	details := map[string]string{}
	for _, f := range a.facts() {
		details[strings.ToLower(f.name)] = f.text
	}
	if l.text != "" {
		details["text"] = clip(l.text, teamsText)
	}
	e := pagerDutyEvent{RoutingKey: c.RoutingKey, EventAction: "trigger", DedupKey: string(l.id), Client: "Wayguard", ClientURL: a.Link,
		Payload: pagerDutyPayload{Summary: clip(l.title, pagerDutySummary), Source: "wayguard/" + string(a.Environment),
			Severity: orElse(c.Severity[rating], pagerDutySeverity()[rating]), Timestamp: a.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
			Component: clip(a.EventName, maxWord), Group: string(a.Environment), Class: clip(a.Because, maxWord), CustomDetails: details}}
	if a.Link != "" {
		e.Links = []pagerDutyLink{{Href: a.Link, Text: "Open in the Hub"}}
	}
	return encode(e)
}

// headered adds the operator's headers and token.
func headered(c IntegrationConfig, header http.Header) {
	for name, value := range c.Headers {
		header.Set(name, value)
	}
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
}
