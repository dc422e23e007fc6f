package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"wayguard/event"
)

// Target is where an action's messages go.
type Target struct {
	// URL is http or https. It may hold a token, so it is never logged.
	URL string
	// Secret signs the messages, as Scheme says. Without one they go unsigned.
	Secret string
	// Previous is the secret before this one, while receivers change over; empty for none. Only SchemeHMAC knows it.
	Previous string
	// Scheme is how they are signed. Empty is SchemeHMAC for webhooks of decisions (see decisionPrefix), SchemeStandard for all others.
	Scheme Scheme
	// Notifier sends them in its own way; URL and Secret are of no account then.
	Notifier *Notifier
}

// maxAnswer is how much of an answer is read, so that the connection can be used again; it is never kept.
const maxAnswer = 64 << 10

// outcome is what became of one attempt.
type outcome struct {
	// reason is empty when the receiver accepted. It holds no address and nothing the receiver said.
	reason string
	// final means that trying again is of no use.
	final bool
	// after is the pause that the receiver asked for, 0 when it did not.
	after time.Duration
}

func failed(reason string) outcome { return outcome{reason: reason} }

// attempt sends one message once.
func (w *Webhooks) attempt(ctx context.Context, p parcel) outcome {
	if !p.known {
		return failed("no webhook action or integration of this name is configured")
	}
	if p.target.Notifier != nil {
		return p.target.Notifier.carry(ctx, p.members)
	}
	ctx, cancel := context.WithTimeout(ctx, w.config.Timeout)
	defer cancel()
	request, err := w.request(ctx, p.target, p.members[0])
	if err != nil {
		return failed(err.Error())
	}
	response, err := w.client.Do(request)
	if err != nil {
		return failed(reason(err))
	}
	// Whatever cannot be read of the answer changes nothing: its status has been told.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	_ = response.Body.Close()
	o := judge(response, w.now())
	if decides(p.action()) {
		o.final = false // a merchant who mends his receiver within the schedule has lost none
	}
	return o
}

func (w *Webhooks) request(ctx context.Context, target Target, d event.Delivery) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, bytes.NewReader(d.Body))
	if err != nil || request.URL.Host == "" || request.URL.Scheme != "http" && request.URL.Scheme != "https" {
		return nil, errors.New("url is not an http or https address") // its own error would tell the url
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "wayguard-webhook")
	return request, target.sign(request.Header, d, w.now())
}

// reason is an error without the url, which may hold a token.
func reason(err error) string {
	var failure *url.Error
	if errors.As(err, &failure) {
		if failure.Timeout() {
			return "no answer in time"
		}
		err = failure.Err
	}
	return err.Error()
}

// judge reads an answer's status: success, or a failure for now (5xx, 408, 429, and a redirect, which is not followed), or
// one for good (every other 4xx; but not for a payment decision, see attempt).
func judge(response *http.Response, now time.Time) outcome {
	code := response.StatusCode
	if code >= 200 && code <= 299 {
		return outcome{}
	}
	o := outcome{reason: fmt.Sprintf("answered with status %d", code)}
	switch {
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		o.after = retryAfter(response.Header.Get("Retry-After"), now)
	case code == http.StatusRequestTimeout:
	case code >= 400 && code <= 499:
		o.final = true
	case code >= 300 && code <= 399:
		o.reason += ", and redirects are not followed"
	}
	return o
}

// retryAfter reads the header in either of its forms (RFC 9110, section 10.2.3); 0 when it is neither.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
