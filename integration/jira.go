package integration

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// jiraSummary is how long an issue's summary may be, in bytes (255 characters).
const jiraSummary = 255

// jiraProject is a project's key.
var jiraProject = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,19}$`)

// jiraCarrier makes issues in Jira Cloud (REST API v3). Jira has no idempotency key, so each issue carries its message's id as a label,
// and is searched for before it is made.
type jiraCarrier struct {
	config IntegrationConfig
	post   *postOffice
}

// adf is a node of the Atlassian Document Format.
type adf struct {
	Type    string    `json:"type"`
	Version int       `json:"version,omitempty"`
	Text    string    `json:"text,omitempty"`
	Content []adf     `json:"content,omitempty"`
	Marks   []adfMark `json:"marks,omitempty"`
}

type adfMark struct {
	Type  string            `json:"type"`
	Attrs map[string]string `json:"attrs,omitempty"`
}

func (j *jiraCarrier) label(l *letter) string { return "wayguard-" + string(l.id) }

func (j *jiraCarrier) header() http.Header {
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(j.config.User+":"+j.config.Token)))
	return header
}

func (j *jiraCarrier) address(path string) string {
	return strings.TrimSuffix(j.config.URL, "/") + path
}

func (j *jiraCarrier) carry(ctx context.Context, l *letter) outcome {
	query := encode(map[string]any{"jql": `project = "` + j.config.Project + `" AND labels = "` + j.label(l) + `"`,
		"fields": []string{"summary"}, "maxResults": 1})
	answer, o := j.post.exchange(ctx, call{http.MethodPost, j.address("/rest/api/3/search/jql"), j.header(), query})
	if o.reason != "" {
		o.reason = "search: " + o.reason
		return o
	}
	var found struct {
		Issues []struct{} `json:"issues"`
	}
	if json.Unmarshal(answer, &found) != nil {
		return failed("search: the answer is no JSON")
	}
	if len(found.Issues) > 0 {
		return outcome{} // an earlier attempt made it, and never heard so
	}
	_, o = j.post.exchange(ctx, call{http.MethodPost, j.address("/rest/api/3/issue"), j.header(), j.issue(l)})
	return o
}

// issue is the body that makes one. Text nodes are no markup, so nothing in them needs escaping.
func (j *jiraCarrier) issue(l *letter) []byte {
	document := adf{Type: "doc", Version: 1}
	for line := range strings.Lines(clip(l.text, teamsText)) {
		if line = strings.TrimSpace(line); line != "" {
			document.Content = append(document.Content, adf{Type: "paragraph", Content: []adf{{Type: "text", Text: line}}})
		}
	}
	list := adf{Type: "bulletList"}
	for _, f := range l.alert.facts() {
		list.Content = append(list.Content, adf{Type: "listItem", Content: []adf{{Type: "paragraph", Content: []adf{
			{Type: "text", Text: f.name + ": ", Marks: []adfMark{{Type: "strong"}}}, {Type: "text", Text: f.text}}}}})
	}
	document.Content = append(document.Content, list)
	if link := l.alert.Link; link != "" {
		document.Content = append(document.Content, adf{Type: "paragraph", Content: []adf{
			{Type: "text", Text: "Open in the Hub", Marks: []adfMark{{Type: "link", Attrs: map[string]string{"href": link}}}}}})
	}
	return encode(map[string]any{"fields": map[string]any{
		"project": map[string]string{"key": j.config.Project}, "issuetype": map[string]string{"name": j.config.IssueType},
		"summary": clip(l.title, jiraSummary), "description": document, "labels": []string{"wayguard", j.label(l)}}})
}

func (j *jiraCarrier) show(l *letter) Shown {
	return Shown{Target: hostOf(j.config.URL) + "/rest/api/3/issue", ContentType: "application/json", Body: string(j.issue(l)),
		KnownBy: "the label " + j.label(l) + ", which is searched for before the issue is made"}
}
