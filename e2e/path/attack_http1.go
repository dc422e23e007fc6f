//go:build e2e

package path

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// corpora are messages that others made; see testdata/README.md.
//
//go:embed testdata/smuggling testdata/llhttp
var corpora embed.FS

// quiet is how long an answer is waited for that may never come.
const quiet = 200 * time.Millisecond

// routes lead to requests that no spec matches, that one is judged beside, and that are held.
func routes() []string { return []string{"/plain", "/seen/a", "/held"} }

// target is the request target of a part of an attack.
func target(route string, number int, part string) string {
	return fmt.Sprintf("%s?m=%d&part=%s", route, number, part)
}

func allAttacks() ([]attack, error) {
	gadgets, err := smugglingHeaders()
	if err != nil {
		return nil, err
	}
	var all []attack
	for _, route := range routes() {
		for _, gadget := range gadgets {
			for _, form := range gadgetForms() {
				all = append(all, form.attack(len(all), route, gadget.Name+", "+form.name, gadget.Header))
			}
		}
		for _, one := range ownAttacks() {
			all = append(all, one.attack(len(all), route, one.name, ""))
		}
	}
	frames, err := frameAttacks(gadgets, len(all))
	if err != nil {
		return nil, err
	}
	all = append(all, frames...)
	foreign, err := llhttpAttacks()
	return append(all, foreign...), err
}

// gadget is a spelling of Transfer-Encoding that some server takes for one and another does not.
type gadget struct {
	Name   string `json:"name"`
	Header string `json:"header_latin1"`
}

func smugglingHeaders() (all []gadget, err error) {
	text, err := corpora.ReadFile("testdata/smuggling/transfer-encoding-gadgets.jsonl")
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		var g gadget
		if err := json.Unmarshal(line, &g); err != nil {
			return nil, err
		}
		var raw []byte
		for _, letter := range g.Header {
			raw = append(raw, byte(letter))
		}
		g.Header = string(raw)
		all = append(all, g)
	}
	return all, nil
}

// form is a request with places to fill in: {first}, {smuggled} and {next} are targets, {header} is a header line, {inner} a
// whole smuggled request, {length} the length of what follows the empty line up to {end}, {size} that of {inner} in hex.
type form struct {
	name, text string
	// covered says that {inner} lies in a body of known length: it is nobody's request.
	covered bool
}

func gadgetForms() []form {
	const ending = "{end}GET {next} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	return []form{
		{"length, then it", "POST {first} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{header}\r\n\r\n0\r\n\r\n{inner}" + ending, true},
		{"it, then length", "POST {first} HTTP/1.1\r\nHost: a\r\n{header}\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{inner}" + ending, true},
		{"it with a length of the chunk's head", "POST {first} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n{header}\r\n\r\n{size}\r\n{inner}\r\n0\r\n\r\n" + ending, false},
		{"it alone", "POST {first} HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n0\r\n\r\n{inner}" + ending, false},
		{"it, then the right one", "POST {first} HTTP/1.1\r\nHost: a\r\n{header}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}" + ending, false},
		{"the right one, then it", "POST {first} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{header}\r\n\r\n0\r\n\r\n{inner}" + ending, false},
		{"length and it in HTTP/1.0", "POST {first} HTTP/1.0\r\nHost: a\r\nContent-Length: {length}\r\n{header}\r\n\r\n0\r\n\r\n{inner}" + ending, true},
		{"length and it, expecting", "POST {first} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n{header}\r\n\r\n0\r\n\r\n{inner}" + ending, true},
	}
}

// attack fills the form in.
func (f form) attack(number int, route, name, header string) attack {
	a := attack{name: name, number: number, unanswered: 1}
	inner := "GET " + target(route, number, "smuggled") + " HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
	text := strings.NewReplacer("{first}", target(route, number, "first"), "{next}", target(route, number, "next"), "{header}", header,
		"{inner}", inner, "{size}", fmt.Sprintf("%02x", len(inner))).Replace(f.text)
	body, rest, _ := strings.Cut(text, "{end}")
	if _, after, ok := strings.Cut(body, "\r\n\r\n"); ok {
		body = strings.ReplaceAll(body, "{length}", strconv.Itoa(len(after)))
	}
	method, _, _ := strings.Cut(strings.TrimSpace(body), " ")
	a.legitimate = []sighting{{Method: method, Target: target(route, number, "first")}}
	if !f.covered {
		a.legitimate = append(a.legitimate, sighting{Method: "GET", Target: target(route, number, "smuggled")})
	}
	a.legitimate = append(a.legitimate, sighting{Method: "GET", Target: target(route, number, "next")})
	// Every other time what follows is sent at once, and else when the first answer is there.
	parts := []string{body + rest}
	if number%2 == 1 {
		parts = []string{body, rest}
	}
	a.run = func(ctx context.Context, i *Instance) conversation { return speak(ctx, i.Clear, quiet, parts...) }
	return a
}

// llhttpAttacks are the requests of llhttp's tests, as they are and with the Host that most of them lack.
func llhttpAttacks() (all []attack, err error) {
	block := regexp.MustCompile("(?s)<!-- meta=\\{[^}]*\"type\": *\"([^\"]*)\"[^}]*\\} -->\\s*```http\n(.*?)```")
	files, err := corpora.ReadDir("testdata/llhttp/request")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := corpora.ReadFile(path.Join("testdata/llhttp/request", file.Name()))
		if err != nil {
			return nil, err
		}
		for n, found := range block.FindAllStringSubmatch(string(text), -1) {
			message := unescape(found[2])
			first, rest, _ := strings.Cut(message, "\r\n")
			for _, message := range []string{message, first + "\r\nHost: a\r\n" + rest} {
				parts := []string{message, "GET /plain?part=next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}
				all = append(all, attack{name: fmt.Sprintf("llhttp %s %d (%s)", file.Name(), n, found[1]), unanswered: 1,
					run: func(ctx context.Context, i *Instance) conversation { return speak(ctx, i.Clear, quiet, parts...) }})
			}
		}
	}
	if len(all) < 200 {
		return nil, fmt.Errorf("only %d of llhttp's cases could be read", len(all))
	}
	return all, nil
}

// unescape makes bytes of a case as llhttp's own test runner does.
func unescape(s string) string {
	s = strings.TrimSuffix(s, "\n")
	s = strings.ReplaceAll(s, "\\\n", "")
	s = strings.ReplaceAll(s, "\n", "\r\n")
	s = strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t", `\f`, "\f").Replace(s)
	return regexp.MustCompile(`\\x[0-9a-fA-F]{2}`).ReplaceAllStringFunc(s, func(x string) string {
		n, _ := strconv.ParseUint(x[2:], 16, 8)
		return string([]byte{byte(n)})
	})
}

// speak sends parts on a connection, each when something has come after the one before or nothing comes, and reads the
// answers until the connection ends or nothing comes for the time of quiet.
func speak(ctx context.Context, address string, quiet time.Duration, parts ...string) conversation {
	c := conversation{sent: strings.Join(parts, "")}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		c.problem = err
		return c
	}
	defer conn.Close()
	pieces := make(chan []byte)
	go func() {
		defer close(pieces)
		for {
			piece := make([]byte, 4096)
			n, err := conn.Read(piece)
			if n > 0 {
				pieces <- piece[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	var came []byte
	wait := func(limit time.Duration) (ended bool) {
		select {
		case piece, ok := <-pieces:
			came = append(came, piece...)
			return !ok
		case <-time.After(limit):
			return false
		}
	}
	ended := false
	for n, part := range parts {
		_, _ = io.WriteString(conn, part) // an end of the connection shows when it is read
		if n < len(parts)-1 && !ended {
			ended = wait(quiet)
		}
	}
	for before := -1; !ended && before != len(came); {
		before = len(came)
		ended = wait(quiet)
	}
	c.cut = !ended
	_ = conn.(*net.TCPConn).CloseWrite()
	for before := -1; !ended && before != len(came); {
		before = len(came)
		ended = wait(quiet)
	}
	_ = conn.Close()
	for piece := range pieces {
		came = append(came, piece...)
	}
	method, _, _ := strings.Cut(c.sent, " ")
	c.answers, c.problem = finalAnswers(came, method)
	return c
}

// finalAnswers reads answers; method is that of the first request.
func finalAnswers(text []byte, method string) (all []answered, err error) {
	r := bufio.NewReader(bytes.NewReader(text))
	for {
		if _, err := r.Peek(1); errors.Is(err, io.EOF) {
			return all, nil
		}
		response, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return all, fmt.Errorf("%w in %q", err, text)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return all, fmt.Errorf("%w in %q", err, text)
		}
		if response.StatusCode >= 200 {
			all = append(all, answered{response.StatusCode, response.Header.Get("X-Seen")})
			method = http.MethodGet
		}
	}
}
