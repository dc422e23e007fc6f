//go:build e2e

package path

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// message is an HTTP/1 message as it came: lines are not touched, only the chunked coding is undone.
type message struct {
	line             string
	fields, trailers []string
	body             string
}

// incoming is what one side received, read by a reader of the checks' own.
type incoming struct {
	messages []message
	// rest is what came behind an upgrade.
	rest string
	// whole says that the last message is complete without an end of the connection.
	whole bool
}

// readMessages reads what a side received. head is the method of the request where the messages are answers, "" where they
// are requests; ended says that the connection was closed.
func readMessages(raw []byte, head string, ended bool) (incoming, error) {
	in := incoming{whole: len(raw) > 0}
	for len(raw) > 0 {
		end := bytes.Index(raw, []byte("\r\n\r\n"))
		if end < 0 {
			in.whole = false
			return in, nil
		}
		lines := strings.Split(string(raw[:end]), "\r\n")
		m := message{line: lines[0], fields: lines[1:]}
		raw = raw[end+4:]
		upgraded := strings.HasPrefix(m.line, "HTTP/1.1 101")
		if upgraded || head == "" && m.value("upgrade") != "" {
			in.messages, in.rest = append(in.messages, m), string(raw)
			return in, nil
		}
		n, whole, err := m.take(raw, head, ended)
		if err != nil {
			return in, err
		}
		raw = raw[n:]
		in.messages = append(in.messages, m)
		// An interim answer is not the last one.
		in.whole = whole && (head == "" || !m.interim())
	}
	return in, nil
}

func (m message) interim() bool { return strings.HasPrefix(m.line, "HTTP/1.1 1") }

// value is the value of the first line of a name, "" where there is none.
func (m message) value(name string) string {
	for _, line := range m.fields {
		if key, value, _ := strings.Cut(line, ":"); strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// take reads the message's body off what came behind its head.
func (m *message) take(raw []byte, head string, ended bool) (n int, whole bool, err error) {
	status := ""
	if head != "" {
		_, status, _ = strings.Cut(m.line, " ")
	}
	switch {
	case head == "HEAD", strings.HasPrefix(status, "1"), strings.HasPrefix(status, "204"), strings.HasPrefix(status, "304"):
		return 0, true, nil
	case strings.EqualFold(m.value("transfer-encoding"), "chunked"):
		return m.takeChunks(raw)
	case m.value("content-length") != "":
		length, err := strconv.Atoi(m.value("content-length"))
		if err != nil {
			return 0, false, err
		}
		n = min(length, len(raw))
		m.body = string(raw[:n])
		return n, n == length, nil
	case head != "":
		m.body = string(raw)
		return len(raw), ended, nil
	}
	return 0, true, nil
}

func (m *message) takeChunks(raw []byte) (n int, whole bool, err error) {
	var body strings.Builder
	defer func() { m.body = body.String() }()
	for {
		end := bytes.Index(raw[n:], []byte("\r\n"))
		if end < 0 {
			return len(raw), false, nil
		}
		text, _, _ := strings.Cut(string(raw[n:n+end]), ";")
		size, err := strconv.ParseUint(strings.TrimSpace(text), 16, 31)
		if err != nil {
			return 0, false, fmt.Errorf("chunk size %q", text)
		}
		n += end + 2
		if size == 0 {
			break
		}
		if len(raw)-n < int(size)+2 {
			body.Write(raw[n:min(len(raw), n+int(size))])
			return len(raw), false, nil
		}
		body.Write(raw[n : n+int(size)])
		n += int(size) + 2
	}
	for {
		end := bytes.Index(raw[n:], []byte("\r\n"))
		if end < 0 {
			return len(raw), false, nil
		}
		line := string(raw[n : n+end])
		n += end + 2
		if line == "" {
			return n, true, nil
		}
		m.trailers = append(m.trailers, line)
	}
}

// forwarded gives the message without what a proxy may change: the hop-by-hop lines of the documentation, lines that
// Connection names, and what says who forwarded for whom.
func (m message) forwarded(upgrade bool) message {
	own := []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
	if !upgrade {
		own = append(own, "upgrade")
	}
	trailers := strings.EqualFold(m.value("te"), "trailers") // the one that goes on, named by Connection or not
	if !trailers {
		own = append(own, "te")
	}
	named := strings.Split(m.value("connection"), ",")
	kept := message{line: m.line, trailers: m.trailers, body: m.body}
	for _, line := range m.fields {
		name, _, _ := strings.Cut(line, ":")
		if !among(own, name) && (!among(named, name) || trailers && strings.EqualFold(name, "te")) {
			kept.fields = append(kept.fields, line)
		}
	}
	return kept
}

func among(names []string, name string) bool {
	for _, one := range names {
		if strings.EqualFold(strings.TrimSpace(one), name) {
			return true
		}
	}
	return false
}
