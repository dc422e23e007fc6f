package shop

import (
	"compress/gzip"
	"net/http"
	"strings"
)

// compressed sends pages and JSON by gzip to those who take it, as servers do.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A stream must reach the visitor at once, and a WebSocket is no body at all.
		if r.URL.Path == "/events" || r.URL.Path == "/ws" || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w}
		defer c.end()
		next.ServeHTTP(c, r)
	})
}

// compressor decides by the answer's head whether its body is worth it.
type compressor struct {
	http.ResponseWriter
	begun bool
	gzip  *gzip.Writer
}

// WriteHeader implements http.ResponseWriter.
func (c *compressor) WriteHeader(status int) {
	if c.begun {
		return
	}
	c.begun = true
	kind := c.Header().Get("Content-Type")
	body := status != http.StatusNoContent && status != http.StatusNotModified
	if body && (strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "application/json")) {
		c.Header().Set("Content-Encoding", "gzip")
		c.Header().Add("Vary", "Accept-Encoding")
		c.Header().Del("Content-Length")
		c.gzip, _ = gzip.NewWriterLevel(c.ResponseWriter, gzip.BestSpeed) // the level is a known one
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *compressor) Write(part []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if c.gzip == nil {
		return c.ResponseWriter.Write(part)
	}
	return c.gzip.Write(part)
}

func (c *compressor) end() {
	if c.gzip != nil {
		_ = c.gzip.Close() // a visitor who has gone is not told
	}
}
