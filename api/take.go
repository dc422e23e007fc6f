package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// firstHold is what is taken for a body before any of it came, in bytes; holdGrowth is by how much that grows at a time.
const (
	firstHold  = 4 << 10
	holdGrowth = 4
)

// ending is why reading a body ended.
type ending int

const (
	// complete is a body that was read to its end.
	complete ending = iota
	// tooLong is a body with more bytes than are looked at, noRoom one for which there is no memory left. Both have a rest.
	tooLong
	noRoom
)

// taken is a body as far as it was read.
type taken struct {
	body []byte
	end  ending
	// held is what is held for it, in bytes.
	held int64
}

// hold takes memory; what was not given back before is given back when the request is answered. All bodies together take no more than
// mostHeld, and they are read after their senders were admitted.
func (a *API) hold(c *call, length int64) bool {
	if a.held.Add(length) > mostHeld {
		a.held.Add(-length)
		a.counts.overfull.Add(1)
		return false
	}
	c.held.Add(length)
	return true
}

// release gives memory back before the request is answered. Where it was answered meanwhile, all of it has been given back.
func (a *API) release(c *call, length int64) {
	for held := c.held.Load(); held >= length; held = c.held.Load() {
		if c.held.CompareAndSwap(held, held-length) {
			a.held.Add(-length)
			return
		}
	}
}

// take reads a body of at most that many bytes; announced is -1 where nobody said how long it is. Memory is taken as the body comes and not as it
// was announced, and what was too much of it is given back, so that neither slow nor small bodies keep others out.
func (a *API) take(w http.ResponseWriter, c *call, body io.Reader, announced, most int64) (taken, error) {
	last := most
	if announced >= 0 {
		last = min(last, announced)
	}
	var read []byte
	for {
		if len(read) == cap(read) {
			// One byte more than can come, so that the end is seen.
			size := min(max(firstHold, holdGrowth*int64(cap(read))), last+1)
			if size == int64(cap(read)) { // more than was announced, which net/http does not let happen
				size = most + 1
			}
			if !a.hold(c, size-int64(cap(read))) {
				return taken{body: read, end: noRoom, held: int64(cap(read))}, nil
			}
			read = append(make([]byte, 0, size), read...)
		}
		n, err := body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		switch {
		case int64(len(read)) > most:
			return taken{body: read, end: tooLong, held: int64(cap(read))}, nil
		case errors.Is(err, io.EOF):
			return a.fit(w, c, read), nil
		case err != nil:
			return taken{}, err
		}
	}
}

// fit ends the reading of a whole body: it keeps no more memory than it needs, and no deadline for reading. net/http goes on reading
// beside the handler, and a deadline that passed would end the request while a destination thinks or a backtest runs.
func (a *API) fit(w http.ResponseWriter, c *call, read []byte) taken {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // where it cannot be set, the server's own holds
	length, held := int64(len(read)), int64(cap(read))
	if held > length+1 {
		read = bytes.Clone(read)
	}
	a.release(c, held-length)
	return taken{body: read, held: length}
}

// onward is a body that was read in part: that part, whose memory is given back once it was read again, and its rest.
func (a *API) onward(c *call, read taken, rest io.Reader) io.Reader {
	return io.MultiReader(&lent{reader: bytes.NewReader(read.body), back: func() { a.release(c, read.held) }}, rest)
}

// lent calls back once it was read to its end.
type lent struct {
	reader io.Reader
	back   func()
}

// Read implements io.Reader.
func (l *lent) Read(data []byte) (int, error) {
	n, err := l.reader.Read(data)
	if err != nil && l.back != nil {
		l.back()
		l.back = nil
	}
	return n, err
}
