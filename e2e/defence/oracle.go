//go:build e2e

package defence

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"html"
	"io"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/decoy/oracle"
	"wayguard/e2e"
)

// How many pairs of a real and a feigned answer are compared, by how many clients at once, after how many real ones.
const (
	oraclePairs   = 10_000
	oracleClients = 8
	oracleWarmUp  = 300
)

// marked is the policy of the check: who failed three times is answered by us from then on. No pack is on, because here it is
// known who is who.
const marked = noPacks + `
proxy: {inline: {budget: 500ms}}
specs:
  - name: login
    event: Login
    type: authentication_attempt
    inline: true
    match: {method: POST, path: /login}
    take: {username: {form: username}, password: {form: password}}
    outcome:
      - {result: success, when: {status: 3xx}}
      - {result: failure, when: {status: ["200", 4xx]}}
rules:
  - {id: failures, label: Failed Logins, severity: suspicious, family: outcome, points: 600, when: 'session.count("login_failures") >= 3', sentence: too many}
actions:
  - {name: wrong-password, kind: feign, as: failure}
policies:
  - {name: failed, when: {label: Failed Logins}, specs: [login], scope: session, steps: [{action: wrong-password}]}
`

// oracleOrigin refuses every login as applications do: with a form shown again, whose parts change each time, after a time that
// varies.
type oracleOrigin struct {
	*httptest.Server
	markedSeen atomic.Int64
}

func newOracleOrigin() *oracleOrigin {
	o := &oracleOrigin{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ParseForm() != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if cookie, err := r.Cookie("session"); err == nil && strings.HasPrefix(cookie.Value, "m") {
			o.markedSeen.Add(1)
		}
		user := r.PostFormValue("username")
		// About 20 ms, as a password hash and two queries take, sometimes three times as much.
		time.Sleep(time.Duration(20e6 * math.Exp(0.35*mathrand.NormFloat64())))
		header := w.Header()
		header.Set("X-Request-Id", hex.EncodeToString(random(12)))
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Type", "text/html; charset=utf-8")
		sentence := "The password you entered is wrong."
		if crc32.ChecksumIEEE([]byte(user))%3 == 0 { // some of the names are known, as a database would say
			sentence = "There is no account with this name."
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Sign in</title><p role="alert">%s</p><form method="post"><input type="hidden" name="csrf" value="%s"><input name="username" value="%s"><input name="password" type="password"><button>Sign in</button></form><footer>%s</footer>`,
			sentence, base64.RawURLEncoding.EncodeToString(random(24)), html.EscapeString(user), time.Now().UTC().Format(time.RFC3339))
	}))
	return o
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails, see its documentation
	return b
}

// prober is an attacker's client: it notes everything an answer shows, in order.
type prober struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// try logs in and gives what was seen.
func (p *prober) try(session, user, password string) (oracle.Observation, error) {
	if p.conn == nil {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			return oracle.Observation{}, err
		}
		p.conn, p.reader = conn, bufio.NewReader(conn)
	}
	body := url.Values{"username": {user}, "password": {password}}.Encode()
	request := fmt.Sprintf("POST /login HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0\r\nAccept: text/html\r\nCookie: session=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", session, len(body), body)
	begun := time.Now()
	if _, err := io.WriteString(p.conn, request); err != nil {
		return oracle.Observation{}, err
	}
	seen, err := p.read()
	seen.Duration = time.Since(begun)
	return seen, err
}

// read reads one answer: its head as it stands, and its body.
func (p *prober) read() (oracle.Observation, error) {
	var seen oracle.Observation
	line, err := p.reader.ReadString('\n')
	if err != nil {
		return seen, err
	}
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &seen.Status); err != nil {
		return seen, fmt.Errorf("%q: %w", line, err)
	}
	length, chunked := int64(0), false
	for {
		if line, err = p.reader.ReadString('\n'); err != nil {
			return seen, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		seen.Header = append(seen.Header, capture.Field{Name: name, Value: value})
		switch strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.ParseInt(value, 10, 64); err != nil {
				return seen, err
			}
		case "transfer-encoding":
			chunked = true
		case "connection":
			if value == "close" {
				defer func() { p.conn = nil }()
			}
		}
	}
	body := io.LimitReader(p.reader, length)
	if chunked {
		body = httputil.NewChunkedReader(p.reader)
	}
	seen.Body, err = io.ReadAll(body)
	return seen, err
}

// CheckOracle compares real refusals with feigned ones as an attacker's classifier would.
func CheckOracle(ctx context.Context) ([]e2e.Figure, error) {
	origin := newOracleOrigin()
	defer origin.Close()
	i, err := start(ctx, origin.URL, marked)
	if err != nil {
		return nil, err
	}
	defer i.close()
	address := strings.TrimPrefix(i.Proxy, "http://")
	warm := &prober{address: address}
	for n := range oracleWarmUp {
		if _, err := warm.try(fmt.Sprintf("w%d", n/2), fmt.Sprintf("early%d", n), "wrong"); err != nil {
			return nil, err
		}
	}
	var work sync.WaitGroup
	real, feigned := make([][]oracle.Observation, oracleClients), make([][]oracle.Observation, oracleClients)
	failures := make([]error, oracleClients)
	for c := range oracleClients {
		work.Go(func() {
			real[c], feigned[c], failures[c] = probe(ctx, address, c)
		})
	}
	work.Wait()
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	var all, ours []oracle.Observation
	for c := range oracleClients {
		all, ours = append(all, real[c]...), append(ours, feigned[c]...)
	}
	told := oracle.Measure(all, ours)
	return []e2e.Figure{
		e2e.AtLeast("pairs of a real and a feigned refusal, over real connections", min(len(all), len(ours)), oraclePairs),
		e2e.Count("  attempts of those answered by us that reached the origin", int(origin.markedSeen.Load())-3*oracleClients, 0),
		e2e.Holds(fmt.Sprintf("  a classifier on status, headers, body and time (most telling: %.60q): AUC", told.Telling), fmt.Sprintf("%.4f [%.4f..%.4f]", told.AUC, told.Low, told.High), told.AUC <= 0.55, "<= 0.55"),
	}, nil
}

// probe takes turns between a visitor who is marked and new ones who are not.
func probe(ctx context.Context, address string, client int) (real, feigned []oracle.Observation, err error) {
	p, session := &prober{address: address}, fmt.Sprintf("m%d", client)
	for n := range 3 {
		if _, err := p.try(session, fmt.Sprintf("known%d", n), "wrong"); err != nil {
			return nil, nil, err
		}
		time.Sleep(300 * time.Millisecond) // judged, before the next one is asked about
	}
	for n := range oraclePairs / oracleClients {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		// Who asks first is decided by chance, and both ask for names of the same kind.
		first := mathrand.IntN(2) == 0
		for k := range 2 {
			user := fmt.Sprintf("user%d", mathrand.IntN(1_000_000))
			if (k == 0) == first {
				seen, err := p.try(fmt.Sprintf("r%d-%d", client, n), user, "wrong")
				if err != nil {
					return nil, nil, err
				}
				real = append(real, seen)
				continue
			}
			seen, err := p.try(session, user, "wrong")
			if err != nil {
				return nil, nil, err
			}
			feigned = append(feigned, seen)
		}
	}
	return real, feigned, nil
}
