//go:build !linux

package socket

import (
	"sync"
)

// Conn's parts that only Linux needs more of.
type (
	asking  struct{}
	writing struct{ mu sync.Mutex }
)

// Serve calls ready at once, with first set, and again until it answers false. TryRead waits.
func (c *Conn) Serve(ready func(first bool) (wait bool)) error {
	for first := true; ready(first); first = false {
	}
	return nil
}

func (c *Conn) serveOnce(uintptr) bool { return true }

// TryRead waits for bytes here; io.EOF at the end of the stream.
func (c *Conn) TryRead(p []byte) (int, error) { return c.tcp.Read(p) }

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) { return c.tcp.Write(p) }

// WriteInside is Write.
func (c *Conn) WriteInside(p []byte) (int, error) { return c.Write(p) }

// Ask writes out and reads what comes next.
func (c *Conn) Ask(out, into []byte) (int, error) {
	if _, err := c.tcp.Write(out); err != nil {
		return 0, err
	}
	n, err := c.tcp.Read(into)
	if n > 0 {
		err = nil
	}
	return n, err
}

// HungUp cannot be told here without reading.
func (c *Conn) HungUp(int) (gone bool) { return false }

// Waiting cannot be told here without reading.
func (c *Conn) Waiting() (waiting bool) { return false }

// Progress cannot be told here.
func (c *Conn) Progress() (acknowledged uint64, waiting bool) { return 0, true }
