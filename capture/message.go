package capture

import (
	"time"

	"wayguard/element"
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
	scratch *Scratch
	header  []Field
	query   string
	path    *segments
	pattern *pattern
	// graphql are the names the spec matches; sources read those calls only.
	graphql []string
	body    Body
	limit   int
	// unpacked is how long the body may grow when it is decompressed.
	unpacked int
	response bool
	// at is the time of the exchange.
	at time.Time

	content content
	isRead  bool
	// trie holds the JSON paths that the spec asks the body for; scan what a pass over the body found of them.
	trie     *jsonTrie
	scan     *jsonScan
	scanned  scanState
	json     *jsonBody
	parts    *multipartBody
	requests *graphqlBody
	set      []setCookie
	setRead  bool
	issues   *issueList
}

// arena is the memory of the event's texts.
func (m *message) arena() *element.Arena { return &m.scratch.arena }

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

// cookies appends the values of a cookie: of the Cookie header in a request, of Set-Cookie in a response.
func (m *message) cookies(list []found, name string) []found {
	if m.response {
		for _, set := range m.setCookies() {
			if set.name == name && !set.deletes {
				list = append(list, found{text: set.value})
			}
		}
		return list
	}
	for cookie, value := range requestCookies(m.header) {
		if cookie == name {
			list = append(list, found{text: value})
		}
	}
	return list
}

// setCookies are the cookies that the response sets, read at the first call.
func (m *message) setCookies() []setCookie {
	if !m.setRead {
		start := len(m.scratch.cookies)
		m.scratch.cookies = setCookies(m.scratch.cookies, m.header, m.at)
		m.set, m.setRead = m.scratch.cookies[start:], true
	}
	return m.set
}

// headers appends the values of a header.
func (m *message) headers(list []found, name string) []found {
	for i := range m.header {
		if equalFold(m.header[i].Name, name) {
			list = append(list, found{text: m.header[i].Value})
		}
	}
	return list
}
