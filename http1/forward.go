package http1

import "strconv"

// Edit is what forwarding changes in a request.
type Edit struct {
	Target      string                 // "*" or with its "/"; "" leaves it as it came, an absolute-form in origin-form
	Host        string                 // "" leaves it as it came, or the authority of an absolute-form
	Drop        Names                  // known names to leave out beside those that concern one connection
	DropNamed   func(name string) bool // further names to leave out; nil for none. It is not asked for Host and framing
	Add         []Field                // written after the lines that came
	KeepUpgrade bool                   // write Connection: Upgrade and the Upgrade line
	DropExpect  bool
	Framing     Framing // how the body will be framed: Chunked, or Length
}

// copier copies the lines of a head in runs: what nobody touches is never looked at twice.
type copier struct {
	dst  []byte
	head []byte
	from int // the first byte of head not yet copied or left out
}

// leave copies what is before start and leaves out what is before end.
func (c *copier) leave(start, end int32) {
	if int(start) > c.from {
		c.dst = append(c.dst, c.head[c.from:start]...)
	}
	c.from = int(end)
}

func (c *copier) line(name, value string) { c.dst = appendLine(c.dst, name, value) }

func appendLine(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

func appendLength(dst []byte, name string, n int64) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, "\r\n"...)
}

// AppendForward appends the head for the next hop: HTTP/1.1, the lines as they came in order and spelling, without those
// that concern one connection (RFC 9110 section 7.6.1) and the unknown ones that a Connection line lists. Host and the
// framing line are written in the place and spelling they came in, or last. What an edit says that would break the head
// is ignored: a Target or Host that is not valid, a field in Add as AppendRequest leaves it out. It does not allocate
// while dst has room.
func (r *Request) AppendForward(dst []byte, e *Edit) []byte {
	w := requestForwarder{copier: copier{r.appendLine(dst, e), r.head, int(r.starts[0])}, r: r, e: e, host: r.Authority}
	if e.Host != "" && validAuthority(e.Host) {
		w.host = e.Host
	}
	if !r.Present.Has(Host) {
		w.line("Host", w.host) // empty when nobody knows it: RFC 9112 section 3.2 wants the line
	}
	keepUnknown := len(r.listed) == 0 && e.DropNamed == nil
	for i, known := range r.Known {
		if known != Other || !keepUnknown {
			w.field(i, known)
		}
	}
	last := r.starts[len(r.starts)-1]
	w.leave(last, last)
	w.addFraming()
	dst = w.dst
	for i := range e.Add {
		dst = appendField(dst, &e.Add[i])
	}
	return append(dst, "\r\n"...)
}

// appendLine appends the request line: the origin-form of an absolute-form, unless the edit has another target.
func (r *Request) appendLine(dst []byte, e *Edit) []byte {
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	switch {
	case e.Target != "" && ValidTarget(e.Target):
		dst = append(dst, e.Target...)
	case r.Scheme == "":
		dst = append(dst, r.Target...)
	default:
		dst = append(dst, r.Path...)
		if r.HasQuery {
			dst = append(dst, '?')
			dst = append(dst, r.Query...)
		}
	}
	return append(dst, " HTTP/1.1\r\n"...)
}

type requestForwarder struct {
	copier
	r                   *Request
	e                   *Edit
	host                string
	framed, te, upgrade bool // what is written already
}

// field decides about one line.
func (w *requestForwarder) field(i int, known Name) {
	start, end := w.r.starts[i], w.r.starts[i+1]
	f := &w.r.Fields[i]
	switch {
	case known == Host:
		if !verbatim(w.head[start:end], f) || f.Value != w.host {
			w.leave(start, end)
			w.line(f.Name, w.host)
		}
	case known == ContentLength || known == TransferEncoding:
		w.framing(start, end, f, known)
	case known == Other || known > HTTP2Settings && known < Disguised && known != Expect:
		if w.dropped(f.Name, known) {
			w.leave(start, end)
		}
	case known == Expect:
		if w.e.DropExpect || !w.r.Expect {
			w.leave(start, end)
		}
	default:
		w.leave(start, end)
		w.hop(f, known)
	}
}

func (w *requestForwarder) dropped(name string, known Name) bool {
	return w.e.Drop.Has(known) || known == Other && listed(w.r.listed, name) || w.e.DropNamed != nil && w.e.DropNamed(name)
}

func listed(options []string, name string) bool {
	for _, option := range options {
		if equalFold(option, name) {
			return true
		}
	}
	return false
}

// verbatim reports whether a line is its name, ": " and its value, with no more white space than that.
func verbatim(line []byte, f *Field) bool {
	return len(line) == len(f.Name)+len(": ")+len(f.Value)+len("\r\n") && line[len(f.Name)+1] == ' '
}

// framing keeps a framing line in its place where it says what is to be said.
func (w *requestForwarder) framing(start, end int32, f *Field, known Name) {
	want := w.e.Framing
	fits := !w.framed && !want.Chunked && known == ContentLength && w.r.Framing.Length == want.Length
	if fits && verbatim(w.head[start:end], f) {
		w.framed = true
		return
	}
	w.leave(start, end)
	switch {
	case fits:
		w.line(f.Name, f.Value)
	case !w.framed && want.Chunked && known == TransferEncoding:
		w.line(f.Name, "chunked")
	default:
		return
	}
	w.framed = true
}

// hop writes what is left of a line that concerns one connection.
func (w *requestForwarder) hop(f *Field, known Name) {
	switch known {
	case Connection:
		if w.e.KeepUpgrade && w.r.Upgrade != "" && !w.upgrade {
			w.line(f.Name, "Upgrade")
			w.upgrade = true
		}
	case Upgrade:
		if w.e.KeepUpgrade && w.r.Upgrade != "" {
			w.line(f.Name, f.Value)
		}
	case TE:
		if !w.te && wantsTrailers(f.Value) {
			w.line(f.Name, "trailers")
			w.te = true
		}
	case Trailer:
		if w.e.Framing.Chunked {
			w.line(f.Name, f.Value)
		}
	}
}

func wantsTrailers(list string) bool {
	for rest := list; rest != ""; {
		var option string
		if option, rest = cutOption(rest); equalFold(option, "trailers") {
			return true
		}
	}
	return false
}

// addFraming writes the framing line that was not there, and says that TE is for the next hop only.
func (w *requestForwarder) addFraming() {
	if w.te && !w.upgrade {
		w.line("Connection", "TE")
	}
	f := w.e.Framing
	switch {
	case w.framed:
	case f.Chunked:
		w.line("Transfer-Encoding", "chunked")
	case f.Length > 0 || f.HasLength:
		w.dst = appendLength(w.dst, "Content-Length", f.Length)
	}
}
