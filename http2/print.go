package http2

import "wayguard/fingerprint"

// fingerprinter keeps what a visitor's software does when it opens a connection, until the first request.
type fingerprinter struct {
	settings   []fingerprint.Setting
	priorities []fingerprint.Priority
	window     uint32
	done       bool
	text       string
}

// printMost bounds each list.
const printMost = 32

func (p *fingerprinter) setting(id uint16, value uint32) {
	if !p.done && len(p.settings) < printMost {
		p.settings = append(p.settings, fingerprint.Setting{ID: id, Value: value})
	}
}

func (p *fingerprinter) priority(f fingerprint.Priority) {
	if !p.done && len(p.priorities) < printMost {
		p.priorities = append(p.priorities, f)
	}
}

func (p *fingerprinter) windowUpdate(more uint32) {
	if !p.done && p.window == 0 {
		p.window = more
	}
}

// pseudo ends the opening with the order of the first request's pseudo fields.
func (p *fingerprinter) pseudo(r *fieldReader) {
	if p.done {
		return
	}
	text := fingerprint.HTTP2(p.settings, p.window, p.priorities, string(r.order[:max(r.ordered-1, 0)]))
	*p = fingerprinter{done: true, text: text}
}
