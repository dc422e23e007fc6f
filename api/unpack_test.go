package api_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"wayguard/api"
)

// packed is data in a content coding.
func packed(t testing.TB, coding string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "bare deflate":
		w, err = flate.NewWriter(&out, 6)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	default:
		return data
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestCompressedPaymentsAreDecided sends payments in each content coding: the rules see what is in them, and the destination gets the
// bytes that came, with their Content-Encoding.
func TestCompressedPaymentsAreDecided(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	h.rules(token, atLeast(75000, "large", "BLOCK"))
	ref := h.install(token, interceptorFor(o.URL))
	send := func(coding string, body []byte) (int, http.Header) {
		t.Helper()
		r := h.request(token, "POST", "/api/interceptors/"+ref, string(body))
		r.Header["Content-Encoding"] = []string{coding}
		status, header, _ := h.send(r)
		return status, header
	}
	small, _ := json.Marshal(acquirer(visa, 100))
	large, _ := json.Marshal(acquirer(visa, 99999))
	for _, coding := range []string{"identity", "gzip", "deflate", "br", "zstd"} {
		before := len(o.seen())
		sent := packed(t, coding, small)
		status, header := send(coding, sent)
		got := o.seen()
		if status != 201 || header.Get("X-Specter-Decision-Id") == "" || len(got) != before+1 {
			t.Fatalf("%s: status %d, %d arrivals", coding, status, len(got)-before)
		}
		if !bytes.Equal(got[before].body, sent) || got[before].header.Get("Content-Encoding") != coding {
			t.Errorf("%s: what arrived is not what was sent", coding)
		}
		if status, _ := send(coding, packed(t, coding, large)); status != 200 || len(o.seen()) != before+1 {
			t.Errorf("%s: a payment to be blocked: status %d, %d arrivals", coding, status, len(o.seen())-before-1)
		}
	}
	if n := h.metric("intercepted_mapping_errors"); n != 0 {
		t.Errorf("%d mapping errors", n)
	}
	// "x-gzip" and "identity, gzip" are other names of gzip.
	for _, name := range []string{"X-GZIP", "identity, gzip"} {
		if _, header := send(name, packed(t, "gzip", small)); header.Get("X-Specter-Decision-Id") == "" {
			t.Errorf("%s: no decision", name)
		}
	}
	h.noSecrets(visa, token)
}

// TestStrangeCodingsAreMappingErrors: what cannot be undone, or could be undone in two ways, goes by on_invalid.
func TestStrangeCodingsAreMappingErrors(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	body := interceptorFor(o.URL)
	body["on_invalid"] = "block"
	ref := h.install(token, body)
	payment, _ := json.Marshal(acquirer(visa, 100))
	zipped := packed(t, "gzip", payment)
	for _, one := range []struct {
		name, coding string
		body         []byte
	}{
		{"a strange coding", "compress", payment}, {"two codings", "gzip, br", zipped}, {"not what it says", "gzip", payment}, {"no zstd", "zstd", payment},
		{"broken off", "gzip", zipped[:len(zipped)-9]}, {"two members", "gzip", append(bytes.Clone(zipped), packed(t, "gzip", []byte(" "))...)},
		{"bare DEFLATE", "deflate", packed(t, "bare deflate", payment)}, {"bytes behind the end", "deflate", append(packed(t, "deflate", payment), 'x')},
		{"bytes behind the end of br", "br", append(packed(t, "br", payment), 'x')}, {"bytes behind the end of zstd", "zstd", append(packed(t, "zstd", payment), "rest"...)},
	} {
		status, _, answer := h.call(token, "POST", "/api/interceptors/"+ref, string(one.body), "Content-Encoding", one.coding)
		told := struct {
			Code   string `json:"code"`
			Errors []struct{ Field, Code string }
		}{}
		if err := json.Unmarshal(answer, &told); err != nil || status != 422 || told.Code != "VALIDATION_FAILED" || len(told.Errors) != 1 || told.Errors[0].Code != "encoding" {
			t.Errorf("%s: %d %s", one.name, status, answer)
		}
	}
	if len(o.seen()) != 0 || h.metric("intercepted_mapping_errors") != 10 {
		t.Errorf("%d arrivals", len(o.seen()))
	}
	h.noSecrets(visa, token)
}

// TestBombsAreNotUnpacked: a short body that grows beyond the limit is a long body. It goes on as it came, or is refused where the
// interceptor is closed, and it takes no more memory than the limit.
func TestBombsAreNotUnpacked(t *testing.T) {
	payment, _ := json.Marshal(acquirer(visa, 100))
	bomb := append(payment[:len(payment)-1:len(payment)-1], []byte(`,"pad":"`)...)
	bomb = append(append(bomb, bytes.Repeat([]byte("0"), 64<<20)...), `"}`...)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		sent := packed(t, coding, bomb)
		for _, closed := range []bool{false, true} {
			o := newOrigin(t, authorised)
			h := build(t, nil)
			token := h.token(all()...)
			body := interceptorFor(o.URL)
			if closed {
				body["on_failure"] = "block"
			}
			ref := h.install(token, body)
			if len(sent) > 1<<20 {
				t.Fatalf("%s: the bomb is %d bytes long", coding, len(sent))
			}
			status, header, _ := h.call(token, "POST", "/api/interceptors/"+ref, string(sent), "Content-Encoding", coding)
			got := o.seen()
			if header.Get("X-Specter-Decision-Id") != "" || h.metric("intercepted_oversize") != 1 {
				t.Errorf("%s: it was decided", coding)
			}
			if closed && (status != 413 || len(got) != 0) {
				t.Errorf("%s, closed: status %d, %d arrivals", coding, status, len(got))
			}
			if !closed && (status != 201 || len(got) != 1 || !bytes.Equal(got[0].body, sent)) {
				t.Errorf("%s, open: status %d, %d arrivals", coding, status, len(got))
			}
		}
		if plain, err := api.Unpack(coding, sent, 1<<20); err == nil || plain != nil {
			t.Errorf("%s: %d bytes came out", coding, len(plain))
		}
	}
}

// FuzzUnpack feeds anything to each coding: no more than the limit may come out, and what was packed comes out as it was.
func FuzzUnpack(f *testing.F) {
	codings := []string{"gzip", "deflate", "br", "zstd"}
	for i, coding := range codings {
		f.Add(uint8(i), packed(f, coding, []byte(`{"amount":1}`)))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		coding := codings[int(which)%len(codings)]
		const limit = 4 << 10
		if plain, err := api.Unpack(coding, data, limit); len(plain) > limit || err != nil && plain != nil {
			t.Errorf("%d bytes, %v", len(plain), err)
		}
		if plain, err := api.Unpack(coding, packed(t, coding, data), len(data)); err != nil || !bytes.Equal(plain, data) {
			t.Errorf("%s is not undone: %v", coding, err)
		}
	})
}
