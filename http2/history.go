package http2

// ended is how a stream ended.
type ended uint8

const (
	unknown         ended = iota
	endedBoth             // both sides said all they had to say
	endedByVisitor        // the visitor cancelled
	endedByUs             // we cancelled; what the visitor sent before it knew is ignored
	endedConnection       // with the connection
)

// history remembers how the last streams ended: what a late frame means depends on it (RFC 9113 section 5.1).
type history struct {
	streams [64]struct {
		id  uint32
		how ended
	}
	next int
}

func (h *history) add(id uint32, how ended) {
	h.streams[h.next].id, h.streams[h.next].how = id, how
	h.next = (h.next + 1) % len(h.streams)
}

func (h *history) find(id uint32) ended {
	for i := range h.streams {
		if h.streams[i].id == id {
			return h.streams[i].how
		}
	}
	return unknown
}
