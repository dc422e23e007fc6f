package http1

// ResponseEdit is what forwarding changes in a response.
type ResponseEdit struct {
	Drop        Names                  // known names to leave out beside those that concern one connection
	DropNamed   func(name string) bool // further names to leave out; nil for none. It is not asked for the framing
	Add         []Field                // written after the lines that came, under the rules of AppendRequest
	KeepUpgrade bool                   // a 101: write Connection: Upgrade and the Upgrade line
	Close       bool                   // the visitor's connection ends after this response
	Framing     Framing                // how the body will be framed; the response's own where nothing changes
	Minor       int                    // the visitor's version: HTTP/1.0 is told Connection: keep-alive and gets no chunks
}

// AppendForward appends the head for the visitor: HTTP/1.1, the status and its reason, the lines as they came without
// those that concern one connection and the unknown ones that a Connection line lists. It does not allocate while dst has
// room. With a Bodiless framing of HEAD and 304 the Content-Length is what came; 1xx and 204 never have one.
func (r *Response) AppendForward(dst []byte, e *ResponseEdit) []byte {
	w := responseForwarder{copier: copier{appendStatusLine(dst, r.Status, r.Reason), r.head, int(r.starts[0])}, r: r, e: e, want: e.Framing}
	if w.want.Chunked && e.Minor == 0 {
		w.want = Framing{Length: -1, UntilClose: true}
	}
	if r.Status < 200 || r.Status == 204 {
		w.want, w.framed = Framing{Bodiless: true}, true
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

type responseForwarder struct {
	copier
	r               *Response
	e               *ResponseEdit
	want            Framing
	framed, upgrade bool // what is written already
}

// field decides about one line.
func (w *responseForwarder) field(i int, known Name) {
	start, end := w.r.starts[i], w.r.starts[i+1]
	f := &w.r.Fields[i]
	switch {
	case known == ContentLength || known == TransferEncoding:
		w.framing(start, end, f, known)
	case known == Other || known > HTTP2Settings:
		if w.dropped(f.Name, known) {
			w.leave(start, end)
		}
	default:
		w.leave(start, end)
		w.hop(f, known)
	}
}

func (w *responseForwarder) dropped(name string, known Name) bool {
	return w.e.Drop.Has(known) || known == Other && listed(w.r.listed, name) || w.e.DropNamed != nil && w.e.DropNamed(name)
}

// framing keeps a framing line in its place where it says what is to be said.
func (w *responseForwarder) framing(start, end int32, f *Field, known Name) {
	fits := !w.framed && known == ContentLength && !w.want.Chunked && !w.want.UntilClose &&
		(w.want.Bodiless && !w.e.Drop.Has(ContentLength) || !w.want.Bodiless && w.r.Framing.Length == w.want.Length)
	if fits && verbatim(w.head[start:end], f) {
		w.framed = true
		return
	}
	w.leave(start, end)
	switch {
	case fits:
		w.line(f.Name, f.Value)
	case !w.framed && w.want.Chunked && known == TransferEncoding:
		w.line(f.Name, "chunked")
	default:
		return
	}
	w.framed = true
}

// hop writes what is left of a line that concerns one connection.
func (w *responseForwarder) hop(f *Field, known Name) {
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
	case Trailer:
		if w.want.Chunked {
			w.line(f.Name, f.Value)
		}
	}
}

// addFraming writes the framing line that was not there, and what the visitor is told about the connection.
func (w *responseForwarder) addFraming() {
	switch {
	case w.framed || w.want.Bodiless || w.want.UntilClose:
	case w.want.Chunked:
		w.line("Transfer-Encoding", "chunked")
	default:
		w.dst = appendLength(w.dst, "Content-Length", max(w.want.Length, 0))
	}
	switch {
	case w.upgrade || w.r.Status < 200:
	case w.e.Close || w.want.UntilClose:
		w.line("Connection", "close")
	case w.e.Minor == 0:
		w.line("Connection", "keep-alive")
	}
}
