package integration_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/integration"
)

// identity is a certificate for this machine, and the file of the authority that vouches for it.
func identity(t *testing.T) (*tls.Config, string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, path
}

// serve answers each connection until the test ends.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it may be closed already
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// mailServer speaks SMTP as far as a sender needs it.
type mailServer struct {
	// tls is offered by STARTTLS, or used from the start.
	tls    *tls.Config
	direct bool
	// refuse maps the beginning of a command to what is answered instead.
	refuse map[string]string
	// deaf closes the connection when a mail has been taken, before it says so, that many times.
	deaf int

	mu    sync.Mutex
	mails []string
	log   []string
}

func (s *mailServer) talk(conn net.Conn) {
	if s.direct {
		conn = tls.Server(conn, s.tls)
	}
	reader := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 mail.example ESMTP")
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.log = append(s.log, line)
		s.mu.Unlock()
		if answer, refused := s.refused(line); refused {
			say(answer)
			continue
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO":
			say("250-mail.example")
			if s.tls != nil && !s.direct {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			conn = tls.Server(conn, s.tls)
			reader = bufio.NewReader(conn)
		case "DATA":
			say("354 go on")
			if !s.take(reader) {
				return
			}
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		case "AUTH":
			say("235 welcome")
		default:
			say("250 ok")
		}
	}
}

func (s *mailServer) refused(line string) (string, bool) {
	for start, answer := range s.refuse {
		if strings.HasPrefix(line, start) {
			return answer, true
		}
	}
	return "", false
}

func (s *mailServer) take(reader *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, b.String())
	if s.deaf > 0 {
		s.deaf--
		return false
	}
	return true
}

func (s *mailServer) got() (mails, log []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.mails...), append([]string{}, s.log...)
}

func mailTo(address string) integration.IntegrationConfig {
	return integration.IntegrationConfig{Kind: integration.Email, SMTP: address, From: "wayguard@example.com",
		To: []string{"security@example.com", "night@example.com"}, Timeout: 5 * time.Second}
}

func TestMailOverEachKindOfConnection(t *testing.T) {
	config, ca := identity(t)
	for how, server := range map[string]*mailServer{"starttls": {tls: config}, "tls": {tls: config, direct: true}, "none": {}} {
		c := mailTo(serve(t, server.talk))
		c.TLS, c.CA = how, ca
		if how != "none" {
			c.User, c.Password = "user", "very-secret"
		}
		n := told(t, c, time.Now)
		run(t, newOutbox(alerts(0, 2)...), n, time.Now)
		eventually(t, how+": both are sent", func() bool { return n.Status()[0].Counts.Sent == 2 })
		mails, log := server.got()
		text := strings.Join(log, "\n")
		if len(mails) != 2 || !strings.Contains(mails[0], "Message-ID: <") || !strings.Contains(text, "RCPT TO:<night@example.com>") {
			t.Errorf("%s: mails %q after %s", how, mails, text)
		}
		if strings.Contains(text, "AUTH PLAIN") != (how != "none") {
			t.Errorf("%s: %s", how, text)
		}
	}
}

func TestMailServersThatRefuse(t *testing.T) {
	config, ca := identity(t)
	for name, test := range map[string]struct {
		server *mailServer
		reason string
		final  bool
	}{
		"no starttls":    {&mailServer{}, "offers no STARTTLS", false},
		"refuses it":     {&mailServer{tls: config, refuse: map[string]string{"STARTTLS": "454 secret"}}, "454 to STARTTLS", false},
		"password":       {&mailServer{tls: config, refuse: map[string]string{"AUTH": "535 secret"}}, "535 to AUTH", false},
		"sender":         {&mailServer{tls: config, refuse: map[string]string{"MAIL": "553 secret"}}, "553 to MAIL", true},
		"all recipients": {&mailServer{tls: config, refuse: map[string]string{"RCPT": "550 secret"}}, "550 to RCPT", true},
		"content":        {&mailServer{tls: config, refuse: map[string]string{"DATA": "554 secret"}}, "554 to DATA", true},
		"for now":        {&mailServer{tls: config, refuse: map[string]string{"RCPT": "450 secret"}}, "450 to RCPT", false},
	} {
		c := mailTo(serve(t, test.server.talk))
		c.CA, c.User, c.Password = ca, "user", "very-secret"
		n := told(t, c, time.Now)
		outbox := newOutbox(alerts(0, 1)...)
		run(t, outbox, n, time.Now)
		eventually(t, name+" fails", func() bool { return n.Status()[0].LastError != "" })
		s := n.Status()[0]
		if test.final {
			eventually(t, name+" is final", func() bool { return n.Status()[0].Counts.Dead == 1 })
		}
		if mails, _ := test.server.got(); !strings.Contains(s.LastError, test.reason) || strings.Contains(s.LastError, "secret") ||
			len(mails) != 0 || !test.final && s.Counts.Dead != 0 {
			t.Errorf("%s: %+v, mails %q", name, s, mails)
		}
	}
}

func TestUnknownAuthorityIsRefused(t *testing.T) {
	config, _ := identity(t)
	server := &mailServer{tls: config}
	mail := mailTo(serve(t, server.talk))
	mail.User, mail.Password = "user", "very-secret"
	syslog := integration.IntegrationConfig{Kind: integration.Syslog, Address: "tls://" + serve(t, func(c net.Conn) {
		_, _ = io.Copy(io.Discard, tls.Server(c, config)) // the handshake fails
	})}
	for name, c := range map[string]integration.IntegrationConfig{"mail": mail, "syslog": syslog} {
		n := told(t, c, time.Now)
		run(t, newOutbox(alerts(0, 1)...), n, time.Now)
		eventually(t, name+" fails", func() bool { return strings.Contains(n.Status()[0].LastError, "certificate") })
	}
	if _, log := server.got(); strings.Contains(strings.Join(log, "\n"), "AUTH") {
		t.Error("the password was told to a server that nobody vouches for")
	}
}

func TestMailServerThatNeverStopsTalking(t *testing.T) {
	address := serve(t, func(c net.Conn) {
		for chunk := strings.Repeat("220-", 1<<12); ; {
			if _, err := io.WriteString(c, chunk); err != nil {
				return
			}
		}
	})
	c := mailTo(address)
	c.TLS = "none"
	n := told(t, c, time.Now)
	run(t, newOutbox(alerts(0, 1)...), n, time.Now)
	eventually(t, "given up", func() bool { return n.Status()[0].LastError != "" })
}

func TestMailTakenButNotConfirmedComesAgainUnderTheSameID(t *testing.T) {
	server := &mailServer{deaf: 1}
	c := mailTo(serve(t, server.talk))
	c.TLS = "none"
	n := told(t, c, time.Now)
	run(t, newOutbox(alerts(0, 1)...), n, time.Now)
	eventually(t, "sent", func() bool { return n.Status()[0].Counts.Sent == 1 })
	mails, _ := server.got()
	id := "Message-ID: <" + string(alerts(0, 1)[0].ID) + "@example.com>"
	if len(mails) != 2 || !strings.Contains(mails[0], id) || !strings.Contains(mails[1], id) {
		t.Errorf("mails %q", mails)
	}
}

// syslogServer reads octet-counted messages (RFC 6587).
type syslogServer struct {
	tls *tls.Config
	mu  sync.Mutex
	got []string
	// unread closes that many connections without having read, which resets them.
	unread int
}

func (s *syslogServer) talk(conn net.Conn) {
	s.mu.Lock()
	s.unread--
	reset := s.unread >= 0
	s.mu.Unlock()
	if reset {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		return
	}
	if s.tls != nil {
		conn = tls.Server(conn, s.tls)
		defer conn.Close()
	}
	reader := bufio.NewReader(conn)
	for {
		count, err := reader.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(count))
		if err != nil {
			return
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(reader, text); err != nil {
			return
		}
		s.mu.Lock()
		s.got = append(s.got, string(text))
		s.mu.Unlock()
	}
}

func TestSyslogOverEachKindOfConnection(t *testing.T) {
	config, ca := identity(t)
	for name, server := range map[string]*syslogServer{"tcp": {unread: 1}, "tls": {tls: config}} {
		for kind, c := range map[string]integration.IntegrationConfig{"syslog": {Kind: integration.Syslog}, "ocsf": {Kind: integration.OCSF}} {
			server.got = nil
			c.Address, c.CA = name+"://"+serve(t, server.talk), ca
			n := told(t, c, time.Now)
			run(t, newOutbox(alerts(0, 3)...), n, time.Now)
			eventually(t, name+" "+kind+": all arrived", func() bool {
				server.mu.Lock()
				defer server.mu.Unlock()
				return len(server.got) >= 3 && n.Status()[0].Counts.Sent == 3
			})
			server.mu.Lock()
			for _, line := range server.got {
				if !strings.HasPrefix(line, "<130>1 2026-03-14T09:26:53.000000Z gate-1 wayguard - alert [wayguard@32473 id=\"") {
					t.Errorf("%s %s: %s", name, kind, line)
				}
			}
			server.mu.Unlock()
		}
	}
}

func TestSyslogByDatagram(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	n := told(t, integration.IntegrationConfig{Kind: integration.Syslog, Address: "udp://" + conn.LocalAddr().String()}, time.Now)
	run(t, newOutbox(alerts(0, 1)...), n, time.Now)
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4096)
	size, _, err := conn.ReadFrom(text)
	if err != nil || !strings.HasPrefix(string(text[:size]), "<130>1 ") || !strings.Contains(string(text[:size]), "malicious: Cause 0") {
		t.Errorf("datagram %q, %v", text[:size], err)
	}
}
