package http2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"

	"wayguard/http1"
)

// seen lets a handler tell what it was given.
func seen(s *Stream) {
	text := fmt.Sprintf("%s|%s|%s|%s|%s|%d|%v|", s.Method(), s.Scheme(), s.Authority(), s.Path(), s.Protocol(), s.Length(), s.HasBody())
	for _, f := range s.Fields() {
		text += f.Name + "=" + f.Value + "|"
	}
	_ = s.Answer(200, nil, []byte(text), true)
}

func TestRequestsArriveAsSent(t *testing.T) {
	h := open(t, Config{WebSocket: true}, seen)
	for _, c := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"plain", []string{":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/p?q=1"}, "GET|https|a.test|/p?q=1||-1|false|"},
		{"order", []string{":path", "/", ":method", "GET", ":scheme", "http", ":authority", "a.test:81", "x-b", "2", "x-a", "1", "x-b", "3"},
			"GET|http|a.test:81|/||-1|false|x-b=2|x-a=1|x-b=3|"},
		{"crumbs", []string{":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/", "cookie", "a=1", "x", "y", "cookie", "b=2", "cookie", "c=3"},
			"GET|https|a.test|/||-1|false|cookie=a=1; b=2; c=3|x=y|"},
		{"host only", []string{":method", "GET", ":scheme", "https", ":path", "/", "host", "b.test"}, "GET|https|b.test|/||-1|false|"},
		{"host too", []string{":method", "GET", ":scheme", "https", ":authority", "A.test:443", ":path", "/", "host", "a.test", "te", "trailers"},
			"GET|https|A.test:443|/||-1|false|te=trailers|"},
		{"asterisk", []string{":method", "OPTIONS", ":scheme", "https", ":authority", "a.test", ":path", "*"}, "OPTIONS|https|a.test|*||-1|false|"},
		{"connect", []string{":method", "CONNECT", ":authority", "a.test:443"}, "CONNECT||a.test:443|||-1|false|"},
		{"websocket", []string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "a.test", ":path", "/chat"},
			"CONNECT|https|a.test|/chat|websocket|-1|false|"},
		{"empty value", []string{":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/", "x-empty", "", "content-length", "0"},
			"GET|https|a.test|/||0|false|x-empty=|content-length=0|"},
		{"utf-8", []string{":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/ü", "x", "ü\tö"}, "GET|https|a.test|/ü||-1|false|x=ü\tö|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := h.greet()
			p.t = t
			p.head(1, true, c.fields...)
			if got := string(p.answer(1).body); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestMalformedRequestsAreReset(t *testing.T) {
	h := open(t, Config{}, func(s *Stream) {
		if s.Path() != "/" || len(s.Fields()) > 0 {
			t.Errorf("the handler was given %q %q", s.Path(), s.Fields())
		}
		_ = s.Respond(204, nil, true)
	})
	good := []string{":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/"}
	with := func(fields ...string) []string { return append(slices.Clone(good), fields...) }
	but := func(name, value string) []string {
		fields := slices.Clone(good)
		i := slices.Index(fields, name)
		if value == "" {
			return slices.Delete(fields, i, i+2)
		}
		fields[i+1] = value
		return fields
	}
	cases := map[string][]string{
		"upper case":              with("X-A", "1"),
		"upper case at the end":   with("x-A", "1"),
		"empty name":              with("", "1"),
		"space in name":           with("x a", "1"),
		"colon in name":           with("x:a", "1"),
		"line end in name":        with("x\r\ny", "1"),
		"control in name":         with("x\x01", "1"),
		"raw name":                with("xü", "1"),
		"CR LF in value":          with("x", "1\r\ntransfer-encoding: chunked"),
		"LF in value":             with("x", "1\n"),
		"NUL in value":            with("x", "1\x002"),
		"DEL in value":            with("x", "1\x7f"),
		"space before value":      with("x", " 1"),
		"tab after value":         with("x", "1\t"),
		"connection":              with("connection", "close"),
		"keep-alive":              with("keep-alive", "1"),
		"proxy-connection":        with("proxy-connection", "close"),
		"transfer-encoding":       with("transfer-encoding", "chunked"),
		"upgrade":                 with("upgrade", "h2c"),
		"te":                      with("te", "trailers, deflate"),
		"two lengths":             with("content-length", "0", "content-length", "0"),
		"signed length":           with("content-length", "+0"),
		"empty length":            with("content-length", ""),
		"listed length":           with("content-length", "0,0"),
		"huge length":             with("content-length", "18446744073709551616"),
		"length without body":     with("content-length", "1"),
		"disguised length":        with("content_length", "1"),
		"disguised coding":        with("transfer.encoding", "chunked"),
		"other host":              with("host", "b.test"),
		"two hosts":               with("host", "a.test", "host", "a.test"),
		"other port":              with("host", "a.test:8443"),
		"pseudo after regular":    append([]string{"x", "1"}, good...),
		"doubled pseudo":          with(":path", "/"),
		"unknown pseudo":          append([]string{":fun", "1"}, good...),
		"status":                  append([]string{":status", "200"}, good...),
		"no method":               but(":method", ""),
		"no scheme":               but(":scheme", ""),
		"no path":                 but(":path", ""),
		"no authority":            but(":authority", ""),
		"space in method":         but(":method", "GET / HTTP/1.1"),
		"line end in method":      but(":method", "GET\r\nx: y"),
		"space in path":           but(":path", "/ HTTP/1.1"),
		"line end in path":        but(":path", "/\r\nhost: b"),
		"fragment":                but(":path", "/#x"),
		"absolute path":           but(":path", "http://b.test/"),
		"relative path":           but(":path", "x"),
		"asterisk":                but(":path", "*"),
		"user in authority":       but(":authority", "u@a.test"),
		"path in authority":       but(":authority", "a.test/x"),
		"line end in authority":   but(":authority", "a.test\r\nx: y"),
		"space in scheme":         but(":scheme", "ht tp"),
		"connect with path":       but(":method", "CONNECT"),
		"connect without host":    {":method", "CONNECT"},
		"protocol not announced":  {":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "a.test", ":path", "/"},
		"protocol without method": with(":protocol", "websocket"),
	}
	p := h.greet()
	stream := uint32(1)
	for name, fields := range cases {
		p.t.Log(name)
		p.head(stream, true, fields...)
		p.expectReset(stream, ProtocolError)
		p.ask(stream+2, true) // the connection is as good as before; what is finished makes up for what was not
		if a := p.answer(stream + 2); a.fields[":status"] != "204" {
			t.Fatalf("%s: afterwards %v", name, a.fields)
		}
		stream += 4
	}
	if n := h.count(CountMalformed); n != len(cases) {
		t.Errorf("%d malformed requests counted, want %d", n, len(cases))
	}
}

func TestBodyMustHaveTheLengthSaid(t *testing.T) {
	for name, send := range map[string]func(p *peer){
		"longer":   func(p *peer) { p.must(p.framer.WriteData(1, false, []byte("12345"))) },
		"shorter":  func(p *peer) { p.must(p.framer.WriteData(1, true, []byte("123"))) },
		"trailers": func(p *peer) { p.head(1, true, "x-checksum", "1") },
	} {
		t.Run(name, func(t *testing.T) {
			failed, began := make(chan error, 1), make(chan bool)
			h := open(t, Config{}, func(s *Stream) {
				close(began)
				buffer := make([]byte, 100)
				for {
					if _, err := s.Read(buffer); err != nil {
						failed <- err
						return
					}
				}
			})
			p := h.greet()
			p.ask(1, false, "content-length", "4")
			<-began
			send(p)
			p.expectReset(1, ProtocolError)
			if err := <-failed; err != ErrMalformed {
				t.Errorf("the handler was told %v", err)
			}
		})
	}
}

func TestTooLongAListIsToldSo(t *testing.T) {
	h := open(t, Config{HeaderBytes: 4096, HeaderFields: 20}, seen)
	p := h.greet()
	p.ask(1, true, "x-long", strings.Repeat("x", 5000))
	if a := p.answer(1); a.fields[":status"] != "431" {
		t.Errorf("%v", a.fields)
	}
	many := make([]string, 0, 60)
	for i := range 30 {
		many = append(many, fmt.Sprint("x-", i), "1")
	}
	p.ask(3, false, many...)
	if a := p.answer(3); a.fields[":status"] != "431" {
		t.Errorf("%v", a.fields)
	}
	p.expectReset(3, NoError)
	p.ask(5, true, "x-long", strings.Repeat("x", 3000)) // the HPACK tables agree still
	if a := p.answer(5); a.fields[":status"] != "200" {
		t.Errorf("%v", a.fields)
	}
	if h.count(CountHeadTooLong) != 2 {
		t.Error("not counted")
	}
}

func TestTrailersBothWays(t *testing.T) {
	h := open(t, Config{}, echo)
	p := h.greet()
	p.ask(1, false, "trailer", "x-sum")
	p.must(p.framer.WriteData(1, false, []byte("body")))
	p.head(1, true, "x-sum", "42")
	a := p.answer(1)
	if string(a.body) != "body" || a.trailers["x-sum"] != "42" {
		t.Errorf("%q %v", a.body, a.trailers)
	}
	for i, bad := range [][]string{{":path", "/"}, {"content-length", "3"}, {"X-Sum", "1"}, {"host", "a.test"}, {"connection", "close"}, {"x", "a\nb"}} {
		stream := uint32(3 + 2*i)
		p.ask(stream, false)
		p.head(stream, true, bad...)
		p.expectReset(stream, ProtocolError)
	}
	p.ask(101, false)
	p.head(101, false, "x-sum", "1") // trailers that do not end the stream
	p.expectReset(101, ProtocolError)
}

func TestFingerprintTellsTheOpening(t *testing.T) {
	h := open(t, Config{}, func(s *Stream) { _ = s.Answer(200, nil, []byte(s.Fingerprint()), true) })
	p := h.dial()
	p.raw([]byte(Preface))
	p.must(p.framer.WriteSettings(xhttp2.Setting{ID: 1, Val: 65536}, xhttp2.Setting{ID: 2, Val: 0}, xhttp2.Setting{ID: 0x99, Val: 7}))
	p.must(p.framer.WriteWindowUpdate(0, 15663105))
	p.must(p.framer.WritePriority(3, xhttp2.PriorityParam{StreamDep: 0, Weight: 200}))
	p.must(p.framer.WritePriority(5, xhttp2.PriorityParam{StreamDep: 3, Exclusive: true, Weight: 0}))
	p.head(7, true, ":method", "GET", ":authority", "a.test", ":scheme", "https", ":path", "/")
	const want = "1:65536;2:0;153:7|15663105|3:0:0:201,5:1:3:1|m,a,s,p"
	if got := string(p.answer(7).body); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	p.must(p.framer.WriteSettings(xhttp2.Setting{ID: 4, Val: 1 << 20}))
	p.head(9, true, ":path", "/", ":method", "GET", ":authority", "a.test", ":scheme", "https")
	if got := string(p.answer(9).body); got != want {
		t.Errorf("later: %s", got)
	}
}

func TestNamesAndNumbers(t *testing.T) {
	for name, want := range map[string][2]bool{
		"x-a": {true, false}, "x_a": {true, true}, "9": {true, false}, "": {}, "X": {}, "a b": {}, "a:": {}, "a\x80": {}, "!#$%&'*+-.^_`|~": {true, true}, "(": {}, "@": {}, "[": {}, "{": {}, "\x7f": {}, "/": {},
	} {
		if ok, odd := validName(name); ok != want[0] || odd != want[1] {
			t.Errorf("%q: %v %v", name, ok, odd)
		}
	}
	for b := range 256 {
		name := string([]byte{'a', byte(b)})
		ok, _ := validName(name)
		if want := http1.ValidName(name) && strings.ToLower(name) == name; ok != want {
			t.Errorf("%q: %v, and http1 says %v", name, ok, want)
		}
	}
	for text, want := range map[string]int64{"0": 0, "007": 7, "999999999999999999": 999999999999999999, "1000000000000000000": -1, "": -1, "-1": -1, "0x1": -1, " 1": -1, "1 ": -1} {
		if got := parseLength(text); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
	for scheme, want := range map[string]bool{"http": true, "https": true, "h2+x.y-z": true, "1http": false, "": false, "ht/tp": false, "http:": false, "ht\ntp": false} {
		if validScheme(scheme) != want {
			t.Errorf("%q", scheme)
		}
	}
}
