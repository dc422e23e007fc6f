package listen

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wayguard/fingerprint"
)

func TestCertificateIsChosenByName(t *testing.T) {
	m, folder := newMaker(t), t.TempDir()
	first := m.write(t, folder, "first", named("first.example"))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{
		Certificate: first.Certificate, Key: first.Key,
		Certificates: []PairConfig{
			m.write(t, folder, "shop", named("Shop.Example", "www.shop.example")),
			m.write(t, folder, "wild", named("*.shop.example")),
			m.write(t, folder, "old", x509.Certificate{Subject: named("common.example").Subject}),
		},
	}})
	for name, want := range map[string]string{
		"first.example": "first.example", "shop.example": "Shop.Example", "SHOP.example": "Shop.Example",
		"www.shop.example": "Shop.Example", "api.shop.example": "*.shop.example", "a.b.shop.example": "first.example",
		"common.example": "common.example", "unknown.example": "first.example", "": "first.example", "example": "first.example",
	} {
		if got := nameServed(t, doors, name); got != want {
			t.Errorf("%q got the certificate of %q, want %q", name, got, want)
		}
	}
}

func TestCertificateIsChosenByKind(t *testing.T) {
	m, folder := newMaker(t), t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	old := PairConfig{Certificate: filepath.Join(folder, "rsa.pem"), Key: filepath.Join(folder, "rsa.key")}
	put(t, old.Certificate, pemOf("CERTIFICATE", m.sign(t, named("site.example"), &key.PublicKey)...))
	put(t, old.Key, pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificates: []PairConfig{m.write(t, folder, "ec", named("site.example")), old}}})
	for suite, want := range map[uint16]x509.PublicKeyAlgorithm{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:   x509.RSA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: x509.ECDSA,
	} {
		state, err := visit(t, doors, 0, &tls.Config{ServerName: "site.example", RootCAs: m.pool(), MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}})
		if err != nil || state.PeerCertificates[0].PublicKeyAlgorithm != want {
			t.Errorf("%s: %v, want %v", tls.CipherSuiteName(suite), err, want)
		}
	}
}

func TestVersionsAndProtocols(t *testing.T) {
	m := newMaker(t)
	pair := m.write(t, t.TempDir(), "site", named("site.example"))
	plain, off := TLSConfig{Certificate: pair.Certificate, Key: pair.Key}, false
	strict := plain
	strict.MinVersion = MinVersion13
	doors := openDoors(t, quiet(), Config{TLS: &plain}, Config{TLS: &strict}, Config{TLS: &plain, HTTP2: &off})
	cases := map[string]struct {
		door    int
		max     uint16
		offered []string
		chosen  string
		refused bool
	}{
		"HTTP/2":            {0, tls.VersionTLS13, []string{"h2", "http/1.1"}, "h2", false},
		"HTTP/1.1":          {0, tls.VersionTLS13, []string{"http/1.1"}, "http/1.1", false},
		"nothing offered":   {0, tls.VersionTLS12, nil, "", false},
		"TLS 1.1":           {0, tls.VersionTLS11, nil, "", true},
		"TLS 1.2 to strict": {1, tls.VersionTLS12, nil, "", true},
		"TLS 1.3 to strict": {1, tls.VersionTLS13, nil, "", false},
		"HTTP/2 off":        {2, tls.VersionTLS13, []string{"h2", "http/1.1"}, "http/1.1", false},
		"ACME without it":   {0, tls.VersionTLS13, []string{ChallengeProtocol}, "", true},
	}
	for name, c := range cases {
		state, err := visit(t, doors, c.door, &tls.Config{
			ServerName: "site.example", RootCAs: m.pool(), MinVersion: tls.VersionTLS10, MaxVersion: c.max, NextProtos: c.offered, //nolint:gosec // what is refused
		})
		if (err != nil) != c.refused || state.NegotiatedProtocol != c.chosen {
			t.Errorf("%s: protocol %q, error %v", name, state.NegotiatedProtocol, err)
		}
	}
}

func TestSessionsAreResumed(t *testing.T) {
	m := newMaker(t)
	pair := m.write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}})
	config := &tls.Config{ServerName: "site.example", RootCAs: m.pool(), ClientSessionCache: tls.NewLRUClientSessionCache(2)}
	for i := range 2 {
		state, err := visit(t, doors, 0, config)
		if err != nil || state.DidResume != (i == 1) {
			t.Errorf("visit %d: resumed %t, %v", i+1, state.DidResume, err)
		}
	}
}

func TestChangedFilesAreReadAgain(t *testing.T) {
	m, folder := newMaker(t), t.TempDir()
	pair := m.write(t, folder, "site", named("one"))
	log, lines := newLog()
	doors := openDoors(t, log, Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}})
	if got := nameServed(t, doors, "any.example"); got != "one" {
		t.Fatalf("certificate %q", got)
	}
	// The certificate alone has been replaced: the pair does not fit, the old one stays and it is said.
	old, _ := os.ReadFile(pair.Key)
	m.write(t, folder, "next", named("two", "new.example"))
	put(t, pair.Certificate, read(t, filepath.Join(folder, "next.pem")))
	until(t, "the complaint", func() bool { return strings.Contains(lines.String(), "the old one stays in use") })
	if got := nameServed(t, doors, "any.example"); got != "one" {
		t.Errorf("half a change gave %q", got)
	}
	put(t, pair.Key, read(t, filepath.Join(folder, "next.key")))
	until(t, "the new certificate", func() bool { return nameServed(t, doors, "any.example") == "two" })
	if err := os.Remove(pair.Key); err != nil {
		t.Fatal(err)
	}
	until(t, "the second complaint", func() bool { return strings.Count(lines.String(), "the old one stays in use") == 2 })
	if got := nameServed(t, doors, "new.example"); got != "two" {
		t.Errorf("after the loss of a file: %q", got)
	}
	if strings.Contains(lines.String(), "PRIVATE") || strings.Contains(lines.String(), string(old)) {
		t.Error("a key is logged")
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Kubernetes mounts a secret as links to a link to a folder, and replaces the link in the middle.
func TestSwappedLinksAreNoticed(t *testing.T) {
	m, mount := newMaker(t), t.TempDir()
	for _, version := range []string{"v1", "v2"} {
		if err := os.Mkdir(filepath.Join(mount, version), 0o700); err != nil {
			t.Fatal(err)
		}
		m.write(t, filepath.Join(mount, version), "tls", named(version))
		// Both versions have the same time, as after a restored backup.
		for _, file := range []string{"tls.pem", "tls.key"} {
			_ = os.Chtimes(filepath.Join(mount, version, file), time.Unix(1e9, 0), time.Unix(1e9, 0))
		}
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(mount, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("v1", "..data")
	link("..data/tls.pem", "tls.pem")
	link("..data/tls.key", "tls.key")
	p, err := newPair(PairConfig{Certificate: filepath.Join(mount, "tls.pem"), Key: filepath.Join(mount, "tls.key")})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if p.look(now, quiet()) {
		t.Error("unchanged files were read again")
	}
	link("v2", "..data_tmp")
	if err := os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")); err != nil {
		t.Fatal(err)
	}
	if !p.look(now, quiet()) || p.entry.current.Load().Leaf.Subject.CommonName != "v2" {
		t.Error("the swapped link was not noticed")
	}
	// What could not be read is tried again later without a change: it may have been the lack of descriptors.
	if err := os.Chmod(mount, 0o700); err != nil {
		t.Fatal(err)
	}
	p.retry = now.Add(time.Minute)
	if p.look(now, quiet()) || !p.look(now.Add(time.Minute), quiet()) {
		t.Error("the second try did not come when it was due")
	}
}

func TestManyPairsAreWatchedInTurn(t *testing.T) {
	m, folder := newMaker(t), t.TempDir()
	one := m.write(t, folder, "site", named("site"))
	ring := &keyring{log: quiet()}
	for range 2*watchBatch + 10 {
		p, err := newPair(one)
		if err != nil {
			t.Fatal(err)
		}
		ring.pairs, ring.entries = append(ring.pairs, p), append(ring.entries, p.entry)
	}
	m.write(t, folder, "site", named("other"))
	next := 0
	for range 3 {
		next = ring.lookAround(time.Now(), next)
	}
	for i, p := range ring.pairs {
		if got := p.entry.current.Load().Leaf.Subject.CommonName; got != "other" {
			t.Fatalf("pair %d has the certificate %q", i, got)
		}
	}
	if len(ring.index.Load().exact["other"]) != len(ring.pairs) || ring.index.Load().exact["site"] != nil {
		t.Error("the names were not read again")
	}
}

func TestClientCertificates(t *testing.T) {
	m, clients, others, folder := newMaker(t), newMaker(t), newMaker(t), t.TempDir()
	pair := m.write(t, folder, "site", named("site.example"))
	ca := filepath.Join(folder, "clients.pem")
	put(t, ca, pemOf("CERTIFICATE", clients.certificate.Raw))
	required := TLSConfig{Certificate: pair.Certificate, Key: pair.Key, ClientCA: ca}
	optional := required
	optional.ClientCertificate = ClientCertificateOptional
	doors := openDoors(t, quiet(), Config{TLS: &required}, Config{TLS: &optional})
	shown := func(m *maker) []tls.Certificate {
		key, template := newKey(t), named("visitor")
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		return []tls.Certificate{{Certificate: m.sign(t, template, &key.PublicKey), PrivateKey: key}}
	}
	good, bad := shown(clients), shown(others)
	let := func(door int, certificates []tls.Certificate) bool {
		_, err := visit(t, doors, door, &tls.Config{ServerName: "site.example", RootCAs: m.pool(),
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(certificates) == 0 {
					return &tls.Certificate{}, nil
				}
				return &certificates[0], nil
			}})
		return err == nil
	}
	for name, ok := range map[string]bool{
		"required, none": !let(0, nil), "required, good": let(0, good), "required, bad": !let(0, bad),
		"optional, none": let(1, nil), "optional, good": let(1, good), "optional, bad": !let(1, bad),
	} {
		if !ok {
			t.Errorf("%s: decided wrongly", name)
		}
	}
	put(t, ca, pemOf("CERTIFICATE", others.certificate.Raw))
	until(t, "the new authorities", func() bool { return let(0, bad) && let(1, bad) })
	if let(0, good) || let(1, good) {
		t.Error("the old authorities are still believed")
	}
}

// keeping is a connection that wants to know the hello.
type keeping struct {
	net.Conn
	hellos []fingerprint.Hello
}

func (k *keeping) KeepHello(hello fingerprint.Hello) { k.hellos = append(k.hellos, hello) }

func TestConnectionIsToldTheHello(t *testing.T) {
	m := newMaker(t)
	pair := m.write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}})
	for name, c := range map[string]struct {
		config *tls.Config
		want   string
	}{
		// A key exchange that the server's first choice is not among makes a second hello.
		"TLS 1.3": {&tls.Config{NextProtos: []string{"h2"}, ServerName: "site.example"}, `^t13d\d\d\d\dh2_[0-9a-f]{12}_[0-9a-f]{12}$`},
		"retried": {&tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP521}}, `^t13i\d\d\d\d00_`},
		"TLS 1.2": {&tls.Config{MaxVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, `^t12i\d\d\d\dh1_`},
	} {
		ours, theirs := net.Pipe()
		kept := &keeping{Conn: ours}
		client := c.config.Clone()
		client.InsecureSkipVerify = true
		go func() {
			_ = tls.Client(theirs, client).Handshake()
			_ = theirs.Close()
		}()
		_ = tls.Server(kept, doors.All()[0].TLS).Handshake()
		if len(kept.hellos) != 1 {
			t.Fatalf("%s: told %d hellos", name, len(kept.hellos))
		}
		if got := kept.hellos[0].JA4(); !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("%s: %s", name, got)
		}
		if len(kept.hellos[0].Curves) == 0 {
			t.Errorf("%s: no curves", name)
		}
	}
}

func TestDoorsWithEqualSectionsShareThem(t *testing.T) {
	pair := newMaker(t).write(t, t.TempDir(), "site", named("site.example"))
	doors := openDoors(t, quiet(), Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}},
		Config{TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}}, Config{TLS: &TLSConfig{Certificates: []PairConfig{pair}}})
	if len(doors.keyrings) != 2 {
		t.Errorf("%d rings of keys", len(doors.keyrings))
	}
}

func TestUnreadableFilesOpenNoDoor(t *testing.T) {
	m, folder := newMaker(t), t.TempDir()
	pair := m.write(t, folder, "site", named("site.example"))
	empty := filepath.Join(folder, "empty.pem")
	put(t, empty, nil)
	big := filepath.Join(folder, "big.pem")
	put(t, big, make([]byte, maxFile+1))
	other := m.write(t, folder, "other", named("site.example"))
	for name, c := range map[string]struct {
		config TLSConfig
		want   string
	}{
		"missing":   {TLSConfig{Certificate: "nowhere.pem", Key: pair.Key}, "nowhere.pem"},
		"empty":     {TLSConfig{Certificate: empty, Key: pair.Key}, "empty.pem"},
		"too big":   {TLSConfig{Certificate: big, Key: pair.Key}, "greater than 1 MiB"},
		"no match":  {TLSConfig{Certificate: pair.Certificate, Key: other.Key}, "does not match"},
		"client CA": {TLSConfig{Certificate: pair.Certificate, Key: pair.Key, ClientCA: empty}, "client certificates"},
	} {
		probe, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = probe.Close()
		_, err = Open([]Config{{Address: probe.Addr().String()}, {Address: "127.0.0.1:0", TLS: &c.config}}, Deps{Log: quiet()})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "door 2") {
			t.Errorf("%s: %v", name, err)
		}
		again, err := net.Listen("tcp", probe.Addr().String())
		if err != nil {
			t.Errorf("%s: the first door was left open: %v", name, err)
			continue
		}
		_ = again.Close()
	}
}

func TestAgeIsTold(t *testing.T) {
	m, folder := newMaker(t), t.TempDir()
	now := time.Now()
	for name, c := range map[string]struct {
		from, to time.Time
		want     string
	}{
		"expired": {now.Add(-48 * time.Hour), now.Add(-time.Hour), "has expired"},
		"soon":    {now.Add(-1000 * time.Hour), now.Add(time.Hour), "expires soon"},
		"future":  {now.Add(time.Hour), now.Add(2 * time.Hour), "not valid yet"},
		"fine":    {now.Add(-time.Hour), now.Add(time.Hour), ""},
	} {
		template := named("site.example")
		template.NotBefore, template.NotAfter = c.from, c.to
		p, err := newPair(m.write(t, folder, "site", template))
		if err != nil {
			t.Fatal(err)
		}
		log, lines := newLog()
		warnOfAge(log, p.entry, now)
		if got := lines.String(); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
