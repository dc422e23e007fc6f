package listen

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// acmeServer is as much of RFC 8555 as an authority needs to hand out certificates. It proves domains for real.
type acmeServer struct {
	*httptest.Server
	t *testing.T
	*maker
	// offered are the kinds of challenge, lifetimes those of the certificates in turn, the last for all others.
	offered   []string
	lifetimes []time.Duration
	refuse    bool
	// door is where TLS-ALPN-01 is proved, proof how HTTP-01 is.
	door  func() string
	proof func(host, path string) ([]byte, bool)

	mu         sync.Mutex
	thumbprint string
	contact    []string
	agreed     bool
	external   bool
	orders     []*acmeOrder
	complaints []string
}

type acmeOrder struct {
	domain string
	proved string // valid, or invalid
	chain  []byte
}

func newACMEServer(t *testing.T, offered ...string) *acmeServer {
	t.Helper()
	s := &acmeServer{t: t, maker: newMaker(t), offered: offered, lifetimes: []time.Duration{90 * 24 * time.Hour}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// config is how to use it.
func (s *acmeServer) config(domains ...string) *ACMEConfig {
	s.t.Helper()
	folder := s.t.TempDir()
	ca := filepath.Join(folder, "ca.pem")
	put(s.t, ca, pemOf("CERTIFICATE", s.Certificate().Raw))
	return &ACMEConfig{
		Domains: domains, Email: "admin@site.example", Directory: s.URL + "/directory", DirectoryCA: ca,
		Cache: filepath.Join(folder, "cache"), AcceptTerms: true,
	}
}

func (s *acmeServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.orders)
}

// jws is the envelope of every request.
type jws struct {
	Protected, Payload string
}

func (s *acmeServer) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Replay-Nonce", base64.RawURLEncoding.EncodeToString([]byte(time.Now().String())))
	if r.URL.Path == "/directory" {
		s.answer(w, http.StatusOK, map[string]any{
			"newNonce": s.URL + "/nonce", "newAccount": s.URL + "/account", "newOrder": s.URL + "/order",
			"meta": map[string]any{"termsOfService": s.URL + "/terms", "externalAccountRequired": s.external},
		})
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	var envelope jws
	var head struct {
		JWK struct{ X, Y string }
	}
	if err := json.NewDecoder(r.Body).Decode(&envelope); err != nil {
		s.answer(w, http.StatusBadRequest, nil)
		return
	}
	protected, _ := base64.RawURLEncoding.DecodeString(envelope.Protected)
	_ = json.Unmarshal(protected, &head)
	payload, _ := base64.RawURLEncoding.DecodeString(envelope.Payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	var number int
	var kind string
	path := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case path == "account":
		s.account(w, head.JWK.X, head.JWK.Y, payload)
	case path == "order":
		s.order(w, payload)
	case scan(path, "authz/%d", &number):
		s.answer(w, http.StatusOK, s.authorization(number))
	case scan(path, "challenge/%d/%s", &number, &kind):
		s.challenge(w, number, kind)
	case scan(path, "finalize/%d", &number):
		s.finalize(w, number, payload)
	case scan(path, "order/%d", &number):
		s.answer(w, http.StatusOK, s.status(number))
	case scan(path, "cert/%d", &number):
		_, _ = w.Write(s.orders[number].chain)
	default:
		s.answer(w, http.StatusNotFound, nil)
	}
}

func scan(path, format string, into ...any) bool {
	n, err := fmt.Sscanf(path, format, into...)
	return err == nil && n == len(into)
}

func (s *acmeServer) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *acmeServer) account(w http.ResponseWriter, x, y string, payload []byte) {
	var asked struct {
		Contact                []string
		TermsOfServiceAgreed   bool
		ExternalAccountBinding *jws
	}
	_ = json.Unmarshal(payload, &asked)
	point := []byte{4}
	for _, text := range []string{x, y} {
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		point = append(point, raw...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		s.answer(w, http.StatusBadRequest, nil)
		return
	}
	thumbprint, err := acme.JWKThumbprint(key)
	if err != nil || s.external && asked.ExternalAccountBinding == nil {
		s.answer(w, http.StatusForbidden, map[string]string{"type": "urn:ietf:params:acme:error:externalAccountRequired"})
		return
	}
	s.thumbprint, s.contact, s.agreed = thumbprint, asked.Contact, asked.TermsOfServiceAgreed
	w.Header().Set("Location", s.URL+"/account/1")
	s.answer(w, http.StatusCreated, map[string]any{"status": "valid", "contact": asked.Contact})
}

func (s *acmeServer) order(w http.ResponseWriter, payload []byte) {
	var asked struct {
		Identifiers []struct{ Type, Value string }
	}
	_ = json.Unmarshal(payload, &asked)
	if s.refuse || len(asked.Identifiers) != 1 {
		s.answer(w, http.StatusTooManyRequests, map[string]string{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates"})
		return
	}
	s.orders = append(s.orders, &acmeOrder{domain: asked.Identifiers[0].Value})
	number := len(s.orders) - 1
	w.Header().Set("Location", fmt.Sprintf("%s/order/%d", s.URL, number))
	s.answer(w, http.StatusCreated, s.status(number))
}

func (s *acmeServer) status(number int) map[string]any {
	o := s.orders[number]
	status := map[string]string{"": "pending", "valid": "ready", "invalid": "invalid"}[o.proved]
	body := map[string]any{
		"authorizations": []string{fmt.Sprintf("%s/authz/%d", s.URL, number)}, "finalize": fmt.Sprintf("%s/finalize/%d", s.URL, number),
		"identifiers": []map[string]string{{"type": "dns", "value": o.domain}},
	}
	if o.chain != nil {
		status, body["certificate"] = "valid", fmt.Sprintf("%s/cert/%d", s.URL, number)
	}
	body["status"] = status
	return body
}

func (s *acmeServer) authorization(number int) map[string]any {
	o := s.orders[number]
	status := o.proved
	if status == "" {
		status = "pending"
	}
	var challenges []map[string]string
	for _, kind := range s.offered {
		challenges = append(challenges, map[string]string{
			"type": kind, "url": fmt.Sprintf("%s/challenge/%d/%s", s.URL, number, kind), "token": fmt.Sprintf("token-%d", number), "status": status,
		})
	}
	return map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": o.domain}, "challenges": challenges}
}

func (s *acmeServer) challenge(w http.ResponseWriter, number int, kind string) {
	o := s.orders[number]
	token := fmt.Sprintf("token-%d", number)
	proof := s.proveHTTP
	if kind == "tls-alpn-01" {
		proof = s.proveTLS
	}
	o.proved = "valid"
	if err := proof(o.domain, token, token+"."+s.thumbprint); err != nil {
		s.complaints = append(s.complaints, err.Error())
		o.proved = "invalid"
	}
	s.answer(w, http.StatusOK, s.authorization(number)["challenges"].([]map[string]string)[0])
}

func (s *acmeServer) proveHTTP(domain, token, authorization string) error {
	body, ok := s.proof(domain+":80", ChallengePath+token)
	if !ok || string(body) != authorization {
		return fmt.Errorf("HTTP-01: %t, %q", ok, body)
	}
	return nil
}

func (s *acmeServer) proveTLS(domain, _, authorization string) error {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	conn, err := tls.DialWithDialer(dialer, "tcp", s.door(), &tls.Config{ServerName: domain, NextProtos: []string{ChallengeProtocol}, InsecureSkipVerify: true}) //nolint:gosec // RFC 8737
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	want, _ := asn1.Marshal(func() []byte { sum := sha256.Sum256([]byte(authorization)); return sum[:] }())
	for _, extension := range conn.ConnectionState().PeerCertificates[0].Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && bytes.Equal(extension.Value, want) {
			return nil
		}
	}
	return errors.New("TLS-ALPN-01: the certificate proves nothing")
}

func (s *acmeServer) finalize(w http.ResponseWriter, number int, payload []byte) {
	var asked struct{ CSR string }
	_ = json.Unmarshal(payload, &asked)
	der, _ := base64.RawURLEncoding.DecodeString(asked.CSR)
	request, err := x509.ParseCertificateRequest(der)
	if err != nil || s.orders[number].proved != "valid" {
		s.answer(w, http.StatusForbidden, nil)
		return
	}
	template := named(request.DNSNames...)
	template.NotBefore = time.Now().Add(-time.Minute)
	template.NotAfter = time.Now().Add(s.lifetimes[min(number, len(s.lifetimes)-1)])
	s.orders[number].chain = pemOf("CERTIFICATE", s.sign(s.t, template, request.PublicKey.(crypto.PublicKey))...)
	w.Header().Set("Location", fmt.Sprintf("%s/order/%d", s.URL, number))
	s.answer(w, http.StatusOK, s.status(number))
}

func mode(t *testing.T, name string) os.FileMode {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
