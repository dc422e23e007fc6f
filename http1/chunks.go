package http1

import "bytes"

// What the chunked coding may cost beside its data.
const (
	defaultTrailerBytes = 8 << 10
	mostSizeDigits      = 16      // of a chunk's size, leading zeros among them
	mostExtension       = 4 << 10 // bytes of one chunk's extensions
	mostExcess          = 16 << 10
)

// Chunks reads the chunked coding (RFC 9112 section 7.1) piece by piece. The zero value is ready; Reset makes it ready
// again. Chunk extensions are parsed and dropped.
type Chunks struct {
	Limits Limits // of the trailer section; zero bytes mean 8 KiB
	Padded bool   // accept white space after a chunk's size, as some old origin servers send it

	state     chunkState
	digits    int
	left      int64 // of the chunk: its size while it is read, then the data to come
	extended  int   // bytes of this chunk's extensions
	excess    int   // bytes beside the data that the data does not make up for
	extension extension
	section   []byte // the trailer section so far
	trailers  []Field
	known     []Name
	starts    []int32
	err       error
}

type chunkState uint8

const (
	inSize chunkState = iota
	inPadding
	inExtension
	inSizeEnd
	inData
	inDataCR
	inDataLF
	inTrailers
	chunksDone
)

// Reset makes c ready for another body. It keeps Limits and Padded.
func (c *Chunks) Reset() {
	*c = Chunks{Limits: c.Limits, Padded: c.Padded, section: c.section[:0], trailers: c.trailers[:0], known: c.known, starts: c.starts}
}

// Next reads on in in. data is the next piece of the body and lies in in; consumed is how much of in it took with the
// framing around it. With no data and not done, all of in is consumed and more is needed. After an error it is the same
// error forever; the Error's Status is 400, which is not the answer to give where the origin is at fault.
func (c *Chunks) Next(in []byte) (data []byte, consumed int, done bool, err error) {
	at := 0
	for c.err == nil && c.state != chunksDone && at < len(in) {
		switch c.state {
		case inData:
			n := int(min(c.left, int64(len(in)-at)))
			c.left -= int64(n)
			if c.left == 0 {
				c.state = inDataCR
			}
			return in[at : at+n], c.ahead(in, at+n), false, c.err
		case inTrailers:
			at += c.trailer(in[at:])
		default:
			c.octet(in[at])
			at++
		}
	}
	return nil, at, c.state == chunksDone && c.err == nil, c.err
}

// ahead takes the line end after a chunk's data along where it is there, which saves a call.
func (c *Chunks) ahead(in []byte, at int) int {
	if c.state == inDataCR && len(in)-at >= 2 && in[at] == '\r' && in[at+1] == '\n' {
		c.nextSize()
		return at + 2
	}
	return at
}

func (c *Chunks) nextSize() { c.state, c.digits, c.left, c.extended = inSize, 0, 0, 0 }

// octet takes in one byte of the framing.
func (c *Chunks) octet(b byte) {
	switch c.state {
	case inSize:
		c.size(b)
	case inPadding:
		if !isSpace(b) {
			c.afterSize(b)
		}
		c.extend()
	case inExtension:
		if b == '\r' && c.extension.mayEnd() {
			c.state = inSizeEnd
		} else if !c.extension.take(b) {
			c.fail(ReasonExtension)
		}
		c.extend()
	case inSizeEnd:
		c.sizeEnd(b)
	case inDataCR:
		c.expect(b, '\r', inDataLF)
	case inDataLF:
		c.expect(b, '\n', inSize)
		c.nextSize()
	}
}

func (c *Chunks) fail(reason string) {
	if c.err == nil {
		c.err = refuse(400, reason)
	}
}

func (c *Chunks) expect(b, want byte, next chunkState) {
	if b != want {
		c.fail(ReasonChunk)
	}
	c.state = next
}

func (c *Chunks) size(b byte) {
	digit := int64(b)
	switch {
	case '0' <= b && b <= '9':
		digit -= '0'
	case 'a' <= b && b <= 'f':
		digit -= 'a' - 10
	case 'A' <= b && b <= 'F':
		digit -= 'A' - 10
	case c.digits == 0:
		c.fail(ReasonChunk)
		return
	default:
		c.afterSize(b)
		return
	}
	if c.digits++; c.digits > mostSizeDigits || c.left > 1<<58 {
		c.fail(ReasonChunkSize)
		return
	}
	c.left = c.left<<4 | digit
}

// afterSize takes in the byte after the digits.
func (c *Chunks) afterSize(b byte) {
	switch {
	case b == '\r':
		c.state = inSizeEnd
	case b == ';':
		c.state, c.extension = inExtension, extension{}
	case c.Padded && isSpace(b):
		c.state = inPadding
	default:
		c.fail(ReasonChunk)
	}
}

func (c *Chunks) extend() {
	if c.extended++; c.extended > mostExtension {
		c.fail(ReasonExtension)
	}
}

// sizeEnd ends a size line. Many tiny chunks or large extensions cost much for little data: a body that goes on so is
// refused, by the measure of net/http: each line counts but for 16 bytes and twice its data.
func (c *Chunks) sizeEnd(b byte) {
	c.expect(b, '\n', inData)
	line := c.digits + c.extended + len("\r\n")
	c.excess = max(0, c.excess+line-16-int(min(2*c.left, mostExcess)))
	if c.excess > mostExcess {
		c.fail(ReasonExtension)
	}
	if c.left == 0 {
		c.state = inTrailers
	}
}

// trailer takes in what there is of one line of the trailer section.
func (c *Chunks) trailer(in []byte) (consumed int) {
	limits := c.Limits
	if limits.HeadBytes <= 0 {
		limits.HeadBytes = defaultTrailerBytes
	}
	limits = limits.filled()
	n := bytes.IndexByte(in, '\n') + 1
	if n == 0 {
		n = len(in)
	}
	if len(c.section)+n > limits.HeadBytes {
		c.fail(ReasonHeadSize)
		return n
	}
	c.section = append(c.section, in[:n]...)
	if in[n-1] == '\n' && (len(c.section) == 2 || bytes.HasSuffix(c.section, []byte("\n\r\n"))) {
		c.finish(limits)
	} else if in[n-1] == '\n' && (len(c.section) < 2 || c.section[len(c.section)-2] != '\r') {
		c.fail(ReasonLineEnd)
	}
	return n
}

// finish parses the trailer section. Framing and routing fields in it are an attack. The other fields we know have no
// business there (RFC 9110 section 6.5.1), such as cookies, credentials or what describes the content: they are left out.
func (c *Chunks) finish(limits Limits) {
	c.state = chunksDone
	s := section{fields: c.trailers[:0], known: c.known[:0], starts: c.starts[:0], strict: true}
	_, err := s.parse(c.section, 0, limits)
	c.known, c.starts = s.known, s.starts
	switch {
	case err == ErrMore:
		c.fail(ReasonTrailer)
	case err != nil:
		c.err = err
	case s.present&NewNames(ContentLength, TransferEncoding, Host) != 0:
		c.fail(ReasonTrailer)
	}
	c.trailers = s.fields[:0]
	if c.err != nil {
		return
	}
	for i, known := range s.known {
		if known == Other || known == ETag {
			c.trailers = append(c.trailers, s.fields[i])
		}
	}
}

// Trailers are the trailer fields, in memory of their own, once Next was done and until Reset.
func (c *Chunks) Trailers() []Field {
	if c.state != chunksDone || c.err != nil {
		return nil
	}
	return c.trailers
}
