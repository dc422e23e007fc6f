package listen

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// responder answers for one authority.
type responder struct {
	*httptest.Server
	status atomic.Int32 // of ocsp; -1 is no answer but an error, -2 an answer that is too long
	next   atomic.Int64 // how long an answer holds
	asked  atomic.Int32
}

func newResponder(t *testing.T, m *maker) *responder {
	t.Helper()
	r := &responder{}
	r.next.Store(int64(time.Hour))
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked.Add(1)
		body, _ := io.ReadAll(request.Body)
		question, err := ocsp.ParseRequest(body)
		switch {
		case err != nil || request.Header.Get("Content-Type") != "application/ocsp-request":
			w.WriteHeader(http.StatusBadRequest)
			return
		case r.status.Load() == -1:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case r.status.Load() == -2:
			_, _ = w.Write(make([]byte, ocspAnswer+1))
			return
		}
		now := time.Now()
		answer, err := ocsp.CreateResponse(m.certificate, m.certificate, ocsp.Response{
			Status: int(r.status.Load()), SerialNumber: question.SerialNumber, IssuerHash: crypto.SHA1,
			ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Duration(r.next.Load())), RevokedAt: now,
		}, m.key)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(r.Close)
	return r
}

func TestStaple(t *testing.T) {
	m := newMaker(t)
	r := newResponder(t, m)
	template := named("site.example")
	template.OCSPServer = []string{r.URL}
	pair := m.write(t, t.TempDir(), "site", template)
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}})
	var staple []byte
	until(t, "a staple", func() bool {
		state, err := visit(t, doors, 0, &tls.Config{ServerName: "site.example", RootCAs: m.pool()})
		staple = state.OCSPResponse
		return err == nil && len(staple) > 0
	})
	answer, err := ocsp.ParseResponse(staple, m.certificate)
	if err != nil || answer.Status != ocsp.Good {
		t.Errorf("%v, %v", answer, err)
	}
	if r.asked.Load() != 1 {
		t.Errorf("asked %d times", r.asked.Load())
	}
	// The same certificate read again keeps its staple.
	p := doors.keyrings[0].pairs[0]
	if err := p.load(); err != nil || len(p.entry.current.Load().OCSPStaple) == 0 {
		t.Errorf("after reading it again: %v", err)
	}
}

func TestStapleIsRenewedAndDropped(t *testing.T) {
	m := newMaker(t)
	r := newResponder(t, m)
	template := named("site.example")
	template.OCSPServer = []string{r.URL}
	p, err := newPair(m.write(t, t.TempDir(), "site", template))
	if err != nil {
		t.Fatal(err)
	}
	log, lines := newLog()
	s, now := newStapler(log), time.Now()
	stapled := func() bool { return len(p.entry.current.Load().OCSPStaple) > 0 }
	step := func(after time.Duration, asked int32, has bool) {
		t.Helper()
		now = now.Add(after)
		s.visit(t.Context(), p.entry, now)
		if r.asked.Load() != asked || stapled() != has {
			t.Errorf("asked %d times, staple %t; want %d, %t", r.asked.Load(), stapled(), asked, has)
		}
	}
	step(0, 1, true)
	step(29*time.Minute, 1, true)
	r.status.Store(-1)
	step(2*time.Minute, 2, true) // half-way it is asked anew; a failure leaves the staple
	step(30*time.Second, 2, true)
	step(31*time.Second, 3, true)
	r.status.Store(-2)
	step(30*time.Minute, 4, false) // out of date now
	r.status.Store(ocsp.Revoked)
	step(time.Hour, 5, false)
	r.status.Store(ocsp.Unknown)
	step(time.Hour, 6, false)
	r.status.Store(ocsp.Good)
	r.next.Store(int64(-time.Minute))
	step(time.Hour, 7, false)
	for _, want := range []string{"status 503", "too long", "revoked", "does not know", "out of date"} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("%q is not logged:\n%s", want, lines)
		}
	}
	// Answers of another authority are not taken.
	r.next.Store(int64(100 * time.Hour))
	other := newResponder(t, newMaker(t))
	p.entry.current.Load().Leaf.OCSPServer[0] = other.URL
	now = now.Add(time.Hour)
	s.visit(t.Context(), p.entry, now)
	if other.asked.Load() != 1 || stapled() {
		t.Errorf("asked %d times, staple %t", other.asked.Load(), stapled())
	}
}

func TestDemandedStapleIsMissed(t *testing.T) {
	m := newMaker(t)
	feature, err := asn1.Marshal([]int{5})
	if err != nil {
		t.Fatal(err)
	}
	template := named("site.example")
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: feature}}
	p, err := newPair(m.write(t, t.TempDir(), "site", template))
	if err != nil {
		t.Fatal(err)
	}
	log, lines := newLog()
	s := newStapler(log)
	for range 3 {
		s.visit(t.Context(), p.entry, time.Now())
	}
	if n := strings.Count(lines.String(), "demands a staple"); n != 1 {
		t.Errorf("said %d times:\n%s", n, lines)
	}
	if mustStaple(&x509.Certificate{}) {
		t.Error("any certificate demands a staple")
	}
}
