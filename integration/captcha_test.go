package integration_test

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"wayguard/integration"
)

func TestCaptcha(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		answer string
		right  bool
		err    string
	}{
		"right":          {200, `{"success": true, "hostname": "x"}`, true, ""},
		"wrong":          {200, `{"success": false, "error-codes": ["invalid-input-response"]}`, false, ""},
		"twice":          {200, `{"success": false, "error-codes": ["timeout-or-duplicate"]}`, false, ""},
		"wrong, as 400":  {400, `{"success": false, "error-codes": ["invalid-input-response"]}`, false, ""},
		"odd":            {400, `{"success": true}`, false, ""},
		"our own secret": {200, `{"success": false, "error-codes": ["invalid-input-secret"]}`, false, "invalid-input-secret"},
		"their trouble":  {200, `{"success": false, "error-codes": ["internal-error"]}`, false, "internal-error"},
		"down":           {503, `{"success": true}`, false, "status 503"},
		"no json":        {200, `very-secret`, false, "no JSON"},
		"redirect":       {302, `{"success": true}`, false, "redirects are not followed"},
	} {
		r := receive(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.answer)
		})
		c, err := integration.NewCaptcha(integration.CaptchaConfig{URLs: map[string]string{"turnstile": r.URL, "hcaptcha": r.URL}, AllowPrivate: []string{"127.0.0.1"}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for _, provider := range []string{"turnstile", "hcaptcha"} {
			right, err := c.Verify(t.Context(), provider, "very-secret", "token&x=1", netip.MustParseAddr("::ffff:198.51.100.7"))
			if right != test.right || (err != nil) != (test.err != "") || err != nil && (!strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "very-secret")) {
				t.Errorf("%s %s: %v, %v", provider, name, right, err)
			}
		}
		form, err := url.ParseQuery(r.bodies[0])
		if err != nil || form.Get("secret") != "very-secret" || form.Get("response") != "token&x=1" || form.Get("remoteip") != "198.51.100.7" {
			t.Errorf("asked %v, %v", form, err)
		}
	}
}

func TestCaptchaThatCannotBeAsked(t *testing.T) {
	release := make(chan struct{})
	r := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c, err := integration.NewCaptcha(integration.CaptchaConfig{URLs: map[string]string{"turnstile": r.URL}, AllowPrivate: []string{"127.0.0.1"},
		Timeout: 30 * time.Millisecond, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if right, err := c.Verify(t.Context(), "turnstile", "very-secret", "x", netip.Addr{}); right || err == nil || strings.Contains(err.Error(), r.URL) {
		t.Errorf("one that hangs: %v, %v", right, err)
	}
	if right, err := c.Verify(t.Context(), "recaptcha", "s", "x", netip.Addr{}); right || err == nil {
		t.Errorf("an unknown one: %v, %v", right, err)
	}
	for _, answer := range []string{"", strings.Repeat("x", 1<<20)} {
		if right, err := c.Verify(context.Background(), "turnstile", "s", answer, netip.Addr{}); right || err != nil || r.count() != 1 {
			t.Errorf("an answer of %d bytes: %v, %v", len(answer), right, err)
		}
	}
}
