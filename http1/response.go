package http1

// Response is the head of a response; as with Request, its strings share the memory of the buffer parsed.
type Response struct {
	Minor, Status int
	Reason        string // as sent, often empty
	Fields        []Field
	Known         []Name
	Present       Names
	Framing       Framing
	Close         bool   // the connection ends after this exchange
	Upgrade       string // "websocket" for a 101 that says so

	head   []byte
	starts []int32
	listed []string
}

// Parse reads a response's head at the start of buf; requestMethod decides about the body. The error is ErrMore or an
// *Error with status 502. It is as strict as with requests, but for Content-Length lines that repeat one length, which
// some servers send and which have one reading; AppendForward writes one of them.
func (r *Response) Parse(buf []byte, requestMethod string, limits Limits) (n int, err error) {
	limits = limits.filled()
	line, err := r.parseLine(buf)
	if err == nil {
		s := section{fields: r.Fields[:0], known: r.Known[:0], starts: r.starts[:0]}
		n, err = s.parse(buf, line, limits)
		r.Fields, r.Known, r.starts, r.Present = s.fields, s.known, s.starts, s.present
		if err == nil {
			if n > limits.HeadBytes {
				return 0, refuse(502, ReasonHeadSize)
			}
			r.head = buf[:n:n]
			err = r.settle(&s, requestMethod)
		}
	}
	if err = tooLarge(err, len(buf), limits, true); err != nil {
		return 0, badGateway(err)
	}
	return n, nil
}

// badGateway makes the refusal of an origin's message out of that of a visitor's.
func badGateway(err error) error {
	if refusal, ok := err.(*Error); ok {
		return refuse(502, refusal.Reason)
	}
	return err
}

// parseLine reads the status line. The space before an empty reason may be missing: many servers leave it out.
func (r *Response) parseLine(buf []byte) (next int, err error) {
	const version, code = len("HTTP/1.1"), len("HTTP/1.1 200")
	if r.Minor, err = parseVersion(buf, 0); err != nil {
		return 0, err
	}
	if len(buf) < code+1 {
		return 0, partialStatus(buf[version:])
	}
	if buf[version] != ' ' || partialStatus(buf[version:code]) != ErrMore {
		return 0, refuse(502, ReasonLine)
	}
	r.Status = int(buf[version+1]-'0')*100 + int(buf[version+2]-'0')*10 + int(buf[version+3]-'0')
	if r.Status < 100 {
		return 0, refuse(502, ReasonStatus)
	}
	r.Reason = ""
	if buf[code] == '\r' {
		return lineFeed(buf, code)
	}
	if buf[code] != ' ' {
		return 0, refuse(502, ReasonLine)
	}
	stop := valueEnd(buf, code+1)
	if stop+1 >= len(buf) || buf[stop] != '\r' || buf[stop+1] != '\n' {
		return 0, noValue(buf, stop)
	}
	r.Reason = text(buf, code+1, stop)
	return stop + 2, nil
}

// partialStatus judges the start of " 200": ErrMore while it may become one.
func partialStatus(b []byte) error {
	for i, c := range b {
		if i == 0 && c != ' ' || i > 0 && (c < '0' || c > '9') {
			return refuse(502, ReasonLine)
		}
	}
	return ErrMore
}

// settle draws what the known lines say about the connection and the body (RFC 9112 section 6.3).
func (r *Response) settle(s *section, requestMethod string) error {
	f, err := s.framing(r.Minor, true)
	if err != nil {
		return err
	}
	switch {
	case requestMethod == "CONNECT" && r.Status/100 == 2:
		return refuse(502, ReasonStatus)
	case requestMethod == "HEAD" || r.Status < 200 || r.Status == 204 || r.Status == 304:
		f = Framing{Bodiless: true, HasLength: f.HasLength}
	case !f.Chunked && !f.HasLength:
		f = Framing{Length: -1, UntilClose: true}
	}
	r.Framing, r.listed = f, r.listed[:0]
	var options connectionOptions
	if s.present.Has(Connection) {
		for i, known := range r.Known {
			if known != Connection {
				continue
			}
			if r.listed = options.read(r.Fields[i].Value, r.listed); len(r.listed) > mostListed {
				return refuse(502, ReasonConnection)
			}
		}
	}
	r.Close = options.closes(r.Minor) || f.UntilClose
	r.Upgrade = ""
	if r.Status == 101 && options.upgrade && !s.repeated.Has(Upgrade) && equalFold(r.Value(Upgrade), "websocket") {
		r.Upgrade = "websocket"
	}
	return nil
}

// Rebase copies the head to the end of memory, points every string there and returns memory as append does.
func (r *Response) Rebase(memory []byte) []byte {
	from := r.head
	memory = append(memory, from...)
	to := memory[len(memory)-len(from) : len(memory) : len(memory)]
	r.Reason = moved(r.Reason, from, to)
	moveFields(r.Fields, from, to)
	for i := range r.listed {
		r.listed[i] = moved(r.listed[i], from, to)
	}
	r.head = to
	return memory
}

// Hop reports whether the i-th field concerns the connection it came by only, which AppendForward leaves out: known ones, and
// unknown ones that a Connection line lists.
func (r *Response) Hop(i int) bool {
	known := r.Known[i]
	return known != Other && known <= HTTP2Settings || known == Other && listed(r.listed, r.Fields[i].Name)
}

// HeadBytes is the head as it came.
func (r *Response) HeadBytes() []byte { return r.head }

// Value is the value of the first line of that name, and "" without one.
func (r *Response) Value(name Name) string { return firstValue(r.Fields, r.Known, name) }
