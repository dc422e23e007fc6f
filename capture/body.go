package capture

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// The bounds of bodies, in bytes.
const (
	defaultBodyLimit = 64 << 10
	maxBodyLimit     = 4 << 20
	// expansionFactor is how much greater than its limit on the wire a body may grow when it is decompressed.
	expansionFactor = 8
	// maxCodings bounds the Content-Encodings laid over each other.
	maxCodings = 2
	// maxWindow bounds the memory of a decompressor.
	maxWindow = 8 << 20
)

// content is a body after its Content-Encoding is undone.
type content struct {
	media     string
	boundary  string
	data      []byte
	truncated bool
	// form is the data as a form, once formRead.
	form     string
	formRead bool
	// unreadable bodies have no data; an issue says why.
	unreadable bool
}

// read gives the message's content, undoing the Content-Encoding at the first call.
func (m *message) read() *content {
	c := &m.content
	if m.isRead {
		return c
	}
	m.isRead = true
	c.truncated = m.body.Truncated
	coded := m.contentType()
	data := m.body.Bytes
	if len(data) > m.limit {
		data, c.truncated = data[:m.limit], true
	}
	var codings []string
	if coded {
		codings = m.codings()
	}
	if len(codings) > maxCodings {
		c.unreadable = true
		m.issues.add("body_encoding", "", m.side()+" has more content encodings than are undone")
		return c
	}
	for _, coding := range codings {
		out, whole, err := decompress(coding, data, m.unpacked)
		if err != nil && (len(out) == 0 || !c.truncated) {
			c.unreadable = true
			m.issues.add("body_encoding", "", m.side()+": "+err.Error())
			return c
		}
		if err == nil && !whole {
			m.issues.add("body_too_large", "", m.side()+" decompresses to more than is read")
			c.truncated = true
		}
		data = out
	}
	c.data = data
	if c.truncated {
		m.issues.add("body_truncated", "", m.side()+" is longer than is read")
	}
	return c
}

// contentType reads the body's type, and says whether the head names a Content-Encoding.
func (m *message) contentType() (coded bool) {
	header, sent, several := "", false, false
	for i := range m.header {
		switch field := &m.header[i]; len(field.Name) {
		case len("content-type"):
			if equalFold(field.Name, "content-type") {
				if !sent {
					header, sent = field.Value, true
				}
				several = several || field.Value != header
			}
		case len("content-encoding"):
			coded = coded || equalFold(field.Name, "content-encoding")
		}
	}
	if several {
		m.content.unreadable = true
		m.issues.add("duplicate_key", "", m.side()+" has several content types")
		return coded
	}
	m.content.media, m.content.boundary = m.mediaType(header)
	return coded
}

// mediaType is a type in lower case; a charset other than UTF-8 makes the body unreadable.
func (m *message) mediaType(header string) (media, boundary string) {
	switch header {
	case "", "application/json", "application/x-www-form-urlencoded", "text/html", "text/plain", "text/xml":
		return header, "" // as nearly all of them are written
	case "application/json; charset=utf-8", "application/json;charset=utf-8", "application/json; charset=UTF-8", "application/json;charset=UTF-8":
		return "application/json", ""
	case "text/html; charset=utf-8", "text/html; charset=UTF-8":
		return "text/html", ""
	}
	media, parameters, err := mime.ParseMediaType(header)
	if err != nil && media == "" {
		media, _, _ = strings.Cut(header, ";")
		return strings.ToLower(strings.TrimSpace(media)), ""
	}
	switch strings.ToLower(parameters["charset"]) {
	case "", "utf-8", "utf8", "us-ascii":
	default:
		m.content.unreadable = true
		m.issues.add("unsupported_charset", "", m.side()+" is not UTF-8")
	}
	return media, parameters["boundary"]
}

// codings are the body's Content-Encodings, outermost first.
func (m *message) codings() []string {
	if len(m.body.Bytes) == 0 {
		return nil
	}
	var codings []string
	for _, field := range m.header {
		if !equalFold(field.Name, "content-encoding") {
			continue
		}
		for coding := range strings.SplitSeq(field.Value, ",") {
			coding = strings.ToLower(strings.TrimSpace(coding))
			if coding != "" && coding != "identity" {
				codings = append([]string{coding}, codings...)
			}
		}
	}
	return codings
}

// decompress undoes one coding up to a limit; whole is false when there was more. What was read before an error is
// returned with it.
func decompress(coding string, data []byte, limit int) (out []byte, whole bool, err error) {
	reader, err := decompressor(coding, data)
	if err != nil {
		return nil, false, err
	}
	defer reader.Close()
	out, err = io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	if len(out) > limit {
		return out[:limit], false, nil
	}
	if err != nil {
		// The library's text may quote bytes of the body.
		return out, false, errors.New("is broken " + coding)
	}
	return out, true, nil
}

func decompressor(coding string, data []byte) (io.ReadCloser, error) {
	source := bytes.NewReader(data)
	switch coding {
	case "gzip", "x-gzip":
		reader, err := gzip.NewReader(source)
		if err != nil {
			return nil, errors.New("is no gzip")
		}
		return reader, nil
	case "deflate":
		// RFC 9110 means zlib; some send bare DEFLATE, which no zlib header looks like.
		if reader, err := zlib.NewReader(source); err == nil {
			return reader, nil
		}
		return flate.NewReader(bytes.NewReader(data)), nil
	case "br":
		return io.NopCloser(brotli.NewReader(source)), nil
	case "zstd":
		reader, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, errors.New("is no zstd")
		}
		return reader.IOReadCloser(), nil
	}
	return nil, errors.New("has an unknown content encoding")
}

// starts gives the first byte of the content that is no white space, 0 when there is none.
func (c *content) starts() byte {
	for _, b := range c.data {
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b
		}
	}
	return 0
}
