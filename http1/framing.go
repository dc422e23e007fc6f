package http1

import "math"

// Framing says where a message's body ends (RFC 9112 section 6).
type Framing struct {
	Length     int64 // bytes of the body; -1 when only reading tells
	Chunked    bool  // the chunked coding
	UntilClose bool  // a response that ends with its connection
	HasLength  bool  // there is a Content-Length line
	Bodiless   bool  // a response without a body whatever its lines say: to HEAD, 1xx, 204, 304; Parse leaves Length 0
}

// Empty reports that no body follows the head.
func (f Framing) Empty() bool { return f.Bodiless || f.Length == 0 && !f.Chunked && !f.UntilClose }

// parseLength reads a Content-Length: digits only, without leading zeros, which C programs read as octal.
func parseLength(value string) (int64, bool) {
	if value == "" || len(value) > 19 || value[0] == '0' && len(value) > 1 {
		return 0, false
	}
	var n uint64
	for i := range len(value) {
		digit := value[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = n*10 + uint64(digit)
	}
	return int64(n), n <= math.MaxInt64
}

// codingError is the refusal of a Transfer-Encoding that is not "chunked": 501 for a coding that exists but that we do not
// speak, 400 for anything else.
func codingError(value string) error {
	for i := range len(value) {
		if c := value[i]; octets[c]&tokenOctet == 0 && c != ',' && c != ' ' {
			return refuse(400, ReasonCoding)
		}
	}
	if value == "" {
		return refuse(400, ReasonCoding)
	}
	return refuse(501, ReasonCoding)
}

// framing reads the framing lines among fields. mergeLengths admits equal repeated lengths.
func (s *section) framing(minor int, mergeLengths bool) (Framing, error) {
	switch {
	case s.present&NewNames(ContentLength, TransferEncoding) == 0:
		return Framing{}, nil
	case s.present.Has(ContentLength) && s.present.Has(TransferEncoding), s.repeated.Has(TransferEncoding):
		return Framing{}, refuse(400, ReasonCoding)
	case s.repeated.Has(ContentLength) && !mergeLengths:
		return Framing{}, refuse(400, ReasonLength)
	}
	f := Framing{}
	for i, known := range s.known {
		value := s.fields[i].Value
		switch known {
		case TransferEncoding:
			if !equalFold(value, "chunked") {
				return Framing{}, codingError(value)
			}
			if minor == 0 {
				return Framing{}, refuse(400, ReasonCoding)
			}
			f = Framing{Length: -1, Chunked: true}
		case ContentLength:
			n, ok := parseLength(value)
			if !ok || f.HasLength && n != f.Length {
				return Framing{}, refuse(400, ReasonLength)
			}
			f = Framing{Length: n, HasLength: true}
		}
	}
	return f, nil
}
