package proxy

import (
	"strings"
	"sync/atomic"
	"time"
)

// hintMemory is what a connection remembers of client hints: the host whose page asked for them last.
type hintMemory struct{ last atomic.Pointer[hintsAsked] }

type hintsAsked struct {
	host string
	at   time.Time
}

// hintDelay is how long after the answer a request over HTTP/2 may still have been sent before it.
const hintDelay = 2 * time.Second

// asked says whether an earlier answer on the connection asked for hints on behalf of a host, so that the visitor must have
// known when it sent this request. Where requests are on their way at the same time, that takes a while. A nil memory has
// none.
func (m *hintMemory) asked(host string, together bool, now func() time.Time) bool {
	if m == nil {
		return false
	}
	last := m.last.Load()
	return last != nil && equalFold(last.host, host) && (!together || now().Sub(last.at) >= hintDelay)
}

// noteHints remembers that the answer just given asked for hints. Browsers listen to that in answers to navigation alone.
func (p *passage) noteHints() {
	memory := p.asked.origin.hints
	if memory == nil || p.asked.origin.trusted || !p.directive.HintsAsked || !p.navigates() {
		return
	}
	if last := memory.last.Load(); last != nil && last.host == p.directive.Host {
		return
	}
	memory.last.Store(&hintsAsked{host: strings.Clone(p.directive.Host), at: time.Now()})
}

// navigates says whether the request is for a page of its own, not for one inside of another.
func (p *passage) navigates() bool {
	for i := range p.asked.fields {
		if field := &p.asked.fields[i]; equalFold(field.Name, "sec-fetch-dest") {
			return field.Value == "document"
		}
	}
	return false
}
