package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// visitors are how many different people the load pretends to be: each has an address, a session cookie and an account.
const visitors = 1000

// bodyBytes is the size of the posted JSON.
const bodyBytes = 2048

// writeMaterial writes what the peers and the generators need: a certificate, big files, and the requests.
func writeMaterial(dir string) error {
	if err := writeCertificate(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o755); err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	_, _ = rand.Read(block)
	if err := os.WriteFile(filepath.Join(dir, "files", "1m"), block, 0o644); err != nil {
		return err
	}
	big, err := os.Create(filepath.Join(dir, "files", "100m"))
	if err != nil {
		return err
	}
	for range 100 {
		if _, err := big.Write(block); err != nil {
			return err
		}
	}
	if err := big.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "body.json"), []byte(body(0)), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "load.lua"), []byte(script()), 0o644)
}

// body is a visitor's JSON, always of the same length.
func body(visitor int) string {
	values := map[string]string{}
	for _, field := range jsonFields() {
		text := field.value
		if strings.Contains(text, "%") {
			text = fmt.Sprintf(text, 10000+visitor)
		}
		values[field.path] = text
	}
	text := fmt.Sprintf(`{"customer":{"email":%s,"login":%s,"phone":%s,"newsletter":false},"shipping":{"country":%s,"days":3},`+
		`"order":{"id":%s,"items":[{"product":%s,"quantity":%s,"gift":true}],"promotion":%s},"payment":{"card":%s},"notes":{"search":%s,"text":"`,
		values["customer.email"], values["customer.login"], values["customer.phone"], values["shipping.country"], values["order.id"],
		values["order.items[0].product"], values["order.items[0].quantity"], values["order.promotion"], values["payment.card"], values["notes.search"])
	const end = `"}}`
	return text + strings.Repeat("lorem ipsum ", 300)[:bodyBytes-len(text)-len(end)] + end
}

// headers are what a browser sends, with the visitor's own address and session.
func headers(visitor int) [][2]string {
	return [][2]string{
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
		{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		{"Accept-Language", "en-GB,en;q=0.9,de;q=0.8"},
		{"Accept-Encoding", "gzip, deflate, br"},
		{"X-Forwarded-For", fmt.Sprintf("10.1.%d.%d", visitor/200, 1+visitor%200)},
		{"Cookie", fmt.Sprintf("sid=s%011d; theme=dark; consent=abcdef", visitor)},
	}
}

// script makes wrk send the requests of all visitors in turn.
func script() string {
	var text strings.Builder
	text.WriteString("local heads, bodies = {}, {}\n")
	for visitor := range visitors {
		fmt.Fprintf(&text, "heads[%d] = {", visitor+1)
		for _, header := range headers(visitor) {
			fmt.Fprintf(&text, "[%q]=%q,", header[0], header[1])
		}
		fmt.Fprintf(&text, "[\"Content-Type\"]=\"application/json\"}\nbodies[%d] = [[%s]]\n", visitor+1, body(visitor))
	}
	fmt.Fprintf(&text, `
local requests, at = {}, 0
function init(args)
	local plain = args[1] == "plain"
	for i = 1, %d do
		local head = heads[i]
		if args[2] ~= "POST" then head["Content-Type"] = nil end
		requests[i] = wrk.format(args[2], args[3], plain and {} or head, args[2] == "POST" and bodies[i] or nil)
	end
end
function request()
	at = at %% %[1]d + 1
	return requests[at]
end
function done(summary, latency, r)
	local e = summary.errors
	io.write(string.format("requests=%%d errors=%%d\n", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
`, visitors)
	return text.String()
}

// writeCertificate writes a P-256 certificate of 127.0.0.1 that signs itself.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"bench.example", "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"certificate.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o644); err != nil {
			return err
		}
	}
	return nil
}
