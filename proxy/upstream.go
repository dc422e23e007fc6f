package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// newTransport makes the connections to the origin.
func newTransport(c OriginConfig) (*http.Transport, error) {
	trust, err := originTLS(c.TLS)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        trust,
		TLSHandshakeTimeout:    c.ConnectTimeout,
		ResponseHeaderTimeout:  c.ResponseTimeout,
		IdleConnTimeout:        c.IdleTimeout,
		MaxIdleConns:           c.IdleConnections,
		MaxIdleConnsPerHost:    c.IdleConnections,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		DisableCompression:     true, // else the origin would see an Accept-Encoding that nobody sent
		ForceAttemptHTTP2:      true, // over TLS only, and not for WebSocket
		ReadBufferSize:         8 << 10,
		WriteBufferSize:        8 << 10,
	}, nil
}

func originTLS(c OriginTLSConfig) (*tls.Config, error) {
	// An origin behind a proxy often has a certificate of its own making: the operator's choice, never the default.
	trust := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName, InsecureSkipVerify: c.Insecure} //nolint:gosec
	if c.CA == "" {
		return trust, nil
	}
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("read the origin's authorities: %w", err)
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the origin's authorities: %s holds no certificate", c.CA)
	}
	return trust, nil
}

// failed answers a visitor whose request did not get an answer from the origin.
func (p *passage) failed(rw http.ResponseWriter, _ *http.Request, err error) {
	switch {
	case p.bodyStalled.Load():
		p.brokenOff(rw, http.StatusRequestTimeout)
		return
	case p.bodyFailed.Load() && p.in.Context().Err() == nil:
		p.brokenOff(rw, http.StatusBadRequest)
		return
	case p.in.Context().Err() != nil, errors.Is(err, context.Canceled):
		p.wire.counts.abandoned.Add(1)
		panic(http.ErrAbortHandler) // ends the connection and is not logged
	}
	reason := upstreamProblem(err)
	p.wire.counts.upstreamError(reason)
	// The error may quote what the origin sent, so only its kind is logged.
	p.wire.complaints.say("the origin did not answer", "reason", string(reason))
	if reason == upstreamTimeout {
		plain(rw, p.in, http.StatusGatewayTimeout)
		return
	}
	plain(rw, p.in, http.StatusBadGateway)
}

// brokenOff answers a visitor whose body broke off: what follows it on the connection cannot be told from the body.
func (p *passage) brokenOff(rw http.ResponseWriter, status int) {
	p.wire.counts.badRequests.Add(1)
	rw.Header().Set("Connection", "close")
	plain(rw, p.in, status)
}

func upstreamProblem(err error) upstreamReason {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return upstreamTimeout
	}
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "dial" {
		return upstreamConnect
	}
	return upstreamProtocol
}

// plain answers with a status and its name, as any server would.
func plain(rw http.ResponseWriter, r *http.Request, status int) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = rw.Write([]byte(statusText(status)))
	}
}

func statusText(status int) string { return fmt.Sprintf("%d %s\n", status, http.StatusText(status)) }

// buffers lends the buffers that bodies are copied through.
type buffers struct{ pool sync.Pool }

const copyBufferSize = 32 << 10

func newBuffers() *buffers {
	b := &buffers{}
	b.pool.New = func() any { return new([copyBufferSize]byte) }
	return b
}

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte { return b.pool.Get().(*[copyBufferSize]byte)[:] }

// Put implements httputil.BufferPool.
func (b *buffers) Put(used []byte) {
	if cap(used) >= copyBufferSize {
		b.pool.Put((*[copyBufferSize]byte)(used[:copyBufferSize]))
	}
}
