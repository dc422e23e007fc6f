// Command server answers HTTP/2 by the package alone, for h2spec, h2load and curl:
//
//	go run ./http2/testdata/server -clear 127.0.0.1:8080 -tls 127.0.0.1:8443
//
// GET /size/N answers N bytes; everything else gets its body back, or a kilobyte.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"wayguard/http1"
	"wayguard/http2"
	"wayguard/socket"
)

func main() {
	clear := flag.String("clear", "127.0.0.1:8080", "address in clear")
	secure := flag.String("tls", "127.0.0.1:8443", "address with TLS")
	origin := flag.String("origin", "", "forward to this address by HTTP/1.1, GET only")
	serve := flag.Bool("serve", false, "wait by socket.Conn.Serve")
	debug := flag.String("pprof", "", "address of pprof")
	flag.Parse()
	if *debug != "" {
		go func() { log.Println(http.ListenAndServe(*debug, nil)) }()
	}
	answer := handle
	if *origin != "" {
		answer = (&forwarder{address: *origin}).handle
	}
	server := http2.NewServer(http2.Config{
		WebSocket: true, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Count: func(what string) { log.Println("count:", what) },
	}, answer)
	config := certificate()
	go accept(*secure, config, server, *serve)
	accept(*clear, nil, server, *serve)
}

func accept(address string, config *tls.Config, server *http2.Server, serve bool) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			below, err := socket.New(conn.(*net.TCPConn))
			if err != nil {
				return
			}
			opening := http2.Opening{}
			var plain net.Conn = conn
			if serve {
				r := &readiness{Conn: below}
				plain = r
				if config == nil {
					r.serving = true
				}
				opening.Serve = func(f func(bool) bool) error {
					return below.Serve(func(first bool) bool { r.short, r.serving = false, true; return f(first) })
				}
			}
			if config != nil {
				secured := tls.Server(plain, config)
				if secured.Handshake() != nil {
					plain.Close()
					return
				}
				plain = secured
			}
			if err := server.Serve(plain, opening); err != nil {
				log.Println(err)
			}
		}()
	}
}

// readiness reads without waiting once it serves.
type readiness struct {
	*socket.Conn
	serving, short bool
}

type wouldBlock struct{}

func (wouldBlock) Error() string        { return "would block" }
func (wouldBlock) Timeout() bool        { return false }
func (wouldBlock) Temporary() bool      { return true }
func (wouldBlock) Is(target error) bool { return target == socket.ErrWouldBlock }

func (r *readiness) Read(p []byte) (int, error) {
	if !r.serving {
		return r.Conn.Read(p)
	}
	if r.short {
		return 0, wouldBlock{}
	}
	n, err := r.Conn.TryRead(p)
	if err == socket.ErrWouldBlock {
		return 0, wouldBlock{}
	}
	r.short = n < len(p)
	return n, err
}

func handle(s *http2.Stream) {
	if size, ok := strings.CutPrefix(s.Path(), "/size/"); ok {
		n, _ := strconv.Atoi(size)
		s.Respond(200, []http1.Field{{Name: "Content-Length", Value: size}}, n == 0)
		buffer := make([]byte, 64<<10)
		for n > 0 {
			part := min(n, len(buffer))
			if _, err := s.Write(buffer[:part]); err != nil {
				return
			}
			n -= part
		}
		s.Finish(nil)
		return
	}
	fields := []http1.Field{{Name: "Content-Type", Value: "text/plain"}, {Name: "Server", Value: "test"}}
	if !s.HasBody() {
		s.Answer(200, fields, kilobyte(), true)
		return
	}
	var body bytes.Buffer
	if _, err := io.Copy(&body, s); err != nil {
		s.Reset(http2.Cancel)
		return
	}
	s.Answer(200, fields, body.Bytes(), len(s.Trailers()) == 0)
	if len(s.Trailers()) > 0 {
		s.Finish(s.Trailers())
	}
}

func kilobyte() []byte { return bytes.Repeat([]byte("0123456789abcde\n"), 64) }

// forwarder asks an origin, the shortest way there is: for measuring.
type forwarder struct {
	address string
	mu      sync.Mutex
	idle    []*upstream
}

type upstream struct {
	conn     *socket.Conn
	out, in  []byte
	response http1.Response
}

func (f *forwarder) connect() *upstream {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.idle); n > 0 {
		u := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return u
	}
	conn, err := net.Dial("tcp", f.address)
	if err != nil {
		log.Fatal(err)
	}
	below, _ := socket.New(conn.(*net.TCPConn))
	return &upstream{conn: below, in: make([]byte, 64<<10)}
}

func (f *forwarder) handle(s *http2.Stream) {
	u := f.connect()
	u.out = http1.AppendRequest(u.out[:0], s.Method(), s.Path(), s.Authority(), s.Fields(), http1.Framing{Length: max(s.Length(), 0), HasLength: s.Length() > 0}, false)
	var room [16 << 10]byte
	for s.HasBody() {
		n, err := s.Read(room[:])
		u.out = append(u.out, room[:n]...)
		if err != nil {
			break
		}
	}
	n, err := u.conn.Ask(u.out, u.in)
	if err != nil {
		log.Fatal(err)
	}
	head, err := u.response.Parse(u.in[:n], s.Method(), http1.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	rest := int(u.response.Framing.Length)
	part := u.in[head:n]
	rest -= len(part)
	s.Answer(u.response.Status, u.response.Fields, part, rest == 0)
	for rest > 0 {
		n, err := u.conn.Ask(nil, u.in)
		if err != nil {
			log.Fatal(err)
		}
		rest -= n
		if rest == 0 {
			s.End(u.in[:n])
		} else if _, err := s.Write(u.in[:n]); err != nil {
			u.conn.Close()
			return
		}
	}
	f.mu.Lock()
	f.idle = append(f.idle, u)
	f.mu.Unlock()
}

func certificate() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"h2"}, DynamicRecordSizingDisabled: true,
	}
}
