package http2

import (
	"strings"

	"golang.org/x/net/http2/hpack"

	"wayguard/http1"
)

// verdict is what is made of a request's head.
type verdict uint8

const (
	sound verdict = iota
	malformed
	tooLong
	refused
)

// mode is what is done with the fields of a block.
type mode uint8

const (
	ignoring mode = iota
	reading
)

// The pseudo fields of a request, as bits.
const (
	pseudoMethod = 1 << iota
	pseudoScheme
	pseudoAuthority
	pseudoPath
	pseudoProtocol
)

// fieldReader judges the fields of one block as they are decoded (RFC 9113 section 8).
type fieldReader struct {
	config  *Config
	mode    mode
	into    *Stream
	trailer bool

	size, count int
	bad, long   bool
	regular     bool // a regular field has come, so no pseudo field may
	pseudo      byte
	order       [2 * 5]byte // "m,a,s,p": the pseudo fields as they came
	ordered     int
	host        string
	hosts       int
	crumbs      int // cookie fields
}

func (r *fieldReader) begin(into *Stream, m mode) {
	*r = fieldReader{config: r.config, mode: m, into: into}
}

// add takes a field; false when no more are wanted.
func (r *fieldReader) add(f hpack.HeaderField) bool {
	r.size += int(f.Size())
	r.count++
	if r.size > r.config.HeaderBytes || r.count > r.config.HeaderFields {
		r.long = true
		return false
	}
	if r.mode == ignoring || r.bad {
		return true
	}
	if strings.HasPrefix(f.Name, ":") {
		r.bad = !r.addPseudo(f.Name, f.Value)
	} else {
		r.regular = true
		r.bad = !r.addRegular(f.Name, f.Value)
	}
	return true
}

func (r *fieldReader) addPseudo(name, value string) bool {
	if r.regular || r.trailer {
		return false
	}
	var bit, letter byte
	var place *string
	switch name {
	case ":method":
		bit, letter, place = pseudoMethod, 'm', &r.into.method
	case ":scheme":
		bit, letter, place = pseudoScheme, 's', &r.into.scheme
	case ":authority":
		bit, letter, place = pseudoAuthority, 'a', &r.into.authority
	case ":path":
		bit, letter, place = pseudoPath, 'p', &r.into.path
	case ":protocol":
		bit, letter, place = pseudoProtocol, 'r', &r.into.protocol
	}
	if bit == 0 || r.pseudo&bit != 0 {
		return false
	}
	r.pseudo |= bit
	r.order[r.ordered], r.order[r.ordered+1] = letter, ','
	r.ordered += 2
	*place = value
	return true
}

func (r *fieldReader) addRegular(name, value string) bool {
	ok, odd := validName(name)
	if !ok || !http1.ValidValue(value) || odd && readsAsFraming(name) {
		return false
	}
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return false
	case "te":
		if !strings.EqualFold(value, "trailers") {
			return false
		}
	case "host":
		r.host = value
		r.hosts++
		return r.hosts == 1 && !r.trailer
	case "content-length":
		if r.trailer || r.into.length >= 0 {
			return false
		}
		r.into.length = parseLength(value)
		if r.into.length < 0 {
			return false
		}
	case "cookie":
		r.crumbs++
	}
	r.into.fields = append(r.into.fields, http1.Field{Name: name, Value: value})
	return true
}

// finish judges the whole block.
func (r *fieldReader) finish(endStream bool) verdict {
	switch {
	case r.long:
		return tooLong
	case r.bad, !r.trailer && !r.complete(endStream):
		return malformed
	}
	if r.crumbs > 1 && !r.trailer {
		r.into.joinCookies()
	}
	return sound
}

// complete checks that the pseudo fields make a request (RFC 9113 section 8.3.1, RFC 8441 section 4).
func (r *fieldReader) complete(endStream bool) bool {
	s := r.into
	needed := byte(pseudoMethod | pseudoScheme | pseudoPath)
	switch {
	case r.pseudo&pseudoProtocol != 0:
		if s.method != "CONNECT" || !r.config.WebSocket || !http1.ValidName(s.protocol) {
			return false
		}
	case s.method == "CONNECT":
		if r.pseudo != pseudoMethod|pseudoAuthority {
			return false
		}
		needed = pseudoMethod
	}
	if r.pseudo&needed != needed || !http1.ValidMethod(s.method) {
		return false
	}
	if needed&pseudoPath != 0 && (!validScheme(s.scheme) || !http1.ValidTarget(s.path) || s.path == "*" && s.method != "OPTIONS") {
		return false
	}
	return r.sameHost() && !(endStream && s.length > 0)
}

// sameHost makes authority and Host one (RFC 9113 section 8.3.1): they must not differ, and one must be there.
func (r *fieldReader) sameHost() bool {
	s := r.into
	if r.pseudo&pseudoAuthority == 0 {
		s.authority = r.host
	}
	if !http1.ValidAuthority(s.authority) {
		return false
	}
	return r.hosts == 0 || withoutPort(s.authority, s.scheme) == withoutPort(r.host, s.scheme) ||
		strings.EqualFold(withoutPort(s.authority, s.scheme), withoutPort(r.host, s.scheme))
}

// withoutPort leaves out the port that a scheme has anyway.
func withoutPort(authority, scheme string) string {
	switch scheme {
	case "https":
		return strings.TrimSuffix(authority, ":443")
	case "http":
		return strings.TrimSuffix(authority, ":80")
	}
	return authority
}

// The bytes of a field name as HTTP/2 has it, a token without capitals, as bits: those below 64 and those above.
const (
	nameLow = 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'.' |
		0x3ff<<'0'
	nameHigh = 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64) | 0x3ffffff<<('a'-64)
	// plain are those without the odd ones: digits, letters and "-".
	plainLow  = 1<<'-' | 0x3ff<<'0'
	plainHigh = 0x3ffffff << ('a' - 64)
)

// validName says whether a field's name is allowed, and whether it has characters that some take for "-".
func validName(name string) (ok, odd bool) {
	for i := range len(name) {
		b := name[i]
		valid, plain := uint64(nameLow), uint64(plainLow)
		switch {
		case b >= 128:
			return false, false
		case b >= 64:
			valid, plain = nameHigh, plainHigh
		}
		if valid>>(b&63)&1 == 0 {
			return false, false
		}
		odd = odd || plain>>(b&63)&1 == 0
	}
	return name != "", odd
}

// readsAsFraming says whether a name with odd characters is Content-Length or Transfer-Encoding to those gateways that
// take every odd character for "-". http1 refuses them too.
func readsAsFraming(name string) bool {
	var room [len("transfer-encoding")]byte
	if len(name) > len(room) {
		return false
	}
	for i := range len(name) {
		room[i] = name[i]
		if b := name[i]; (b < 'a' || b > 'z') && (b < '0' || b > '9') {
			room[i] = '-'
		}
	}
	plain := string(room[:len(name)])
	return plain == "content-length" || plain == "transfer-encoding"
}

func validScheme(scheme string) bool {
	for i := range len(scheme) {
		b := scheme[i] | 0x20
		letter := 'a' <= b && b <= 'z'
		if !letter && (i == 0 || (b < '0' || b > '9') && !strings.ContainsRune("+-.", rune(scheme[i]))) {
			return false
		}
	}
	return scheme != "" && len(scheme) <= 16
}

// parseLength reads a Content-Length; -1 when it is none: digits only, and not beyond what an int64 holds.
func parseLength(value string) int64 {
	if value == "" || len(value) > 18 {
		return -1
	}
	n := int64(0)
	for i := range len(value) {
		if value[i] < '0' || value[i] > '9' {
			return -1
		}
		n = n*10 + int64(value[i]-'0')
	}
	return n
}
