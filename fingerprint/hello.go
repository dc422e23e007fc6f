package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// The extensions JA4 treats apart, by their numbers in IANA's registry.
const (
	extensionServerName = 0x0000
	extensionALPN       = 0x0010
)

// Hello is what a client said about itself when it began TLS. Lists are in the order sent; GREASE values (RFC 8701) may
// be among them and are ignored. JA4 reads the lists and keeps none of them.
type Hello struct {
	// Version is the greatest version offered, as on the wire: 0x0304 for TLS 1.3.
	Version uint16
	// Ciphers are the cipher suites.
	Ciphers []uint16
	// Extensions are the numbers of all extensions, the server's name and ALPN included.
	Extensions []uint16
	// Curves are the supported groups. JA4 does not use them.
	Curves []uint16
	// SignatureSchemes are the signature algorithms accepted.
	SignatureSchemes []uint16
	// ALPN are the application protocols offered.
	ALPN []string
	// ServerName says that a server's name was sent.
	ServerName bool
	// QUIC says that the hello came inside QUIC, not over TCP.
	QUIC bool
}

// JA4 is the client's fingerprint, such as t13d1516h2_8daaf6152771_e5627efa2ab1: transport, version, name, counts and
// protocol; a hash of the sorted ciphers; a hash of the sorted extensions and the signature algorithms as sent.
func (h Hello) JA4() string {
	var room [64]uint16
	ciphers := withoutGrease(room[:0], h.Ciphers)
	var extensionRoom [64]uint16
	extensions := withoutGrease(extensionRoom[:0], h.Extensions)

	out := make([]byte, 0, 36)
	out = h.appendOpening(out, len(ciphers), len(extensions))
	out = append(out, '_')

	var text [1024]byte
	slices.Sort(ciphers)
	out = appendHash(out, appendNumbers(text[:0], ciphers))
	out = append(out, '_')
	return string(appendHash(out, h.appendExtensions(text[:0], extensions)))
}

// appendOpening writes the part that is read by people: t13d1516h2.
func (h Hello) appendOpening(out []byte, ciphers, extensions int) []byte {
	transport, name := byte('t'), byte('i')
	if h.QUIC {
		transport = 'q'
	}
	if h.ServerName {
		name = 'd'
	}
	out = append(out, transport)
	out = append(out, versionText(h.Version)...)
	out = append(out, name)
	out = appendCount(out, ciphers)
	out = appendCount(out, extensions)
	return appendProtocol(out, h.ALPN)
}

// appendExtensions writes the sorted extensions, without the two that tell the site rather than the software, and the
// signature algorithms in the order sent.
func (h Hello) appendExtensions(text []byte, extensions []uint16) []byte {
	extensions = slices.DeleteFunc(extensions, func(e uint16) bool { return e == extensionServerName || e == extensionALPN })
	slices.Sort(extensions)
	text = appendNumbers(text, extensions)
	var room [64]uint16
	if schemes := withoutGrease(room[:0], h.SignatureSchemes); len(schemes) > 0 {
		text = append(text, '_')
		text = appendNumbers(text, schemes)
	}
	return text
}

// grease is a value of RFC 8701: both bytes equal, each ending in hexadecimal a.
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func withoutGrease(room, values []uint16) []uint16 {
	for _, v := range values {
		if !grease(v) {
			room = append(room, v)
		}
	}
	return room
}

// versionText is JA4's two letters of a version; 00 for one it does not know.
func versionText(version uint16) string {
	switch version {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	}
	return "00"
}

// appendCount writes a number as two digits, at most 99.
func appendCount(out []byte, n int) []byte {
	n = min(n, 99)
	return append(out, byte('0'+n/10), byte('0'+n%10))
}

// appendProtocol writes the first and last character of the first protocol, of its hexadecimal form if either of the two
// is no letter or digit, and 00 if there is none.
func appendProtocol(out []byte, protocols []string) []byte {
	if len(protocols) == 0 || protocols[0] == "" {
		return append(out, "00"...)
	}
	protocol := protocols[0]
	first, last := protocol[0], protocol[len(protocol)-1]
	if !alphanumeric(first) || !alphanumeric(last) {
		const digits = "0123456789abcdef"
		return append(out, digits[first>>4], digits[last&0x0f])
	}
	return append(out, first, last)
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// appendNumbers writes values as 4 hexadecimal digits each, separated by commas.
func appendNumbers(text []byte, values []uint16) []byte {
	const digits = "0123456789abcdef"
	for i, v := range values {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, digits[v>>12], digits[v>>8&0x0f], digits[v>>4&0x0f], digits[v&0x0f])
	}
	return text
}

// appendHash writes the first 12 hexadecimal digits of the text's SHA-256, zeros if there is no text.
func appendHash(out, text []byte) []byte {
	if len(text) == 0 {
		return append(out, "000000000000"...)
	}
	sum := sha256.Sum256(text)
	return hex.AppendEncode(out, sum[:6])
}
