package listen

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCertificatesAreObtainedByTLS(t *testing.T) {
	server := newACMEServer(t, "http-01", "tls-alpn-01")
	address := make(chan string, 1)
	server.door = func() string { a := <-address; address <- a; return a }
	config := server.config("www.site.example", "bücher.example")
	settings := &TLSConfig{ACME: config, MinVersion: MinVersion13}
	doors := openDoors(t, quiet(), Config{TLS: settings})
	// The first visitor comes before the certificate and waits for it: the proof needs the address, told only now.
	go func() {
		time.Sleep(50 * time.Millisecond)
		address <- doors.Addresses()[0].String()
	}()
	state, err := visit(t, doors, 0, &tls.Config{ServerName: "www.site.example", RootCAs: server.pool(), NextProtos: []string{"h2"}})
	if err != nil || state.NegotiatedProtocol != "h2" {
		t.Fatalf("%v, %v", state.NegotiatedProtocol, err)
	}
	until(t, "the other domain", func() bool {
		_, err := visit(t, doors, 0, &tls.Config{ServerName: "xn--bcher-kva.example", RootCAs: server.pool()})
		return err == nil
	})
	if got := nameServed(t, doors, "unknown.example"); got != "www.site.example" && got != "xn--bcher-kva.example" {
		t.Errorf("an unknown name got %q", got)
	}
	if !server.agreed || !slices.Equal(server.contact, []string{"mailto:admin@site.example"}) || server.count() != 2 {
		t.Errorf("agreed %t, contact %v, %d orders, %v", server.agreed, server.contact, server.count(), server.complaints)
	}
	// Nobody else can have a proof made up.
	if _, err := visit(t, doors, 0, &tls.Config{ServerName: "other.example", NextProtos: []string{ChallengeProtocol}, InsecureSkipVerify: true}); err == nil { //nolint:gosec // what is refused
		t.Error("a proof for another domain")
	}
	doors.Close()
	if mode(t, config.Cache) != 0o700 || mode(t, filepath.Join(config.Cache, "www.site.example")) != 0o600 {
		t.Error("others can read the keys")
	}
	// The next process finds what was obtained.
	again := openDoors(t, quiet(), Config{TLS: settings})
	if _, err := visit(t, again, 0, &tls.Config{ServerName: "www.site.example", RootCAs: server.pool()}); err != nil || server.count() != 2 {
		t.Errorf("after a start anew: %d orders, %v", server.count(), err)
	}
}

func TestCertificatesAreObtainedByHTTP(t *testing.T) {
	server := newACMEServer(t, "http-01")
	server.external = true
	config := server.config("site.example")
	config.ExternalAccount = &ExternalAccountConfig{KeyID: "kid", Key: "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
	opened := make(chan *Doors, 1)
	server.proof = func(host, path string) ([]byte, bool) {
		doors := <-opened
		opened <- doors
		for _, stranger := range [][2]string{
			{"other.example", path}, {host, path + "x"}, {host, path + "/.."}, {host, ChallengePath}, {host, "/" + path},
			{host, ChallengePath + strings.Repeat("a", maxToken+1)}, {host, ChallengePath + "../site.example"},
		} {
			if body, ok := doors.Challenge(stranger[0], stranger[1]); ok || body != nil {
				t.Errorf("%q was answered", stranger)
			}
		}
		return doors.Challenge(strings.ToUpper(host), path)
	}
	doors := openDoors(t, quiet(), Config{}, Config{TLS: &TLSConfig{ACME: config}})
	opened <- doors
	if _, err := visit(t, doors, 1, &tls.Config{ServerName: "site.example", RootCAs: server.pool()}); err != nil {
		t.Fatalf("%v, %v", err, server.complaints)
	}
	if _, ok := doors.Challenge("site.example", ChallengePath+"token-0"); ok {
		t.Error("a proof that is over is still given")
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	server := newACMEServer(t, "http-01")
	// The first one is so short that its renewal is due at once.
	server.lifetimes = []time.Duration{15 * time.Second, 90 * 24 * time.Hour}
	log, lines := newLog()
	a, err := newAuthority(*server.config("site.example"), true, log)
	if err != nil {
		t.Fatal(err)
	}
	server.proof = (&Doors{keyrings: []*keyring{{authority: a}}}).Challenge
	a.poll = 10 * time.Millisecond
	a.keep(t.Context())
	until(t, "the renewed certificate", func() bool {
		c := a.entries[0].current.Load()
		return c != nil && time.Until(c.Leaf.NotAfter) > 24*time.Hour
	})
	if strings.Contains(lines.String(), "ERROR") {
		t.Errorf("logged:\n%s", lines)
	}
}

func TestRefusingAuthority(t *testing.T) {
	server := newACMEServer(t, "http-01")
	server.refuse = true
	log, lines := newLog()
	doors := openDoors(t, log, Config{TLS: &TLSConfig{ACME: server.config("site.example")}})
	until(t, "the complaint", func() bool { return strings.Contains(lines.String(), "no certificate could be obtained") })
	if !strings.Contains(lines.String(), "too many certificates") || !strings.Contains(lines.String(), "domain=site.example") {
		t.Errorf("logged:\n%s", lines)
	}
	if _, err := visit(t, doors, 0, &tls.Config{ServerName: "other.example"}); err == nil {
		t.Error("a handshake without a certificate")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := doors.keyrings[0].entries[0].await(ended); err == nil || !strings.Contains(err.Error(), "site.example is not obtained yet") {
		t.Errorf("%v", err)
	}
	if acmeBackoff(1) < time.Minute || acmeBackoff(100) != time.Hour {
		t.Error("a domain would be tried too often")
	}
}

func TestFilesGoBeforeACME(t *testing.T) {
	server := newACMEServer(t, "http-01")
	server.refuse = true
	pair := newMaker(t).write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key, ACME: server.config("site.example", "late.example")}})
	if got := nameServed(t, doors, "site.example"); got != "site.example" {
		t.Errorf("%q", got)
	}
}

func TestUnusableACMEOpensNoDoor(t *testing.T) {
	server := newACMEServer(t)
	file := filepath.Join(t.TempDir(), "file")
	put(t, file, nil)
	for want, change := range map[string]func(*ACMEConfig){
		"folder for ACME":          func(c *ACMEConfig) { c.Cache = filepath.Join(file, "below") },
		"ACME directory's authori": func(c *ACMEConfig) { c.DirectoryCA = file },
		"read the domain":          func(c *ACMEConfig) { c.Domains = append(c.Domains, "a\x00.example") },
		"external account":         func(c *ACMEConfig) { c.ExternalAccount = &ExternalAccountConfig{Key: "!"} },
	} {
		config := server.config("site.example")
		change(config)
		if _, err := Open([]Config{{Address: "127.0.0.1:0", TLS: &TLSConfig{ACME: config}}}, Deps{Log: quiet()}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	// What is kept is told when it cannot be.
	log, lines := newLog()
	config := server.config("site.example")
	a, err := newAuthority(*config, false, log)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(config.Cache); err != nil {
		t.Fatal(err)
	}
	put(t, config.Cache, nil)
	if err := a.manager.Cache.Put(t.Context(), "key", []byte("secret")); err == nil || !strings.Contains(lines.String(), "cannot be kept") || strings.Contains(lines.String(), "secret") {
		t.Errorf("%v, logged:\n%s", err, lines)
	}
	for left, late := range map[time.Duration]bool{40 * 24 * time.Hour: false, 20 * 24 * time.Hour: false, 14 * 24 * time.Hour: true} {
		template := named("site.example")
		now := time.Now()
		template.NotBefore, template.NotAfter = now.Add(left-90*24*time.Hour), now.Add(left)
		p, err := newPair(newMaker(t).write(t, t.TempDir(), "site", template))
		if err != nil {
			t.Fatal(err)
		}
		if renewalLate(p.entry.current.Load().Leaf, now) != late {
			t.Errorf("%v left: late is %t", left, !late)
		}
	}
}
