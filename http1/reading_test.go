package http1

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
)

// reading is one message as a parser reads it.
type reading struct {
	request  *Request  // one of the two, for heads read by us
	response *Response //
	framing  Framing
	body     []byte
	trailers []Field
	size     int // bytes of the whole message
}

// errShort says that the input ends before the message does.
var errShort = errors.New("short")

// split cuts data at random places; nil keeps it whole.
func split(data []byte, random *rand.Rand) [][]byte {
	if random == nil {
		return [][]byte{data}
	}
	var pieces [][]byte
	for len(data) > 0 {
		n := 1 + random.IntN(1+min(len(data), 1<<random.IntN(8)))
		n = min(n, len(data))
		pieces = append(pieces, data[:n])
		data = data[n:]
	}
	return pieces
}

// readBody reads a body framed by f at the start of data, in random pieces.
func readBody(f Framing, data []byte, random *rand.Rand) (body []byte, trailers []Field, size int, err error) {
	switch {
	case f.UntilClose:
		return data, nil, len(data), nil
	case !f.Chunked:
		if int64(len(data)) < f.Length {
			return nil, nil, 0, errShort
		}
		return data[:f.Length], nil, int(f.Length), nil
	}
	var chunks Chunks
	for _, piece := range split(data, random) {
		for len(piece) > 0 {
			part, n, done, err := chunks.Next(piece)
			if err != nil {
				return nil, nil, 0, err
			}
			if n == 0 {
				return nil, nil, 0, errors.New("no progress")
			}
			body = append(body, part...)
			piece = piece[n:]
			size += n
			if done {
				return body, slices.Clone(chunks.Trailers()), size, nil
			}
			if len(part) == 0 && len(piece) > 0 {
				return nil, nil, 0, errors.New("input left without data")
			}
		}
	}
	return nil, nil, 0, errShort
}

// readRequest reads a whole request as the proxy would.
func readRequest(data []byte, random *rand.Rand) (reading, error) {
	r := &Request{}
	n, err := parseIn(data, random, func(b []byte) (int, error) { return r.Parse(b, Limits{}) })
	if err != nil {
		return reading{request: r}, err
	}
	body, trailers, size, err := readBody(r.Framing, data[n:], random)
	return reading{request: r, framing: r.Framing, body: body, trailers: trailers, size: n + size}, err
}

// readResponse reads a whole response to method.
func readResponse(data []byte, method string, random *rand.Rand) (reading, error) {
	r := &Response{}
	n, err := parseIn(data, random, func(b []byte) (int, error) { return r.Parse(b, method, Limits{}) })
	if err != nil {
		return reading{response: r}, err
	}
	body, trailers, size, err := readBody(r.Framing, data[n:], random)
	return reading{response: r, framing: r.Framing, body: body, trailers: trailers, size: n + size}, err
}

// parseIn parses a growing buffer, as it does when a head comes in pieces. It must not matter.
func parseIn(data []byte, random *rand.Rand, parse func([]byte) (int, error)) (int, error) {
	have := 0
	for _, piece := range split(data, random) {
		have += len(piece)
		if n, err := parse(bytes.Clone(data[:have])[:have:have]); err != ErrMore {
			return n, err
		}
	}
	return parse(bytes.Clone(data)) // nothing came, or the head is short
}

// valuesOf are the values by name, in order, with names folded.
func valuesOf(fields []Field) map[string][]string {
	all := map[string][]string{}
	for _, f := range fields {
		name := foldName(f.Name)
		all[name] = append(all[name], f.Value)
	}
	return all
}

func foldName(name string) string {
	b := []byte(name)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}
