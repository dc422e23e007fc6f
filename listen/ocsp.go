package listen

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// The bounds of asking an OCSP responder.
const (
	ocspTimeout = 10 * time.Second
	ocspAnswer  = 64 << 10
	ocspTick    = 10 * time.Second
	// ocspDay is how long an answer without an end is used.
	ocspDay = 24 * time.Hour
)

// stapler keeps a fresh OCSP answer (RFC 6960) with every certificate that names a responder, so that visitors need not
// ask for it. It works in the background: a handshake has the answer at hand or none.
type stapler struct {
	client *http.Client
	log    *slog.Logger
	states map[*entry]*stapled
}

// stapled is what is known of one certificate's staple.
type stapled struct {
	leaf     *x509.Certificate
	due, end time.Time // when to ask again, when the staple is of no use
	failures int
}

func newStapler(log *slog.Logger) *stapler {
	return &stapler{client: &http.Client{Timeout: ocspTimeout}, log: log, states: map[*entry]*stapled{}}
}

func (s *stapler) keep(ctx context.Context, entries []*entry) {
	ticker := time.NewTicker(ocspTick)
	defer ticker.Stop()
	for {
		for _, e := range entries {
			if ctx.Err() == nil {
				s.visit(ctx, e, time.Now())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// visit asks for the staple of a certificate when it is time to.
func (s *stapler) visit(ctx context.Context, e *entry, now time.Time) {
	certificate := e.current.Load()
	if certificate == nil {
		return
	}
	state := s.states[e]
	if state == nil || !state.leaf.Equal(certificate.Leaf) {
		state = &stapled{leaf: certificate.Leaf, due: now}
		s.states[e] = state
		if mustStaple(certificate.Leaf) && !stapleable(certificate) {
			s.log.Error("the certificate demands a staple, but names no OCSP server or comes without its issuer; clients may refuse it",
				"certificate", e.source)
		}
	}
	if !stapleable(certificate) || now.Before(state.due) {
		return
	}
	answer, raw, err := s.ask(ctx, certificate, now)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.failed(e, certificate, state, now, err)
		return
	}
	state.failures, state.end = 0, answer.NextUpdate
	if answer.NextUpdate.IsZero() {
		state.end = now.Add(ocspDay)
	}
	// Half-way there is time left for some failures. Never more often than every five minutes.
	state.due = now.Add(max(state.end.Sub(now)/2, 5*time.Minute))
	attach(e, certificate, raw)
}

func (s *stapler) failed(e *entry, certificate *tls.Certificate, state *stapled, now time.Time, err error) {
	state.failures++
	state.due = now.Add(min(time.Minute<<min(state.failures-1, 6), time.Hour))
	if certificate.OCSPStaple != nil && now.After(state.end) {
		attach(e, certificate, nil)
	}
	level := slog.LevelWarn
	if mustStaple(certificate.Leaf) {
		level = slog.LevelError
	}
	s.log.Log(context.Background(), level, "no OCSP staple could be obtained", "certificate", e.source, "error", err.Error(),
		"must_staple", mustStaple(certificate.Leaf), "failures", state.failures)
}

// attach puts the staple on, unless the certificate has been replaced meanwhile.
func attach(e *entry, certificate *tls.Certificate, raw []byte) {
	next := *certificate
	next.OCSPStaple = raw
	e.current.CompareAndSwap(certificate, &next)
}

func stapleable(c *tls.Certificate) bool { return len(c.Leaf.OCSPServer) > 0 && len(c.Certificate) > 1 }

// ask gets an answer that says good from the certificate's responder.
func (s *stapler) ask(ctx context.Context, certificate *tls.Certificate, now time.Time) (*ocsp.Response, []byte, error) {
	issuer, err := x509.ParseCertificate(certificate.Certificate[1])
	if err != nil {
		return nil, nil, fmt.Errorf("read the issuer: %w", err)
	}
	question, err := ocsp.CreateRequest(certificate.Leaf, issuer, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("make the question: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, certificate.Leaf.OCSPServer[0], bytes.NewReader(question))
	if err != nil {
		return nil, nil, fmt.Errorf("ask the responder: %w", err)
	}
	request.Header.Set("Content-Type", "application/ocsp-request")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, nil, fmt.Errorf("ask the responder: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("ask the responder: status %d", response.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, ocspAnswer+1))
	if err != nil || len(raw) > ocspAnswer {
		return nil, nil, errors.Join(errors.New("read the responder's answer: broken or too long"), err)
	}
	answer, err := ocsp.ParseResponseForCert(raw, certificate.Leaf, issuer)
	if err != nil {
		return nil, nil, fmt.Errorf("read the responder's answer: %w", err)
	}
	switch {
	case answer.Status == ocsp.Revoked:
		return nil, nil, errors.New("the certificate is revoked")
	case answer.Status != ocsp.Good:
		return nil, nil, errors.New("the responder does not know the certificate")
	case !answer.NextUpdate.IsZero() && now.After(answer.NextUpdate):
		return nil, nil, errors.New("the responder's answer is out of date")
	}
	return answer, raw, nil
}

// mustStaple says whether the certificate has the TLS feature status_request (RFC 7633).
func mustStaple(leaf *x509.Certificate) bool {
	feature := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
	for _, extension := range leaf.Extensions {
		if extension.Id.Equal(feature) {
			var numbers []int
			_, err := asn1.Unmarshal(extension.Value, &numbers)
			return err == nil && slices.Contains(numbers, 5)
		}
	}
	return false
}
