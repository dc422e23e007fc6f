//go:build e2e

package path

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// stream is a request over HTTP/2 as lists of pseudo-headers and headers, sent as they are: nothing is checked. In all values
// {first}, {smuggled}, {inner} and {length} are filled in as in a form; the body is {inner}, unless bare.
type stream struct {
	name string
	// instead takes the place of, or with an empty value leaves out, the pseudo-headers that have the same name; others follow
	// behind the usual ones.
	instead, fields, trailers []hpack.HeaderField
	bare                      bool
}

func field(name, value string) hpack.HeaderField { return hpack.HeaderField{Name: name, Value: value} }

// frameAttacks are the smuggling headers as HTTP/2 fields, and attacks that only frames can carry; through both doors.
func frameAttacks(gadgets []gadget, number int) (all []attack, err error) {
	streams := frameForms()
	for _, g := range gadgets {
		name, value, ok := strings.Cut(g.Header, ":")
		if !ok {
			continue
		}
		streams = append(streams,
			stream{name: g.Name + " as a field", fields: []hpack.HeaderField{field(strings.ToLower(name), value)}},
			stream{name: g.Name + " as a field beside a length", fields: []hpack.HeaderField{
				field("content-length", "{length}"), field(strings.ToLower(name), strings.TrimSpace(value))}})
	}
	for _, secure := range []bool{false, true} {
		for _, s := range streams {
			a, err := s.attack(number+len(all), secure)
			if err != nil {
				return nil, err
			}
			all = append(all, a)
		}
	}
	return all, nil
}

// attack makes the frames: the preface, the request as stream 1 and an innocent one as stream 3.
func (s stream) attack(number int, secure bool) (attack, error) {
	route := routes()[number%len(routes())]
	inner := "0\r\n\r\nGET " + target(route, number, "smuggled") + " HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
	fill := strings.NewReplacer("{first}", target(route, number, "first"), "{inner}", inner, "{length}", strconv.Itoa(len(inner)),
		"{smuggled}", target(route, number, "smuggled"))
	pseudo := []hpack.HeaderField{field(":method", "POST"), field(":scheme", "http"), field(":authority", "a"), field(":path", "{first}")}
	if secure {
		pseudo[1].Value = "https"
	}
	first, method := []hpack.HeaderField(nil), "POST"
	for _, one := range pseudo {
		for _, other := range s.instead {
			if other.Name == one.Name {
				one.Value = other.Value
			}
		}
		if one.Value != "" {
			first = append(first, one)
		}
		if one.Name == ":method" {
			method = one.Value
		}
	}
	first = append(first, s.fields...)
	next := []hpack.HeaderField{field(":method", "GET"), pseudo[1], field(":authority", "a"), field(":path", target(route, number, "next"))}
	frames, err := framesOf(fill, first, s.trailers, next, s.bare, inner)
	if err != nil {
		return attack{}, err
	}
	return attack{name: fmt.Sprintf("HTTP/2 (TLS %t), %s", secure, s.name), number: number, unanswered: 2, unordered: true,
		legitimate: []sighting{{Method: method, Target: target(route, number, "first")}, {Method: "GET", Target: target(route, number, "next")}},
		run: func(ctx context.Context, i *Instance) conversation {
			c := conversation{sent: fmt.Sprintf("%q %q", first, s.trailers)}
			c.answers, c.cut, c.problem = speakFrames(ctx, i, secure, frames)
			return c
		}}, nil
}

// framesOf writes the bytes of both streams.
func framesOf(fill *strings.Replacer, first, trailers, next []hpack.HeaderField, bare bool, body string) ([]byte, error) {
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	framer, encoder := http2.NewFramer(&out, nil), hpack.NewEncoder(&block)
	framer.AllowIllegalWrites = true
	var problems []error
	headers := func(id uint32, fields []hpack.HeaderField, end bool) {
		block.Reset()
		for _, f := range fields {
			problems = append(problems, encoder.WriteField(field(fill.Replace(f.Name), fill.Replace(f.Value))))
		}
		problems = append(problems, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: end}))
	}
	problems = append(problems, framer.WriteSettings())
	headers(1, first, bare && trailers == nil)
	if !bare {
		problems = append(problems, framer.WriteData(1, trailers == nil, []byte(body)))
	}
	if trailers != nil {
		headers(1, trailers, true)
	}
	headers(3, next, true)
	return out.Bytes(), errors.Join(problems...)
}

// speakFrames sends the frames and reads until both streams have ended, or the connection has, or nothing comes.
func speakFrames(ctx context.Context, i *Instance, secure bool, frames []byte) (all []answered, cut bool, err error) {
	conn, err := i.dial(ctx, secure, "h2")
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	_, _ = conn.Write(frames) // an end of the connection shows when it is read
	framer := http2.NewFramer(io.Discard, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for ended := 0; ended < 2; {
		_ = conn.SetReadDeadline(time.Now().Add(2 * quiet))
		f, err := framer.ReadFrame()
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			return all, true, nil
		case errors.Is(err, io.EOF), isReset(err):
			return all, false, nil
		case err != nil:
			return all, false, err
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			one := answered{}
			one.status, _ = strconv.Atoi(f.PseudoValue("status"))
			for _, h := range f.RegularFields() {
				if h.Name == "x-seen" {
					one.seen = h.Value
				}
			}
			if one.status >= 200 {
				all = append(all, one)
			}
			if f.StreamEnded() {
				ended++
			}
		case *http2.DataFrame:
			if f.StreamEnded() {
				ended++
			}
		case *http2.RSTStreamFrame:
			ended++
		}
	}
	return all, false, nil
}

// isReset says that the connection broke.
func isReset(err error) bool {
	var problem *net.OpError
	return errors.As(err, &problem)
}

// dial opens a connection to one of the doors; over TLS it agrees on a protocol.
func (i *Instance) dial(ctx context.Context, secure bool, protocol string) (net.Conn, error) {
	if !secure {
		return new(net.Dialer).DialContext(ctx, "tcp", i.Clear)
	}
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: Host, NextProtos: []string{protocol}}}
	return dialer.DialContext(ctx, "tcp", i.Secure)
}
