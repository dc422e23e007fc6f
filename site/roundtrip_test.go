package site_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/http1"
	"wayguard/sidechain"
	"wayguard/site"
)

// engine is the smallest proxy that carries a Directive out.
func engine(set *site.Set, origin string) http.Handler {
	target, _ := url.Parse(origin)
	var count atomic.Uint32
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		asked := &site.Request{Method: in.Method, Host: in.Host, Path: in.URL.EscapedPath(), Query: in.URL.RawQuery, Now: time.Now(),
			Random: func() [16]byte { return [16]byte{byte(count.Add(1)), 9} }}
		for name, values := range in.Header {
			for _, value := range values {
				asked.Fields = append(asked.Fields, http1.Field{Name: name, Value: value})
			}
		}
		d := set.Decide(asked)
		if d.Answer != nil {
			for _, f := range append(d.Answer.Fields[:len(d.Answer.Fields):len(d.Answer.Fields)], d.AddResponse...) {
				w.Header().Add(f.Name, f.Value)
			}
			w.WriteHeader(d.Answer.Status)
			_, _ = w.Write(d.Answer.Body)
			return
		}
		proxy := &httputil.ReverseProxy{
			Rewrite: func(p *httputil.ProxyRequest) {
				p.SetURL(target)
				p.Out.Host = d.UpstreamHost
				for name := range p.Out.Header {
					if d.Drop != nil && d.Drop(name) {
						p.Out.Header.Del(name)
					}
				}
				for _, f := range d.AddRequest {
					p.Out.Header.Add(f.Name, f.Value)
				}
			},
			ModifyResponse: func(r *http.Response) error {
				for name := range r.Header {
					if d.DropResponse != nil && d.DropResponse(name) {
						r.Header.Del(name)
					}
				}
				for _, f := range d.AddResponse {
					r.Header.Add(f.Name, f.Value)
				}
				return nil
			},
		}
		proxy.ServeHTTP(w, in)
	})
}

// cdn is a CDN with a worker: a request with a valid signature goes to the application, any other to the engine.
type cdn struct {
	engine, origin string
	verifier       *sidechain.Verifier
	// spoil is what goes wrong at this CDN with a request that comes from the engine.
	spoil          func(http.Header)
	passes, direct atomic.Int32
}

func (c *cdn) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	if c.passes.Add(1) > 20 {
		http.Error(w, "round and round", http.StatusInternalServerError)
		return
	}
	if c.spoil != nil && in.Header.Get("Signature") != "" {
		c.spoil(in.Header)
	}
	m := &sidechain.Message{Method: in.Method, Scheme: "https", Authority: in.Host, Path: in.URL.EscapedPath(), Query: in.URL.RawQuery}
	to, host := c.engine, in.Host+".spec-domain.com"
	if _, err := c.verifier.Verify(m, in.Header["Signature-Input"], in.Header["Signature"], time.Now()); err == nil {
		to, host = c.origin, in.Host
		in.Header.Del("Signature")
		in.Header.Del("Signature-Input")
		c.direct.Add(1)
	}
	target, _ := url.Parse(to)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = host
			if to == c.engine {
				p.Out.Header.Set("X-Spec-Customer-Authorization", goodKey)
			}
		},
		// The worker reads the marker and keeps it to itself.
		ModifyResponse: func(r *http.Response) error {
			if to == c.engine && r.Header.Get("X-Atvak-Activity-Count") == "" {
				return fmt.Errorf("the engine did not mark its answer")
			}
			r.Header.Del("X-Atvak-Activity-Count")
			return nil
		},
	}
	proxy.ServeHTTP(w, in)
}

// A visitor's request goes CDN, engine, CDN, application and back: two passes, and never in a circle, whatever the CDN
// does to the signature.
func TestRoundTripOverHTTP(t *testing.T) {
	for _, c := range []struct {
		name           string
		spoil          func(http.Header)
		header         map[string]string
		status, passes int
	}{
		{"well", nil, nil, 200, 2},
		{"a visitor who signs as us", nil, map[string]string{"Signature-Input": `sidechain=("@method");created=1`, "Signature": "sidechain=:AAAA:"}, 200, 2},
		{"a visitor with a signature nobody can read", nil, map[string]string{"Signature-Input": "((("}, 200, 2},
		{"a visitor with an own signature", nil, map[string]string{"Signature-Input": `sig1=("@authority");created=1`, "Signature": "sig1=:AAAA:"}, 200, 2},
		{"the CDN takes the signature away", func(h http.Header) { h.Del("Signature"); h.Del("Signature-Input") }, nil, 508, 2},
		{"the CDN breaks the signature", func(h http.Header) { h.Set("Signature", "sidechain=:AAAA:"); h.Del("Cdn-Loop") }, nil, 500, 21},
		{"the CDN breaks it and keeps the loop's mark", func(h http.Header) { h.Set("Signature", "sidechain=:AAAA:") }, nil, 508, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen http.Header
			origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen = r.Header.Clone()
				w.Header().Set("X-Atvak-Activity-Count", "forged")
				_, _ = io.WriteString(w, "hello "+r.Host+r.URL.RequestURI())
			}))
			defer origin.Close()
			key, err := sidechain.NewKey("k1", sidechain.Ed25519, base64.StdEncoding.EncodeToString(make([]byte, 32)))
			if err != nil {
				t.Fatal(err)
			}
			public, err := sidechain.NewPublicKey("k1", key.Public())
			if err != nil {
				t.Fatal(err)
			}
			verifier, err := sidechain.NewVerifier([]sidechain.Key{public}, sidechain.Settings{}, sidechain.NewNonces(100))
			if err != nil {
				t.Fatal(err)
			}
			edge := &cdn{origin: origin.URL, verifier: verifier, spoil: c.spoil}
			front := httptest.NewServer(edge)
			defer front.Close()
			us := httptest.NewServer(engine(compile(t, signedSite), front.URL))
			defer us.Close()
			edge.engine = us.URL

			request, _ := http.NewRequest("GET", front.URL+"/a%20b?c=d", nil)
			request.Host = "www.client.com"
			for name, value := range c.header {
				request.Header.Set(name, value)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != c.status || int(edge.passes.Load()) != c.passes {
				t.Fatalf("status %d after %d passes: %s; want %d after %d", response.StatusCode, edge.passes.Load(), body, c.status, c.passes)
			}
			if response.Header.Get("X-Atvak-Activity-Count") != "" {
				t.Error("the visitor sees the marker")
			}
			if c.status != 200 {
				return
			}
			if string(body) != "hello www.client.com/a%20b?c=d" || edge.direct.Load() != 1 {
				t.Errorf("answer %q", body)
			}
			for name := range seen {
				if strings.HasPrefix(strings.ToLower(name), "x-spec") {
					t.Errorf("the application sees %s", name)
				}
			}
		})
	}
}
