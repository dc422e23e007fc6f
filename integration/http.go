package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"wayguard/walls"
)

// postOffice is how one integration reaches the world: within its walls and its time.
type postOffice struct {
	client *http.Client
	dialer *net.Dialer
	// tls is for what is no HTTP.
	tls *tls.Config
	now func() time.Time
}

// newPostOffice reads the integration's authorities and builds its walls.
func newPostOffice(c IntegrationConfig, allowed []string, now func() time.Time) (*postOffice, error) {
	inside, err := walls.New(append(append([]string{}, allowed...), c.AllowPrivate...))
	if err != nil {
		return nil, err
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("ca: the file holds no certificate in PEM form")
		}
	}
	client := newClient(inside, Config{Timeout: c.Timeout, Concurrency: c.Concurrency})
	client.Timeout = c.Timeout
	if transport, ok := client.Transport.(*http.Transport); ok {
		transport.TLSClientConfig = trust.Clone()
	}
	return &postOffice{client: client, dialer: &net.Dialer{Timeout: c.Timeout, Control: inside.Check}, tls: trust, now: now}, nil
}

// request is a call with the headers that every call has.
func (p *postOffice) request(ctx context.Context, c call) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, c.url, bytes.NewReader(c.body))
	if err != nil || request.URL.Host == "" || request.URL.Scheme != "http" && request.URL.Scheme != "https" {
		return nil, errors.New("url is not an http or https address") // its own error would tell the url
	}
	if c.header != nil {
		request.Header = c.header
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "wayguard")
	}
	return request, nil
}

// exchange makes a call and reads what is answered, up to a bound. The outcome tells nothing of either.
func (p *postOffice) exchange(ctx context.Context, c call) ([]byte, outcome) {
	answer, status, o := p.converse(ctx, c)
	return answer, lenient(o, status)
}

// converse is exchange with the status of the answer, 0 where there was none.
func (p *postOffice) converse(ctx context.Context, c call) ([]byte, int, outcome) {
	request, err := p.request(ctx, c)
	if err != nil {
		return nil, 0, failed(err.Error())
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, 0, failed(reason(err))
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	_ = response.Body.Close() // its status has been told
	if err != nil {
		answer = nil // its status counts all the same; whoever needs the answer will see that it is none
	}
	return answer, response.StatusCode, judge(response, p.now())
}

// lenient takes back that a failure is final where the operator can mend it without us: a token that has run out, a channel or
// project that was renamed. The alert waits for that, as for a receiver that is down.
func lenient(o outcome, status int) outcome {
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusProxyAuthRequired, http.StatusConflict, http.StatusMisdirectedRequest, http.StatusLocked, http.StatusTooEarly:
		o.final = false
	}
	return o
}

// hostOf is what of an address may be shown: the rest may be a token.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return hidden
	}
	return parsed.Scheme + "://" + parsed.Host
}

// httpCarrier posts one JSON body for each letter.
type httpCarrier struct {
	config  IntegrationConfig
	post    *postOffice
	compose func(c IntegrationConfig, l *letter) []byte
	// knownBy is Shown.KnownBy.
	knownBy string
	// standard adds the headers and the signature of Standard Webhooks.
	standard bool
}

func (h *httpCarrier) carry(ctx context.Context, l *letter) outcome {
	c := post(h.config.URL, h.compose(h.config, l))
	if h.standard {
		at := h.post.now()
		c.header.Set(headerID, string(l.id))
		c.header.Set(headerTimestamp, timestamp(at))
		if h.config.Secret != "" {
			signature, err := Sign(h.config.Secret, l.id, at, c.body)
			if err != nil {
				return failed(err.Error())
			}
			c.header.Set(headerSignature, signature)
		}
	}
	headered(h.config, c.header)
	_, o := h.post.exchange(ctx, c)
	return o
}

func (h *httpCarrier) show(l *letter) Shown {
	veiled := h.config
	veiled.RoutingKey = hidden
	return Shown{Target: hostOf(h.config.URL), ContentType: "application/json", Body: string(h.compose(veiled, l)), KnownBy: h.knownBy}
}
