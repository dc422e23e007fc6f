package proxy

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"wayguard/capture"
)

// heads are reused message heads, so that a request no spec matches leaves no garbage.
type heads struct{ pool sync.Pool }

// scratch is a head and the room to sort its names in.
type scratch struct {
	head  capture.Request
	names []string
}

// take fills a head from a request. net/http has lost the order of the headers, so they are given by name.
func (h *heads) take(r *http.Request, p *passage) *scratch {
	s, ok := h.pool.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	path, query, _ := requestTarget(r)
	s.head = capture.Request{
		Time:   time.Now().UTC().Truncate(time.Microsecond),
		Method: r.Method, Scheme: visitorScheme(r, p.peerTrusted), Host: r.Host, Path: path, Query: query,
		Peer: p.visitor, Header: s.head.Header[:0],
	}
	s.names = s.names[:0]
	for name := range r.Header {
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	for _, name := range s.names {
		for _, value := range r.Header[name] {
			s.head.Header = append(s.head.Header, capture.Field{Name: name, Value: value})
		}
	}
	return s
}

// give takes back a head that nobody kept.
func (h *heads) give(s *scratch) {
	clear(s.head.Header)
	s.head = capture.Request{Header: s.head.Header[:0]}
	clear(s.names)
	h.pool.Put(s)
}

// fields lists headers by name.
func fields(header http.Header) []capture.Field {
	names := make([]string, 0, len(header))
	count := 0
	for name, values := range header {
		names = append(names, name)
		count += len(values)
	}
	slices.Sort(names)
	list := make([]capture.Field, 0, count)
	for _, name := range names {
		for _, value := range header[name] {
			list = append(list, capture.Field{Name: name, Value: value})
		}
	}
	return list
}
