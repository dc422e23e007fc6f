package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// The addresses at which providers of captchas tell whether an answer is right.
const (
	hcaptchaAddress  = "https://api.hcaptcha.com/siteverify"
	turnstileAddress = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
)

// maxSolution bounds a visitor's answer, in bytes.
const maxSolution = 16 << 10

var errProvider = errors.New("no such provider of captchas")

// CaptchaConfig is how providers of captchas are asked.
type CaptchaConfig struct {
	// URLs replaces a provider's address, by its name: "hcaptcha" or "turnstile".
	URLs map[string]string
	// AllowPrivate are networks inside the operator's walls that may be called.
	AllowPrivate []string
	// Timeout bounds a question: 5s when 0.
	Timeout time.Duration
	Now     func() time.Time
}

// Captcha asks the providers of captchas.
type Captcha struct {
	urls map[string]string
	post *postOffice
}

// NewCaptcha makes one.
func NewCaptcha(c CaptchaConfig) (*Captcha, error) {
	office, err := newPostOffice(IntegrationConfig{Timeout: orElse(c.Timeout, 5*time.Second), Concurrency: 32}, c.AllowPrivate, c.Now)
	if err != nil {
		return nil, fmt.Errorf("captcha: %w", err)
	}
	urls := map[string]string{"hcaptcha": hcaptchaAddress, "turnstile": turnstileAddress}
	for provider, address := range c.URLs {
		urls[provider] = address
	}
	return &Captcha{urls: urls, post: office}, nil
}

// Verify says whether a visitor's response is right. An error means that it could not be told: the provider cannot be reached, or does
// not know the site's secret. Neither response nor secret is in it.
func (c *Captcha) Verify(ctx context.Context, provider, secret, response string, address netip.Addr) (bool, error) {
	target, known := c.urls[provider]
	if !known {
		return false, errProvider
	}
	if response == "" || len(response) > maxSolution {
		return false, nil
	}
	form := url.Values{"secret": {secret}, "response": {response}}
	if address.IsValid() {
		form.Set("remoteip", address.Unmap().WithZone("").String())
	}
	header := http.Header{}
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, status, o := c.post.converse(ctx, call{http.MethodPost, target, header, []byte(form.Encode())})
	// Turnstile tells of a bad response with status 200, and of a bad question with 400; both with the same document.
	if o.reason != "" && status != http.StatusBadRequest {
		return false, fmt.Errorf("%s: %s", provider, o.reason)
	}
	var said struct {
		Success bool     `json:"success"`
		Errors  []string `json:"error-codes"`
	}
	if json.Unmarshal(body, &said) != nil {
		return false, fmt.Errorf("%s: %w", provider, errNoJSON)
	}
	if said.Success && o.reason == "" {
		return true, nil
	}
	// Only what is nobody's fault but ours or the provider's: a visitor can send a response that was given for another site, or a public
	// test word, and must not pass for it.
	for _, code := range []string{"missing-input-secret", "invalid-input-secret", "internal-error", "missing-remoteip", "invalid-remoteip"} {
		if slices.Contains(said.Errors, code) {
			return false, fmt.Errorf("%s could not tell: %s", provider, code)
		}
	}
	return false, nil
}
