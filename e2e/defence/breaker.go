//go:build e2e

package defence

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"wayguard/e2e"
)

// The budget of the bad policy, and how many people come.
const (
	budgetPercent = 20
	budgetAtLeast = 50
	visitors      = 600
)

// blocksEverybody is a policy that somebody wrote in a hurry.
const blocksEverybody = noPacks + `
proxy: {inline: {budget: 200ms}}
specs:
  - name: page
    event: Page
    type: product_view
    inline: true
    match: {method: GET, path: "/products/{sku}"}
    take: {product_sku: {path: sku}}
rules:
  - {id: everybody, label: Looked At A Product, severity: suspicious, family: outcome, points: 100, when: 'event.type == "product_view"', sentence: a page was seen}
actions:
  - {name: go-away, kind: block, status: 403}
policies:
  - name: hasty
    when: {label: Looked At A Product}
    specs: [page]
    steps: [{action: go-away}]
    budget: {percent: %d, at_least: %d, window: 30s, cool: 10m}
`

// CheckBreaker lets a policy loose that blocks everybody.
func CheckBreaker(ctx context.Context) ([]e2e.Figure, error) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a product")) }))
	defer origin.Close()
	i, err := start(ctx, origin.URL, fmt.Sprintf(blocksEverybody, budgetPercent, budgetAtLeast))
	if err != nil {
		return nil, err
	}
	defer i.close()
	blocked, last := 0, 0
	for n := range visitors {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.Proxy+"/products/1", http.NoBody)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Cookie", fmt.Sprintf("session=visitor%d", n))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		_ = response.Body.Close()
		switch response.StatusCode {
		case http.StatusForbidden:
			blocked, last = blocked+1, n+1
		case http.StatusOK:
		default:
			return nil, fmt.Errorf("visitor %d was answered %d", n+1, response.StatusCode)
		}
	}
	state, err := i.breaker(ctx, "hasty")
	if err != nil {
		return nil, err
	}
	undone, err := i.analyst.Undo(ctx, "hasty", time.Now().Add(-time.Hour), "it blocks everybody")
	if err != nil {
		return nil, err
	}
	return []e2e.Figure{
		e2e.Holds(fmt.Sprintf("a policy that blocks everybody, %d visitors: blocked", visitors), fmt.Sprint(blocked), blocked > 0 && blocked <= budgetAtLeast+1,
			fmt.Sprintf("1 to %d: no share is judged before that many", budgetAtLeast+1)),
		e2e.Holds("  last visitor blocked", fmt.Sprint(last), last <= budgetAtLeast+1, fmt.Sprintf("<= %d", budgetAtLeast+1)),
		e2e.Holds("  breaker, as the Hub shows it", state, state == "open", "open"),
		e2e.Count("  people affected that an undo lists", undone, blocked),
	}, nil
}

// breaker is the state of a policy's circuit breaker, as the Hub tells it.
func (i *instance) breaker(ctx context.Context, policy string) (string, error) {
	status, err := i.analyst.Mitigation(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range status.Policies {
		if p.Name == policy && p.Breaker != nil {
			return p.Breaker.State, nil
		}
	}
	return "none", nil
}
