package integration_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"wayguard/integration"
)

// The values are those of: printf '%s' "$text" | openssl dgst -sha256 -hmac "$key".
func TestSignBody(t *testing.T) {
	body := []byte(`{"id":"1","event":"decision.allow"}`)
	const first, second = "91e02c884af3e44a00832c44cd0842142d59c5827ec03e5faeacdf039fc6bd1d", "30428f7582474021af5fef5376900c559dd19e230650a4352a771fc9c96599b5"
	for _, test := range []struct {
		name string
		keys []string
		want string
	}{
		{"no key", nil, ""}, {"an empty key", []string{""}, ""},
		{"one key", []string{"KEY1"}, first}, {"a new key and none before it", []string{"KEY1", ""}, first},
		{"two live keys", []string{"KEY1", "KEY2"}, first + "," + second},
	} {
		if got := integration.SignBody(body, test.keys...); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestDecisionsAreSignedTheirWay sends one message for each way of being signed, and verifies it as a receiver would.
func TestDecisionsAreSignedTheirWay(t *testing.T) {
	for _, test := range []struct {
		name, action string
		target       integration.Target
		plain        string // the signature of the body, empty for none
		standard     bool
	}{
		{"a decision", "decision:e1", integration.Target{Secret: "KEY1"}, "91e02c884af3e44a00832c44cd0842142d59c5827ec03e5faeacdf039fc6bd1d", false},
		{"a decision with two live keys", "decision:e1", integration.Target{Secret: "KEY1", Previous: "KEY2"}, "91e02c884af3e44a00832c44cd0842142d59c5827ec03e5faeacdf039fc6bd1d,30428f7582474021af5fef5376900c559dd19e230650a4352a771fc9c96599b5", false},
		{"a decision without a key", "decision:e1", integration.Target{}, "", false},
		{"a decision to a receiver of the standard", "decision:e1", integration.Target{Secret: secret, Scheme: integration.SchemeStandard}, "", true},
		{"an alert", "alert", integration.Target{Secret: secret}, "", true},
		{"an alert to a receiver of the other kind", "alert", integration.Target{Secret: "KEY1", Scheme: integration.SchemeHMAC}, "91e02c884af3e44a00832c44cd0842142d59c5827ec03e5faeacdf039fc6bd1d", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := receive(t, always(204))
			d := message(1)
			d.Action, d.Body = test.action, []byte(`{"id":"1","event":"decision.allow"}`)
			test.target.URL = r.URL
			outbox := newOutbox(d)
			w, err := integration.New(quick(), outbox, func(string) (integration.Target, bool) { return test.target, true }, time.Now,
				slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			start(t, w)
			eventually(t, "delivered", func() bool { return outbox.end(d.ID) == "delivered" })
			h := r.got[0].Header
			if h.Get("Webhook-Id") != string(d.ID) || r.bodies[0] != string(d.Body) || h.Get("X-Hmac-Signature") != test.plain {
				t.Errorf("headers are %v of %s", h, r.bodies[0])
			}
			if standard := h.Get("Webhook-Signature") != ""; standard != test.standard {
				t.Errorf("signed by the standard: %v", standard)
			}
			timestamped(t, h, d.Body, test.target, test.plain != "")
		})
	}
}

// timestamped verifies the signature over the time and the body.
func timestamped(t *testing.T, h http.Header, body []byte, target integration.Target, signed bool) {
	t.Helper()
	got := h.Get("X-Hmac-Signature-Timestamped")
	if !signed {
		if got != "" {
			t.Errorf("an unsigned message has the signature %s", got)
		}
		return
	}
	var seconds int64
	if _, err := fmt.Sscan(h.Get("X-Specter-Timestamp"), &seconds); err != nil || time.Since(time.Unix(seconds, 0)).Abs() > time.Hour {
		t.Errorf("the timestamp is %q", h.Get("X-Specter-Timestamp"))
	}
	text := append([]byte(fmt.Sprint(seconds, ".")), body...)
	if want := integration.SignBody(text, target.Secret, target.Previous); got != want || strings.Contains(h.Get("X-Hmac-Signature"), got) {
		t.Errorf("the signature with the time is %s, want %s", got, want)
	}
}
