package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strconv"
	"strings"
)

// mailCarrier sends mail by SMTP (RFC 5321).
type mailCarrier struct {
	config IntegrationConfig
	post   *postOffice
}

// maxConversation bounds what a mail server may say, certificates included.
const maxConversation = 256 << 10

// boundedConn ends when its peer has said too much.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the peer said too much")
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// message is the mail itself (RFC 5322).
func (m *mailCarrier) message(l *letter) []byte {
	var b bytes.Buffer
	from, domain := m.sender()
	head := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	head("Date", m.post.now().UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	head("From", from.String())
	var to []string
	for _, text := range m.config.To {
		if address, err := mail.ParseAddress(text); err == nil {
			to = append(to, address.String())
		}
	}
	head("To", strings.Join(to, ",\r\n "))
	head("Subject", mime.QEncoding.Encode("utf-8", clip(oneLine(l.title), 200)))
	head("Message-ID", "<"+string(l.id)+"@"+domain+">")
	head("Auto-Submitted", "auto-generated") // RFC 3834: no vacation answers to this
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(body, m.text(l)) // a bytes.Buffer takes everything
	_ = body.Close()
	return b.Bytes()
}

func (m *mailCarrier) sender() (mail.Address, string) {
	from, err := mail.ParseAddress(m.config.From)
	if err != nil {
		return mail.Address{}, "invalid"
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return *from, domain
}

func (m *mailCarrier) text(l *letter) string {
	var b strings.Builder
	if l.text != "" {
		b.WriteString(l.text + "\r\n\r\n")
	}
	for _, f := range l.alert.facts() {
		b.WriteString(f.name + ": " + plain(f.text) + "\r\n")
	}
	if l.alert.Link != "" {
		b.WriteString("\r\n" + l.alert.Link + "\r\n")
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n", "\r\n")
}

func (m *mailCarrier) carry(ctx context.Context, l *letter) outcome {
	host, _, err := net.SplitHostPort(m.config.SMTP)
	if err != nil {
		return failed("smtp is no host:port")
	}
	plainConn, err := m.post.dialer.DialContext(ctx, "tcp", m.config.SMTP)
	if err != nil {
		return failed(dialReason(err))
	}
	defer plainConn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := plainConn.SetDeadline(deadline); err != nil {
			return failed("the connection broke")
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = plainConn.Close() })
	defer stop()
	trust := m.post.tls.Clone()
	trust.ServerName = host
	var conn net.Conn = &boundedConn{plainConn, maxConversation}
	if m.config.TLS == "tls" {
		secured := tls.Client(conn, trust)
		if err := secured.HandshakeContext(ctx); err != nil {
			return failed("tls: " + handshakeReason(err))
		}
		conn = secured
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return smtpOutcome("greeting", err)
	}
	return m.converse(client, trust, host, l)
}

func (m *mailCarrier) converse(client *smtp.Client, trust *tls.Config, host string, l *letter) outcome {
	from, domain := m.sender()
	if err := client.Hello(orElse(domain, "localhost")); err != nil {
		return smtpOutcome("EHLO", err)
	}
	if m.config.TLS == "starttls" {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return failed("the server offers no STARTTLS; tls: none would send in clear")
		}
		if err := client.StartTLS(trust); err != nil {
			return startOutcome(err)
		}
	}
	if m.config.User != "" {
		if err := client.Auth(smtp.PlainAuth("", m.config.User, m.config.Password, host)); err != nil {
			o := smtpOutcome("AUTH", err)
			o.final = false // the operator can mend it
			return o
		}
	}
	if err := client.Mail(from.Address); err != nil {
		return smtpOutcome("MAIL", err)
	}
	if o := m.recipients(client); o.reason != "" {
		return o
	}
	data, err := client.Data()
	if err != nil {
		return smtpOutcome("DATA", err)
	}
	if _, err := data.Write(m.message(l)); err != nil {
		return smtpOutcome("DATA", err)
	}
	if err := data.Close(); err != nil {
		return smtpOutcome("DATA", err)
	}
	_ = client.Quit() // it has taken the mail
	return outcome{}
}

// recipients names them; that some are refused does not keep the mail from the others.
func (m *mailCarrier) recipients(client *smtp.Client) outcome {
	taken, last := 0, outcome{}
	for _, text := range m.config.To {
		address, err := mail.ParseAddress(text)
		if err != nil {
			continue // told when the configuration was read
		}
		if err := client.Rcpt(address.Address); err != nil {
			last = smtpOutcome("RCPT", err)
			continue
		}
		taken++
	}
	if taken > 0 {
		return outcome{}
	}
	if last.reason == "" {
		return outcome{reason: "there is no recipient", final: true}
	}
	return last
}

// smtpOutcome is an answer's code without its text, which may hold addresses. A code of 5yz is for good.
func smtpOutcome(step string, err error) outcome {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return outcome{reason: "the mail server answered " + strconv.Itoa(answer.Code) + " to " + step, final: answer.Code >= 500 && answer.Code <= 599}
	}
	if timedOut(err) {
		return failed("no answer in time to " + step)
	}
	if strings.Contains(err.Error(), "unencrypted connection") {
		return failed("the password is not sent over a connection without tls")
	}
	return failed("the conversation with the mail server broke at " + step)
}

// startOutcome is why STARTTLS failed: the server refused, or its certificate is not trusted.
func startOutcome(err error) outcome {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return failed("the mail server answered " + strconv.Itoa(answer.Code) + " to STARTTLS")
	}
	return failed("tls: " + handshakeReason(err))
}

func (m *mailCarrier) show(l *letter) Shown {
	_, domain := m.sender()
	return Shown{Target: "smtp://" + m.config.SMTP, ContentType: "message/rfc822", Body: string(m.message(l)),
		KnownBy: "the Message-ID <" + string(l.id) + "@" + domain + ">, by which many mail systems drop a second copy"}
}
