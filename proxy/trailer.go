package proxy

import (
	"io"
	"net/http"
)

// carry makes the source the body that is forwarded, and sees to its trailers. net/http's transport sends what stands in
// the map when the body has ended; a map without names lets a visitor send trailers that were not announced.
func (p *passage) carry(source io.Reader) {
	if p.trailer == nil && p.request.ContentLength < 0 {
		p.trailer = make(http.Header, len(p.request.Trailer))
		for name := range p.request.Trailer {
			if !tagName(name, p.wire.tagPrefix) {
				p.trailer[name] = nil
			}
		}
	}
	p.in.Body = &carriedBody{source, p}
}

// carriedBody is the body that the transport reads. Closing it is left to net/http's server.
type carriedBody struct {
	io.Reader
	passage *passage
}

// Read passes on bytes and, at the end, the trailers, without those under the name of a tag.
func (b *carriedBody) Read(into []byte) (int, error) {
	n, err := b.Reader.Read(into)
	if err == io.EOF && b.passage.trailer != nil {
		// What reads ahead has ended before it gives the end of the body: nobody writes these any more.
		for name, values := range b.passage.request.Trailer {
			if !tagName(name, b.passage.wire.tagPrefix) {
				b.passage.trailer[name] = values
			}
		}
	}
	return n, err
}

// Close does nothing.
func (*carriedBody) Close() error { return nil }
