package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wayguard/event"
)

// The bounds of a message, in bytes: what receivers must take by UDP (RFC 5426, section 3.2) and what ours is cut to elsewhere.
const (
	syslogDatagram = 2048
	syslogStream   = 64 << 10
)

// syslogCarrier sends messages of RFC 5424 by UDP (RFC 5426), TCP with octet counting (RFC 6587) or TLS (RFC 5425).
type syslogCarrier struct {
	config IntegrationConfig
	post   *postOffice
	// host is the sender's own name.
	host string
	// brief leaves the structured data to the message's id: the text says everything already.
	brief bool
	// compose makes the message's text, of at most room bytes.
	compose func(l *letter, room int) string
	knownBy string
}

func (s *syslogCarrier) scheme() (network, host string) {
	parsed, err := url.Parse(s.config.Address)
	if err != nil {
		return "", ""
	}
	return parsed.Scheme, parsed.Host
}

// syslogSeverity is a rating's severity (RFC 5424, section 6.2.1).
func syslogSeverity(r event.Rating) int {
	switch r {
	case event.Malicious:
		return 2 // critical
	case event.Suspicious:
		return 4 // warning
	}
	return 6 // informational
}

// line is the message, without framing.
func (s *syslogCarrier) line(l *letter, limit int) string {
	a := &l.alert
	facility := 16 // local0
	if s.config.Facility != nil {
		facility = *s.config.Facility
	}
	var b strings.Builder
	b.WriteString("<" + strconv.Itoa(facility*8+syslogSeverity(a.Rating)) + ">1 ")
	b.WriteString(a.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
	// 32473 is the number that RFC 5612 keeps for examples: a structured element of one's own needs some number.
	b.WriteString(" " + syslogName(s.host) + " wayguard - alert [wayguard@32473")
	for i, param := range []fact{{"id", string(l.id)}, {"action", a.Action}, {"policy", a.Policy}, {"because", a.Because},
		{"rating", a.Rating.String()}, {"score", strconv.FormatInt(a.Score, 10)}, {"environment", string(a.Environment)},
		{"session", string(a.SessionID)}, {"journey", string(a.JourneyID)}, {"event", string(a.EventID)}, {"eventName", a.EventName},
		{"eventType", string(a.EventType)}, {"result", string(a.Result)}} {
		if param.text != "" && (i == 0 || !s.brief) {
			b.WriteString(" " + param.name + `="` + syslogValue(clip(param.text, 120)) + `"`)
		}
	}
	b.WriteString("] ")
	b.WriteString(s.compose(l, limit-b.Len()))
	return clip(b.String(), limit)
}

// syslogName is a header field: printable ASCII without spaces.
func syslogName(text string) string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '-'
		}
		return r
	}, clip(text, 100))
	return orElse(name, "-")
}

// syslogValue escapes a parameter's value (RFC 5424, section 6.3.3).
func syslogValue(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(oneLine(text))
}

// syslogText is the free text: title and text in one line.
func syslogText(l *letter, room int) string {
	text := l.title
	if l.text != "" {
		text += " - " + l.text
	}
	if l.alert.Link != "" {
		text += " " + l.alert.Link
	}
	return clip(oneLine(text), max(room, 1))
}

// syslogPatience is how long a receiver's last word is waited for.
const syslogPatience = time.Second

func (s *syslogCarrier) carry(ctx context.Context, l *letter) outcome {
	network, host := s.scheme()
	if network == "udp" {
		return s.datagram(ctx, host, l)
	}
	conn, err := s.post.dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return failed(dialReason(err))
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if network == "tls" {
		trust := s.post.tls.Clone()
		trust.ServerName, _, _ = net.SplitHostPort(host)
		secured := tls.Client(conn, trust)
		if err := secured.HandshakeContext(ctx); err != nil {
			return failed("tls: " + handshakeReason(err))
		}
		conn = secured
	}
	line := s.line(l, syslogStream)
	if _, err := io.WriteString(conn, strconv.Itoa(len(line))+" "+line); err != nil {
		return failed("the connection broke")
	}
	return farewell(conn)
}

// farewell ends a conversation and waits a little for the receiver to end it too. Syslog knows no receipt; but a receiver that dies
// with the message unread breaks the connection, and then it is sent again.
func farewell(conn net.Conn) outcome {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return failed("the connection broke")
	}
	if conn.SetReadDeadline(time.Now().Add(syslogPatience)) != nil {
		return failed("the connection broke")
	}
	_, err := io.CopyN(io.Discard, conn, maxAnswer)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || timedOut(err) {
		return outcome{}
	}
	return failed("the connection broke")
}

func (s *syslogCarrier) datagram(ctx context.Context, host string, l *letter) outcome {
	conn, err := s.post.dialer.DialContext(ctx, "udp", host)
	if err != nil {
		return failed(dialReason(err))
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, s.line(l, syslogDatagram)); err != nil {
		return failed("the message could not be sent")
	}
	return outcome{}
}

func (s *syslogCarrier) show(l *letter) Shown {
	limit := syslogStream
	network, host := s.scheme()
	if network == "udp" {
		limit = syslogDatagram
	}
	return Shown{Target: network + "://" + host, ContentType: "text/plain", Body: s.line(l, limit), KnownBy: s.knownBy}
}

func timedOut(err error) bool {
	var failure interface{ Timeout() bool }
	return errors.As(err, &failure) && failure.Timeout()
}

// dialReason is a failed connection's error; it names the address, which is no secret where no HTTP is spoken.
func dialReason(err error) string {
	if timedOut(err) {
		return "no connection in time"
	}
	return err.Error()
}

// handshakeReason tells what of a TLS error helps: certificates that are not trusted.
func handshakeReason(err error) string {
	if timedOut(err) {
		return "no answer in time"
	}
	return clip(oneLine(err.Error()), 200)
}
