package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/sync/singleflight"
)

// call is one HTTP request.
type call struct {
	method, url string
	header      http.Header
	body        []byte
	// again says that asking twice does no harm, so that a connection that went stale may be replaced.
	again bool
}

// reply is what was answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do makes a call with the integration's credentials. A token that was refused is fetched anew, once.
func (s *site) do(ctx context.Context, c call) (reply, *fault) {
	r, f := s.once(ctx, c)
	if f != nil && f.stale && s.tokens != nil {
		s.tokens.forget()
		r, f = s.once(ctx, c)
	}
	return r, f
}

func (s *site) once(ctx context.Context, c call) (reply, *fault) {
	request, f := newRequest(ctx, c)
	if f != nil {
		return reply{}, f
	}
	if s.tokens != nil {
		token, f := s.tokens.token(ctx)
		if f != nil {
			return reply{}, f
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	s.credentials.sign(request, c.body, s.pool.deps.Now())
	return s.exchange(ctx, request)
}

func newRequest(ctx context.Context, c call) (*http.Request, *fault) {
	request, err := http.NewRequestWithContext(ctx, c.method, c.url, bytes.NewReader(c.body))
	if err != nil {
		return nil, &fault{code: codeMapping, detail: "the address is none"} // its own error would tell the address
	}
	for name, values := range c.header {
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return nil, &fault{code: codeMapping, detail: "a value cannot stand in a header"}
			}
		}
		request.Header[name] = values
	}
	ours := map[string]string{"Accept": "application/json", "User-Agent": "wayguard"}
	if c.body != nil {
		ours["Content-Type"] = "application/json"
	}
	for name, value := range ours {
		if request.Header.Get(name) == "" {
			request.Header.Set(name, value)
		}
	}
	if c.again && request.Header.Get("Idempotency-Key") == "" {
		request.Header["Idempotency-Key"] = []string{} // net/http: may be sent again on a stale connection; not sent as a header
	}
	return request, nil
}

// exchange sends a request and reads the answer up to the bound. A fault comes with what was answered, if anything was.
func (s *site) exchange(ctx context.Context, request *http.Request) (reply, *fault) {
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, ofTransport(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read, or is of no use any longer
	limit := s.pool.limits.Answer
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return reply{}, ofTransport(ctx, err)
	}
	r := reply{status: response.StatusCode, header: response.Header, body: body}
	if int64(len(body)) > limit {
		r.body = nil
		return r, &fault{code: codeBadResponse, detail: "the answer is too large", ill: true}
	}
	return r, ofStatus(response.StatusCode)
}

// tokens keeps an access token of OAuth 2 until shortly before it ends.
type tokens struct {
	site   *site
	flight singleflight.Group

	mu    sync.Mutex
	value string
	until time.Time
}

// tokenMargin is how long before its end a token is not used any longer; tokenLife is for one that does not say when it ends.
const (
	tokenMargin = 30 * time.Second
	tokenLife   = 5 * time.Minute
)

func (t *tokens) forget() {
	t.mu.Lock()
	t.value = ""
	t.mu.Unlock()
}

func (t *tokens) kept() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.site.pool.deps.Now().Before(t.until) {
		return t.value
	}
	return ""
}

// token is one that is in force; calls that need a new one at the same time fetch it together.
func (t *tokens) token(ctx context.Context) (string, *fault) {
	if kept := t.kept(); kept != "" {
		return kept, nil
	}
	// Whoever is first may go away: the others wait for it all the same.
	result := t.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(t.site.pool.calling, t.site.timeout)
		defer cancel()
		value, f := t.fetch(ctx)
		if f != nil {
			return "", f
		}
		return value, nil
	})
	select {
	case <-ctx.Done():
		return "", ofTransport(ctx, ctx.Err())
	case got := <-result:
		if f, ok := got.Err.(*fault); ok {
			return "", f
		}
		value, _ := got.Val.(string)
		return value, nil
	}
}

func (t *tokens) fetch(ctx context.Context) (string, *fault) {
	c := t.site.credentials
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {c.Scope}}
	if c.Audience != "" {
		form.Set("audience", c.Audience)
	}
	request, f := newRequest(ctx, call{method: http.MethodPost, url: c.TokenURL, body: []byte(form.Encode()), again: true,
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
	if f != nil {
		return "", f
	}
	request.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret)) // RFC 6749, section 2.3.1
	answer, f := t.site.exchange(ctx, request)
	if f != nil {
		return "", &fault{code: codeUnavailable, detail: "no token: " + f.Error(), ill: f.ill}
	}
	var got struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if json.Unmarshal(answer.body, &got) != nil || got.AccessToken == "" || !httpguts.ValidHeaderFieldValue(got.AccessToken) {
		return "", &fault{code: codeUnavailable, detail: "no token: the answer holds none", ill: true}
	}
	life := tokenLife
	if got.ExpiresIn > 0 && got.ExpiresIn < 86400 {
		life = time.Duration(got.ExpiresIn * float64(time.Second))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value, t.until = got.AccessToken, t.site.pool.deps.Now().Add(life-min(tokenMargin, life/2))
	return t.value, nil
}
