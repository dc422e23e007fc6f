package capture

import (
	"time"

	"wayguard/event"
)

// found is a value that a source yielded.
type found struct {
	text string
	// parts are the members of an object, for elements with parts.
	parts map[string]string
	// broken values could not be decoded, conflicting ones stand twice in a place where they may stand once.
	broken, conflicting bool
}

// message is one side of an exchange while its elements are taken. What is parsed once serves every source.
type message struct {
	header  []Field
	query   string
	path    *segments
	pattern *pattern
	// graphql are the names the spec matches; sources read those calls only.
	graphql  []string
	body     Body
	limit    int
	response bool
	// at is the time of the exchange.
	at time.Time

	content  *content
	json     *jsonBody
	parts    *multipartBody
	requests *graphqlBody
	issues   *issueList
}

// issueList gathers an event's issues, each once, and not more than a few.
type issueList struct{ list []event.Issue }

// maxIssues bounds the issues an event carries.
const maxIssues = 32

func (l *issueList) add(code, element, detail string) {
	issue := event.Issue{Code: code, Element: element, Detail: detail}
	for _, known := range l.list {
		if known == issue {
			return
		}
	}
	if len(l.list) < maxIssues {
		l.list = append(l.list, issue)
	}
}

// side names the message in an issue's detail.
func (m *message) side() string {
	if m.response {
		return "response body"
	}
	return "request body"
}

// cookies are the values of a cookie: of the Cookie header in a request, of Set-Cookie in a response.
func (m *message) cookies(name string) []found {
	var values []found
	if m.response {
		for _, set := range setCookies(m.header, m.at) {
			if set.name == name && !set.deletes {
				values = append(values, found{text: set.value})
			}
		}
		return values
	}
	for cookie, value := range requestCookies(m.header) {
		if cookie == name {
			values = append(values, found{text: value})
		}
	}
	return values
}

func (m *message) headers(name string) []found {
	var values []found
	for _, field := range m.header {
		if equalFold(field.Name, name) {
			values = append(values, found{text: field.Value})
		}
	}
	return values
}
