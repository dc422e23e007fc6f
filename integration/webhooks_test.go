package integration_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// The example of the Standard Webhooks libraries.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestSignAsTheStandardSays(t *testing.T) {
	got, err := integration.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("signature is %s, %v; want %s", got, err, want)
	}
	if plain, err := integration.Sign("not base64", "m", time.Unix(1, 0), nil); err != nil || !strings.HasPrefix(plain, "v1,") {
		t.Errorf("a plain secret gave %q, %v", plain, err)
	}
	if _, err := integration.Sign("whsec_***", "m", time.Unix(1, 0), nil); err == nil || strings.Contains(err.Error(), "***") {
		t.Errorf("a broken secret gave %v", err)
	}
}

func TestDeliversSigned(t *testing.T) {
	r := receive(t, always(204))
	d := message(1)
	outbox := newOutbox(d)
	w := sender(t, quick(), outbox, r.URL+"/hook?x=1")
	start(t, w)
	eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" })
	request := r.got[0]
	seconds := request.Header.Get("Webhook-Timestamp")
	at, err := time.ParseDuration(seconds + "s")
	if err != nil {
		t.Fatal(err)
	}
	want, err := integration.Sign(secret, d.ID, time.Unix(0, 0).Add(at), d.Body)
	if err != nil || request.Header.Get("Webhook-Signature") != want || request.Header.Get("Webhook-Id") != string(d.ID) {
		t.Errorf("headers are %v, want signature %s", request.Header, want)
	}
	if request.Method != "POST" || request.URL.RequestURI() != "/hook?x=1" || r.bodies[0] != `{"n":1}` ||
		request.Header.Get("Content-Type") != "application/json" {
		t.Errorf("request is %s %s %v %s", request.Method, request.URL, request.Header, r.bodies[0])
	}
	eventually(t, "it has landed", func() bool { return w.Metrics().InFlight == 0 })
	if m := w.Metrics(); m != (integration.Metrics{Attempts: 1, Delivered: 1}) {
		t.Errorf("metrics are %+v", m)
	}
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status  int
		retried bool
	}{
		{200, false}, {299, false}, {301, true}, {307, true}, {400, false}, {401, false}, {404, false}, {408, true},
		{410, false}, {429, true}, {500, true}, {503, true}, {599, true},
	} {
		followed := receive(t, always(200))
		r := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n > 1 {
				w.WriteHeader(200)
				return
			}
			w.Header().Set("Location", followed.URL)
			w.WriteHeader(test.status)
			_, _ = w.Write([]byte("secret of the receiver"))
		})
		d := message(1)
		outbox := newOutbox(d)
		w := sender(t, quick(), outbox, r.URL)
		stop := start(t, w)
		eventually(t, "ended", func() bool { return outbox.end(d.ID) != "" })
		stop()
		want, dead := 1, test.status >= 400 && !test.retried
		if test.retried {
			want = 2
		}
		end := outbox.end(d.ID)
		if r.count() != want || followed.count() != 0 || dead != strings.Contains(end, "status") ||
			strings.Contains(end, "secret") || w.Metrics().Dead == 1 != dead {
			t.Errorf("status %d: %d attempts, %d redirects followed, end %q, metrics %+v", test.status, r.count(),
				followed.count(), end, w.Metrics())
		}
	}
}

func TestGivesUpAfterTheLastAttempt(t *testing.T) {
	r := receive(t, always(500))
	c, d := quick(), message(1)
	c.Attempts = 4
	outbox := newOutbox(d)
	w := sender(t, c, outbox, r.URL)
	start(t, w)
	eventually(t, "given up", func() bool { return outbox.end(d.ID) != "" })
	if end := outbox.end(d.ID); r.count() != 4 || end != "answered with status 500" || w.Metrics().Failed != 3 {
		t.Errorf("%d attempts, end %q, metrics %+v", r.count(), end, w.Metrics())
	}
}

func TestReceiverThatIsGoneOrUnknown(t *testing.T) {
	gone := receive(t, always(200))
	gone.Close()
	for name, test := range map[string]struct{ url, action, reason string }{
		"gone":           {gone.URL + "/token-in-path", "alert", "connection refused"},
		"unknown action": {gone.URL, "nobody", "no webhook action"},
		"no url":         {"token-in-path", "alert", "not an http or https address"},
		"odd scheme":     {"ftp://token-in-path", "alert", "not an http or https address"},
		"broken url":     {"http://token-in-path:%zz", "alert", "not an http or https address"},
		"unknown name":   {"http://token.invalid/token-in-path", "alert", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, c := message(1), quick()
			d.Action, c.Attempts = test.action, 2
			outbox := newOutbox(d)
			start(t, sender(t, c, outbox, test.url))
			eventually(t, "given up", func() bool { return outbox.end(d.ID) != "" })
			if end := outbox.end(d.ID); !strings.Contains(end, test.reason) || strings.Contains(end, "token-in-path") {
				t.Errorf("the reason is %q", end)
			}
		})
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	r := receive(t, always(200))
	c, d := quick(), message(1)
	c.AllowPrivate, c.Attempts = nil, 1
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		outbox := newOutbox(d)
		stop := start(t, sender(t, c, outbox, strings.Replace(r.URL, "127.0.0.1", host, 1)))
		eventually(t, "given up", func() bool { return outbox.end(d.ID) != "" })
		stop()
		if end := outbox.end(d.ID); !strings.Contains(end, "is private") || r.count() != 0 {
			t.Errorf("%s: %d requests arrived, reason %q", host, r.count(), end)
		}
	}
}

func TestSlowReceiver(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 1 {
			return
		}
		select { // the first time there is never an answer
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c, d := quick(), message(1)
	c.Timeout = 30 * time.Millisecond
	outbox := newOutbox(d)
	w := sender(t, c, outbox, r.URL)
	start(t, w)
	eventually(t, "delivered the second time", func() bool { return outbox.end(d.ID) == "delivered" })
	if m := w.Metrics(); m.Failed < 1 || m.Delivered != 1 {
		t.Errorf("metrics are %+v", m)
	}
}

func TestEndlessAnswerIsNotRead(t *testing.T) {
	r := receive(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		for chunk := make([]byte, 32<<10); r.Context().Err() == nil; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	d := message(1)
	outbox := newOutbox(d)
	start(t, sender(t, quick(), outbox, r.URL))
	eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" })
}

func TestConcurrencyIsBounded(t *testing.T) {
	const most = 3
	entered, release := make(chan struct{}, 100), make(chan struct{})
	r := receive(t, func(int, http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})
	c := quick()
	c.Concurrency = 4 * most // of which one receiver has a quarter
	var messages []event.Delivery
	for n := range 20 {
		messages = append(messages, message(n))
	}
	outbox := newOutbox(messages...)
	w := sender(t, c, outbox, r.URL)
	start(t, w)
	for range most {
		<-entered
	}
	w.Wake()
	select {
	case <-entered:
		t.Error("a fourth message was sent to one receiver beside three")
	case <-time.After(30 * time.Millisecond): // only makes the test stricter
	}
	if m := w.Metrics(); m.InFlight != most {
		t.Errorf("metrics are %+v", m)
	}
	close(release)
	eventually(t, "all are delivered", func() bool { return w.Metrics().Delivered == 20 })
	if r.count() != 20 {
		t.Errorf("%d requests for 20 messages", r.count())
	}
}

func TestRetryAfterIsHonouredWithinBounds(t *testing.T) {
	for name, header := range map[string]string{"seconds": "3600", "date": "Mon, 01 Jan 2035 00:00:00 GMT", "nonsense": "soon"} {
		r := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(429)
		})
		c, d := quick(), message(1)
		c.LongestDelay = 2 * time.Hour
		if name == "nonsense" {
			c.FirstDelay = time.Hour
		}
		outbox := newOutbox(d)
		before := time.Now()
		stop := start(t, sender(t, c, outbox, r.URL))
		eventually(t, "put back", func() bool { return outbox.waiting(d.ID).Attempts == 1 })
		stop()
		if pause := outbox.waiting(d.ID).Due.Sub(before); pause < 45*time.Minute || pause > 150*time.Minute {
			t.Errorf("%s: the pause is %v", name, pause)
		}
	}
}

func TestOutcomeThatCannotBeKeptIsNotSentAgain(t *testing.T) {
	r := receive(t, always(200))
	d := message(1)
	outbox := newOutbox(d)
	outbox.refuse = 3
	w := sender(t, quick(), outbox, r.URL)
	start(t, w)
	eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" })
	if m := w.Metrics(); r.count() != 1 || m.Unmarked != 3 {
		t.Errorf("%d requests, metrics %+v", r.count(), m)
	}
}

func TestOutboxThatCannotBeRead(t *testing.T) {
	r := receive(t, always(200))
	d := message(1)
	outbox := newOutbox(d)
	outbox.readError = errors.New("database is locked")
	var log bytes.Buffer
	w, err := integration.New(quick(), outbox, func(string) (integration.Target, bool) {
		return integration.Target{URL: r.URL}, true
	}, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stop := start(t, w)
	for range 5 {
		w.Wake()
		time.Sleep(2 * time.Millisecond)
	}
	outbox.mu.Lock()
	outbox.readError = nil
	outbox.mu.Unlock()
	eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" })
	stop()
	if n := strings.Count(log.String(), "outbox cannot be read"); n != 1 {
		t.Errorf("the failure was logged %d times: %s", n, log.String())
	}
	if r.got[0].Header.Get("Webhook-Signature") != "" {
		t.Error("without a secret there is a signature")
	}
}

func TestCrashBetweenPostAndMarkSendsAgainUnderTheSameID(t *testing.T) {
	r := receive(t, always(200))
	d := message(1)
	outbox := newOutbox(d)
	outbox.refuse = 1_000_000 // the process that posts never gets to mark
	stop := start(t, sender(t, quick(), outbox, r.URL))
	eventually(t, "posted", func() bool { return r.count() == 1 })
	stop()
	outbox.mu.Lock()
	outbox.refuse = 0
	outbox.mu.Unlock()
	start(t, sender(t, quick(), outbox, r.URL))
	eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" })
	if r.count() != 2 || r.got[0].Header.Get("Webhook-Id") != r.got[1].Header.Get("Webhook-Id") || r.bodies[0] != r.bodies[1] {
		t.Errorf("%d requests with ids %v", r.count(), r.got)
	}
}

// lateReader is an outbox whose second answer reaches the sender only after all that was on its way has landed.
type lateReader struct {
	*memoryOutbox
	reads   int
	between func()
}

func (o *lateReader) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]event.Delivery, error) {
	list, err := o.memoryOutbox.DueDeliveries(ctx, now, limit)
	if o.reads++; o.reads == 2 {
		o.between()
	}
	return list, err
}

func TestLandingWhileTheOutboxIsReadIsNotSentAgain(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(int, http.ResponseWriter, *http.Request) { <-release })
	d := message(1)
	outbox := &lateReader{memoryOutbox: newOutbox(d)}
	w := sender(t, quick(), outbox, r.URL)
	outbox.between = func() {
		close(release)
		eventually(t, "it has landed", func() bool { return w.Metrics().InFlight == 0 })
	}
	stop := start(t, w)
	eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" && w.Metrics().InFlight == 0 })
	w.Wake()
	stop()
	if r.count() != 1 {
		t.Errorf("one message was sent %d times", r.count())
	}
}

func TestStopLetsWhatIsOnItsWayEnd(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	r := receive(t, func(int, http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	})
	d := message(1)
	outbox := newOutbox(d)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		sender(t, quick(), outbox, r.URL).Run(ctx)
	}()
	<-entered
	cancel()
	close(release)
	<-done
	if end := outbox.end(d.ID); end != "delivered" {
		t.Errorf("after the stop the message is %q", end)
	}
}

func TestValidate(t *testing.T) {
	if problems := integration.DefaultConfig().Validate(); len(problems) != 0 {
		t.Errorf("the default has problems: %v", problems)
	}
	bad := integration.Config{AllowPrivate: []string{"10.0.0.0/8", "everywhere"}, LongestDelay: -1}
	problems := bad.Validate()
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	if got := strings.Join(paths, " "); got != "concurrency attempts timeout first_delay poll longest_delay allow_private[1]" {
		t.Errorf("problems at %s", got)
	}
	if _, err := integration.New(bad, newOutbox(), nil, time.Now, slog.Default()); err == nil {
		t.Error("New took a bad configuration")
	}
}
