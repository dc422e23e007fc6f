package http1

// extension follows chunk extensions: *( ";" token [ "=" ( token / quoted-string ) ] ). It admits none of the white space
// that RFC 9112 calls bad.
type extension struct{ state extensionState }

type extensionState uint8

const (
	nameStart extensionState = iota // after ";"
	inName
	valueStart // after "="
	inToken
	inQuotes
	afterBackslash
	afterQuotes
)

// mayEnd reports whether the line may end here.
func (x *extension) mayEnd() bool {
	return x.state == inName || x.state == inToken || x.state == afterQuotes
}

// take takes in one byte, or reports that it does not belong there.
func (x *extension) take(b byte) bool {
	token := octets[b]&tokenOctet != 0
	visible := b >= ' ' && b != 0x7f || b == '\t'
	switch x.state {
	case nameStart:
		x.state = inName
		return token
	case inName:
		switch b {
		case '=':
			x.state = valueStart
			return true
		case ';':
			x.state = nameStart
			return true
		}
		return token
	case valueStart:
		x.state = inToken
		if b == '"' {
			x.state = inQuotes
			return true
		}
		return token
	case inQuotes:
		switch b {
		case '"':
			x.state = afterQuotes
		case '\\':
			x.state = afterBackslash
		}
		return visible
	case afterBackslash:
		x.state = inQuotes
		return visible
	}
	if b == ';' {
		x.state = nameStart
		return true
	}
	return x.state == inToken && token
}
