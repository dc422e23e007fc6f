package http1

import "strings"

// section is a block of field lines while it is parsed. The slices come from the message and go back to it.
type section struct {
	fields   []Field
	known    []Name
	starts   []int32 // where each line starts in the buffer; one more says where the last one ends
	present  Names
	repeated Names
	strict   bool // refuse disguised framing fields and mark disguised forwarding fields: for requests
}

// parse reads lines from at on to the empty line, and tells where that ends.
func (s *section) parse(buf []byte, at int, limits Limits) (end int, err error) {
	for {
		s.starts = append(s.starts, int32(at))
		if at >= len(buf) {
			return 0, ErrMore
		}
		colon, classes := tokenEnd(buf, at)
		if colon == at || colon >= len(buf) || buf[colon] != ':' {
			return s.noName(buf, at, colon)
		}
		stop := valueEnd(buf, colon+1)
		if stop+1 >= len(buf) || buf[stop] != '\r' || buf[stop+1] != '\n' {
			return 0, noValue(buf, stop)
		}
		if len(s.fields) >= limits.Fields {
			return 0, refuse(431, ReasonFields)
		}
		if err = s.add(buf, at, colon, classes, stop); err != nil {
			return 0, err
		}
		at = stop + 2
	}
}

// add takes in the line from at on, with its colon and the end of its value. classes are those of the name's bytes.
func (s *section) add(buf []byte, at, colon int, classes byte, stop int) (err error) {
	from, to := colon+1, stop
	for from < to && isSpace(buf[from]) {
		from++
	}
	for from < to && isSpace(buf[to-1]) {
		to--
	}
	name := text(buf, at, colon)
	known := lookup(name)
	if classes&oddOctet != 0 && s.strict {
		if known, err = undisguise(name); err != nil {
			return err
		}
	}
	if known <= Host && known != Other && framingNames().Has(known) && (hasTab(buf[colon:from]) || hasTab(buf[to:stop])) {
		return refuse(400, ReasonValue)
	}
	s.repeated |= s.present & (1 << known)
	s.present |= 1 << known
	s.fields = append(s.fields, Field{name, text(buf, from, to)})
	s.known = append(s.known, known)
	return nil
}

// framingNames are the fields whose values must not have a tab before or after them. RFC 9112 admits it, but parsers do
// not agree on it, and nobody sends one who means well.
func framingNames() Names { return 1<<ContentLength | 1<<TransferEncoding | 1<<Host }

func hasTab(b []byte) bool {
	for _, c := range b {
		if c == '\t' {
			return true
		}
	}
	return false
}

// noName is for a line that does not start with a name and a colon: the empty line, an unfinished or a malformed one.
func (s *section) noName(buf []byte, at, stop int) (end int, err error) {
	if stop >= len(buf) {
		return 0, ErrMore
	}
	switch c := buf[stop]; {
	case stop > at && c != '\r' && c != '\n':
		return 0, refuse(400, ReasonName)
	case c == '\r' && stop+1 >= len(buf):
		return 0, ErrMore
	case c == '\r' && stop == at && buf[stop+1] == '\n':
		return at + 2, nil
	case c == '\r' && stop > at && buf[stop+1] == '\n':
		return 0, refuse(400, ReasonName)
	case c == '\r' || c == '\n':
		return 0, refuse(400, ReasonLineEnd)
	case isSpace(c):
		return 0, refuse(400, ReasonFold)
	}
	return 0, refuse(400, ReasonName)
}

// noValue is for a value that ends at stop with anything but CR LF.
func noValue(buf []byte, stop int) error {
	switch {
	case stop >= len(buf):
		return ErrMore
	case buf[stop] == '\r' && stop+1 >= len(buf):
		return ErrMore
	case buf[stop] == '\r' || buf[stop] == '\n':
		return refuse(400, ReasonLineEnd)
	}
	return refuse(400, ReasonValue)
}

// undisguise judges a name with odd characters. One that a gateway takes for a framing field is refused; one that it
// takes for a forwarding field, which would let a visitor speak for the proxy, is Disguised.
func undisguise(name string) (Name, error) {
	switch disguised(name) {
	case ContentLength, TransferEncoding:
		return Other, refuse(400, ReasonDisguise)
	case XForwarded, XForwardedFor, XForwardedHost, XForwardedPort, XForwardedProto, XRealIP, XClientIP, TrueClientIP,
		CFConnectingIP, FastlyClientIP:
		return Disguised, nil
	}
	return Other, nil
}

// tooLarge turns ErrMore into the refusal that is due when the head has used up its room.
func tooLarge(err error, size int, limits Limits, lineDone bool) error {
	if err != ErrMore || size < limits.HeadBytes {
		return err
	}
	if !lineDone {
		return refuse(414, ReasonTargetSize)
	}
	return refuse(431, ReasonHeadSize)
}

// cutOption is the first element of a comma-separated list, without white space around it, and the rest of the list.
func cutOption(list string) (option, rest string) {
	option, rest, _ = strings.Cut(list, ",")
	return trim(option), rest
}

// equalFold compares two field names or options; only ASCII letters fold.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
