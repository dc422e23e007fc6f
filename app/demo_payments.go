package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"wayguard/interceptor"
	"wayguard/ruleset"
	"wayguard/sim/demo"
	"wayguard/sim/shop"
)

// demoContext is the context of the demo's payments, demoRef the interceptor that the shop calls instead of its bank.
const (
	demoContext = "checkout"
	demoRef     = "demo-acquirer"
	demoBy      = "demo"
)

// demoMerchant is the shop's side of payments: it asks for tokens, and calls the interceptor in the bank's place.
type demoMerchant struct {
	api    string
	client *http.Client
	// ready is closed when id and secret are known.
	ready      chan struct{}
	id, secret string

	mu    sync.Mutex
	token string
	until time.Time
}

func newDemoMerchant(api string) *demoMerchant {
	return &demoMerchant{api: api, client: &http.Client{Timeout: 20 * time.Second}, ready: make(chan struct{})}
}

// acquirer is where the shop sends its charges.
func (m *demoMerchant) acquirer() shop.Acquirer {
	return shop.Through(m.client, m.api+"/api/interceptors/"+demoRef, m.header)
}

// header carries the token, and for the bank the shop's own key.
func (m *demoMerchant) header(ctx context.Context) (http.Header, error) {
	select {
	case <-m.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(10 * time.Second):
		return nil, errors.New("the decision API did not open")
	}
	token, err := m.bearer(ctx)
	if err != nil {
		return nil, err
	}
	return http.Header{"Authorization": {"Bearer " + token}, "Payment-Type": {"sale"}, "X-Bank-Name": {"x-api-key"}, "X-Bank-Value": {"demo-shop"}}, nil
}

// bearer is a token that is good for a while.
func (m *demoMerchant) bearer(ctx context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Now().Before(m.until) {
		return m.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"decisions:create interceptors:execute"}, "audience": {"wayguard"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.api+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(m.id, m.secret)
	response, err := m.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&answer); err != nil || answer.Token == "" {
		return "", fmt.Errorf("token: status %d", response.StatusCode)
	}
	m.token, m.until = answer.Token, time.Now().Add(time.Duration(answer.Seconds)*time.Second/2)
	return m.token, nil
}

// settleDemo waits until payments can be decided about, and puts the demo's rules and its interceptor in force.
func (h *house) settleDemo(ctx context.Context, m *demoMerchant, bank string) error {
	for h.payments.Load() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
	s := h.payments.Load().service
	client, secret, err := s.CreateClient(ctx, "demo shop", []string{"decisions:create", "interceptors:execute"}, demoBy)
	if err != nil {
		return fmt.Errorf("demo: client: %w", err)
	}
	m.id, m.secret = client.ID, secret
	if _, active := s.InForce(demoRef); !active {
		if err := h.fillDemo(ctx, bank); err != nil {
			return err
		}
	}
	close(m.ready)
	return nil
}

// fillDemo puts rules and interceptor in force.
func (h *house) fillDemo(ctx context.Context, bank string) error {
	s := h.payments.Load().service
	rules, problems := ruleset.DecodeRules(demo.Ruleset())
	if len(problems) > 0 {
		return fmt.Errorf("demo: rules: %s: %s", problems[0].Field, problems[0].Message)
	}
	description := "The demo shop's rules"
	set, err := s.CreateRuleset(ctx, ruleset.Ruleset{Context: demoContext, Description: &description, Rules: rules, Score: &ruleset.Thresholds{ReviewAt: 50, BlockAt: 100}}, demoBy)
	if err != nil {
		return fmt.Errorf("demo: ruleset: %w", err)
	}
	if _, err := s.ActivateRuleset(ctx, set.ID, demoBy); err != nil {
		return fmt.Errorf("demo: ruleset: %w", err)
	}
	var mapping []interceptor.Entry
	if err := json.Unmarshal(demo.Mapping(), &mapping); err != nil {
		return fmt.Errorf("demo: mapping: %w", err)
	}
	refusal := &interceptor.Response{Mode: "template", Body: json.RawMessage(`{"pspReference":"{{ decision_id }}","resultCode":"Refused","refusalReason":"not_taken"}`)}
	description = "The demo shop's bank"
	made, err := s.CreateInterceptor(ctx, interceptor.Interceptor{Ref: demoRef, Context: demoContext, Description: &description,
		Destination: interceptor.Destination{URL: bank}, FieldMapping: mapping, Responses: interceptor.Responses{Block: refusal, Review: refusal}}, demoBy)
	if err != nil {
		return fmt.Errorf("demo: interceptor: %w", err)
	}
	if _, err := s.ActivateInterceptor(ctx, made.ID, demoBy); err != nil {
		return fmt.Errorf("demo: interceptor: %w", err)
	}
	return nil
}
