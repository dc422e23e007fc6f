package api_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"wayguard/api"
)

// chunked is a request whose length nobody was told.
func chunked(r *http.Request) *http.Request {
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(io.MultiReader(r.Body, strings.NewReader(""))), -1, nil
	return r
}

// TestSmallPaymentsUnderWayTakeLittle: payments whose length nobody announced, and whose destination thinks, keep no other one from its rules.
func TestSmallPaymentsUnderWayTakeLittle(t *testing.T) {
	const underWay = 300
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) { <-gate; authorised(w, r) })
	t.Cleanup(open) // before the origin is closed, which waits for its answers
	h := build(t, nil)
	token := h.token(all()...)
	h.rules(token, atLeast(75000, "large", "BLOCK"))
	ref := h.install(token, interceptorFor(o.URL))
	var wait sync.WaitGroup
	defer wait.Wait()
	defer open()
	for range underWay {
		r := chunked(h.request(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 100)))
		wait.Go(func() {
			response, err := h.server.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
		})
	}
	eventually(t, "all under way", func() bool { return len(o.seen()) == underWay })
	if held := h.metric("body_bytes_held"); held <= 0 || held > underWay<<10 {
		t.Errorf("%d bytes are held for %d payments", held, underWay)
	}
	status, header, answer := h.call(token, "POST", "/api/interceptors/"+ref, acquirer(visa, 99999))
	if status != 200 || header.Get("X-Specter-Decision-Id") == "" || parse(t, answer)["resultCode"] != "Refused" || len(o.seen()) != underWay {
		t.Errorf("a payment that is to be blocked: %d %s, %d arrivals", status, answer, len(o.seen()))
	}
	open()
	wait.Wait()
	eventually(t, "everything given back", func() bool { return h.metric("body_bytes_held") == 0 })
}

// TestLongBodiesDoNotPassAClosedInterceptor: whoever may not pass invalid or undecided payments may not pass those too long to be looked at.
func TestLongBodiesDoNotPassAClosedInterceptor(t *testing.T) {
	for _, one := range []struct {
		name                 string
		onInvalid, onFailure string
		mapped               bool
		want                 int
	}{
		{"open", "forward", "forward", true, 201}, {"closed for invalid", "block", "forward", true, 413},
		{"closed for failures", "forward", "block", true, 413}, {"closed", "block", "block", true, 413}, {"without a mapping", "block", "block", false, 201},
	} {
		for _, announced := range []bool{true, false} {
			o := newOrigin(t, authorised)
			h := build(t, func(c *api.Config, _ *api.Deps) { c.BodyLimit = 4 << 10 })
			token := h.token(all()...)
			h.rules(token, atLeast(0, "all", "BLOCK"))
			body := interceptorFor(o.URL)
			body["on_invalid"], body["on_failure"] = one.onInvalid, one.onFailure
			if !one.mapped {
				delete(body, "field_mapping")
			}
			ref := h.install(token, body)
			payment := acquirer(visa, 100)
			payment["pad"] = strings.Repeat("x", 5<<10)
			r := h.request(token, "POST", "/api/interceptors/"+ref, payment)
			if !announced {
				r = chunked(r)
			}
			status, header, answer := h.send(r)
			arrivals := 0
			if one.want == 201 {
				arrivals = 1
			}
			if status != one.want || len(o.seen()) != arrivals || header.Get("X-Specter-Decision-Id") != "" {
				t.Errorf("%s: status %d, %d arrivals", one.name, status, len(o.seen()))
			}
			if one.want == 413 {
				if told := parse(t, answer); told["code"] != "PAYLOAD_TOO_LARGE" || told["request_id"] != header.Get("X-Request-Id") {
					t.Errorf("%s: %s", one.name, answer)
				}
			}
			if oversize := h.metric("intercepted_oversize"); oversize != 1 {
				t.Errorf("%s: %d counted", one.name, oversize)
			}
			eventually(t, "everything given back", func() bool { return h.metric("body_bytes_held") == 0 })
		}
	}
}

// TestBodiesOfEveryLengthArrive sends lengths around each step of the reading, announced and not, and compares what arrives.
func TestBodiesOfEveryLengthArrive(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, func(c *api.Config, _ *api.Deps) { c.BodyLimit = 64 << 10 })
	token := h.token(all()...)
	ref := h.install(token, tree{"context": "default", "destination": tree{"url": o.URL}})
	for _, length := range []int{0, 1, 2, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537, 65538, 200_000} {
		for _, announced := range []bool{true, false} {
			sent := bytes.Repeat([]byte("0123456789abcdef"), length/16+1)[:length]
			r := h.request(token, "POST", "/api/interceptors/"+ref, string(sent))
			if !announced {
				r = chunked(r)
			}
			before := len(o.seen())
			status, _, _ := h.send(r)
			got := o.seen()
			if status != 201 || len(got) != before+1 || !bytes.Equal(got[before].body, sent) {
				t.Errorf("%d bytes, announced %v: status %d", length, announced, status)
			}
		}
	}
	eventually(t, "everything given back", func() bool { return h.metric("body_bytes_held") == 0 })
}
