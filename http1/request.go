package http1

import "slices"

// Request is the head of a request. It is reusable: Parse keeps the memory of Fields and Known. Every string shares the
// memory of the buffer that was parsed and is valid as long as nobody writes to it; see Rebase.
type Request struct {
	Method    string
	Target    string // as sent
	Path      string // raw, of the origin-form: "/" for an absolute-form without one, "*", "" for CONNECT
	Query     string // raw, without the "?"
	HasQuery  bool
	Scheme    string  // of an absolute-form, as sent; "" otherwise
	Authority string  // the absolute-form's or CONNECT's, else Host's value; "" for HTTP/1.0 without Host
	Minor     int     // 0 or 1
	Fields    []Field // in the order and spelling sent
	Known     []Name  // what each of Fields is
	Present   Names   // which names there are, Other included
	Framing   Framing
	Close     bool   // the connection ends after this exchange
	Expect    bool   // Expect: 100-continue
	Upgrade   string // "websocket" when asked for by Connection and Upgrade, GET, HTTP/1.1 and without a body; else ""

	head   []byte   // from the request line to the empty line
	starts []int32  // where each line starts in head, and where the last one ends
	listed []string // the unknown names that Connection lines list
}

// mostEmptyLines are skipped before a request line (RFC 9112 section 2.2 asks for at least one).
const mostEmptyLines = 2

// mostListed bounds the unknown names in Connection lines, since each is compared with each line.
const mostListed = 16

// Parse reads a request's head at the start of buf. n is the bytes it takes with its empty line, and with up to two empty
// lines before it. The error is ErrMore or an *Error.
func (r *Request) Parse(buf []byte, limits Limits) (n int, err error) {
	limits = limits.filled()
	begin := 0
	for begin < 2*mostEmptyLines && begin+1 < len(buf) && buf[begin] == '\r' && buf[begin+1] == '\n' {
		begin += 2
	}
	if begin >= len(buf) || buf[begin] == '\r' && begin < 2*mostEmptyLines && begin+1 == len(buf) {
		return 0, ErrMore
	}
	line, err := r.parseLine(buf, begin)
	if err != nil {
		return 0, tooLarge(err, len(buf)-begin, limits, false)
	}
	s := section{fields: r.Fields[:0], known: r.Known[:0], starts: r.starts[:0], strict: true}
	n, err = s.parse(buf, line, limits)
	r.Fields, r.Known, r.starts, r.Present = s.fields, s.known, s.starts, s.present
	if err != nil {
		return 0, tooLarge(err, len(buf)-begin, limits, true)
	}
	if n-begin > limits.HeadBytes {
		return 0, refuse(431, ReasonHeadSize)
	}
	r.head = buf[begin:n:n]
	if begin > 0 {
		for i := range r.starts {
			r.starts[i] -= int32(begin)
		}
	}
	return n, r.settle(&s)
}

// settle draws what the known lines say about the connection and the body.
func (r *Request) settle(s *section) (err error) {
	if err = r.settleHost(s); err != nil {
		return err
	}
	if r.Framing, err = s.framing(r.Minor, false); err != nil {
		return err
	}
	r.Close, r.Expect, r.Upgrade, r.listed = r.Minor == 0, false, "", r.listed[:0]
	if s.present&NewNames(Connection, Expect, Trailer) == 0 {
		return nil
	}
	return r.settleConnection(s)
}

func (r *Request) settleHost(s *section) error {
	if !s.present.Has(Host) {
		if r.Minor == 1 {
			return refuse(400, ReasonHost)
		}
		return nil
	}
	host := r.Value(Host)
	if s.repeated.Has(Host) || !validAuthority(host) {
		return refuse(400, ReasonHost)
	}
	if r.Authority == "" {
		r.Authority = host
	}
	return nil
}

func (r *Request) settleConnection(s *section) error {
	var options connectionOptions
	for i, known := range r.Known {
		switch known {
		case Connection:
			if r.listed = options.read(r.Fields[i].Value, r.listed); len(r.listed) > mostListed {
				return refuse(400, ReasonConnection)
			}
		case Trailer:
			if r.Framing.Chunked && announcesFraming(r.Fields[i].Value) {
				return refuse(400, ReasonTrailer)
			}
		case Expect:
			if s.repeated.Has(Expect) || !equalFold(r.Fields[i].Value, "100-continue") {
				return refuse(417, ReasonExpect)
			}
			r.Expect = r.Minor == 1
		}
	}
	r.Close = options.closes(r.Minor)
	if options.upgrade && r.Minor == 1 && r.Method == "GET" && r.Framing.Empty() && !s.repeated.Has(Upgrade) &&
		equalFold(r.Value(Upgrade), "websocket") {
		r.Upgrade = "websocket"
	}
	return nil
}

// announcesFraming reports whether a Trailer line announces a field that may never be there.
func announcesFraming(list string) bool {
	for rest := list; rest != ""; {
		var option string
		option, rest = cutOption(rest)
		if option != "" && NewNames(ContentLength, TransferEncoding, Trailer, Host).Has(lookup(option)) {
			return true
		}
	}
	return false
}

// connectionOptions are what Connection lines say.
type connectionOptions struct{ close, keepAlive, upgrade bool }

// closes tells whether the connection ends (RFC 9112 section 9.3).
func (o connectionOptions) closes(minor int) bool { return o.close || minor == 0 && !o.keepAlive }

// read takes in a Connection line and appends the unknown names it lists. Known names are not listed: those that concern
// the connection are dropped anyway, and no visitor may have the others taken away (a cookie, the visitor's address, the
// length), which RFC 9110 section 7.6.1 forbids to list.
func (o *connectionOptions) read(list string, listed []string) []string {
	for rest := list; rest != ""; {
		var option string
		option, rest = cutOption(rest)
		switch {
		case equalFold(option, "close"):
			o.close = true
		case equalFold(option, "keep-alive"):
			o.keepAlive = true
		case equalFold(option, "upgrade"):
			o.upgrade = true
		case option != "" && lookup(option) == Other && len(listed) <= mostListed:
			listed = append(listed, option)
		}
	}
	return listed
}

// Rebase copies the head to the end of memory, points every string there and returns memory as append does. It is for
// who keeps a head longer than the buffer it came in.
func (r *Request) Rebase(memory []byte) []byte {
	from := r.head
	memory = append(memory, from...)
	to := memory[len(memory)-len(from) : len(memory) : len(memory)]
	for _, s := range []*string{&r.Method, &r.Target, &r.Path, &r.Query, &r.Scheme, &r.Authority} {
		*s = moved(*s, from, to)
	}
	moveFields(r.Fields, from, to)
	for i := range r.listed {
		r.listed[i] = moved(r.listed[i], from, to)
	}
	r.head = to
	return memory
}

func moveFields(fields []Field, from, to []byte) {
	for i := range fields {
		f := &fields[i]
		f.Name, f.Value = moved(f.Name, from, to), moved(f.Value, from, to)
	}
}

// HeadBytes is the head as it came, from the request line to the empty line.
func (r *Request) HeadBytes() []byte { return r.head }

// Value is the value of the first line of that name, and "" without one.
func (r *Request) Value(name Name) string { return firstValue(r.Fields, r.Known, name) }

func firstValue(fields []Field, known []Name, name Name) string {
	if i := slices.Index(known, name); i >= 0 {
		return fields[i].Value
	}
	return ""
}
