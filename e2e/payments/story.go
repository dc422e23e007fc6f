//go:build e2e

package payments

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"wayguard/e2e"
	"wayguard/sim/demo"
	"wayguard/sim/shop"
)

// tried is how many cards are tried before the one that would be good.
const tried = 12

// storyRules hold a payment for the journey alone: of the card itself nothing is known.
func storyRules() []map[string]any {
	return []map[string]any{
		{"id": "blacklisted", "type": "blacklist", "name": "Card reported before", "action": "BLOCK", "fields": []string{"$.credential_fingerprint"}},
		{"id": "card-too-often", "type": "condition", "name": "One card again and again", "action": "BLOCK", "condition": "velocity($.credential_fingerprint, 3600) > 6"},
		{"id": "many-cards", "type": "condition", "name": "More than twelve cards in one visit", "action": "REVIEW",
			"condition": map[string]any{"op": "gt", "field": "$.journey.cards_in_session", "value": tried}},
	}
}

// CheckStory has a real browser try thirteen cards in the demo shop, and an analyst find out why the last one was held.
func CheckStory(ctx context.Context) ([]e2e.Figure, error) {
	bank := shop.Bank()
	var charged atomic.Int64
	acquirer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		charged.Add(1)
		bank.ServeHTTP(w, r)
	}))
	defer acquirer.Close()
	// The shop asks the interceptor, which is there only when Wayguard is: it is told where before its first charge.
	var ask atomic.Pointer[shop.Acquirer]
	origin := httptest.NewServer(shop.NewWith(5, func(ctx context.Context, c shop.Charge) string { return (*ask.Load())(ctx, c) }))
	defer origin.Close()
	dir, err := os.MkdirTemp("", "wayguard-story-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	config, err := storyConfig(dir)
	if err != nil {
		return nil, err
	}
	i, err := start(ctx, origin.URL, "pci_level: SAQ_D\n", config)
	if err != nil {
		return nil, err
	}
	defer i.close()
	if _, err := i.rules(ctx, "checkout", storyRules(), nil); err != nil {
		return nil, err
	}
	refusal := map[string]any{"mode": "template", "body": map[string]any{"pspReference": "{{ decision_id }}", "resultCode": "Refused", "refusalReason": "held"}}
	ref, err := i.intercept(ctx, map[string]any{"context": "checkout", "destination": map[string]any{"url": acquirer.URL + "/payments"},
		"field_mapping": json.RawMessage(demo.Mapping()), "responses": map[string]any{"block": refusal, "review": refusal}})
	if err != nil {
		return nil, err
	}
	through := shop.Through(http.DefaultClient, i.Decisions+"/api/interceptors/"+ref, func(context.Context) (http.Header, error) {
		return http.Header{"Authorization": {"Bearer " + i.token}}, nil
	})
	ask.Store(&through)
	told, err := tell(ctx, i)
	if err != nil {
		return nil, err
	}
	return append(told, e2e.Count("cards that reached the bank", int(charged.Load()), tried)), nil
}

// storyConfig includes the demo's specs without its mitigation, which would have stopped the visitor before.
func storyConfig(dir string) (string, error) {
	for _, file := range demo.Files() {
		name := filepath.Base(file.Name)
		if !strings.HasPrefix(name, "specs") {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), file.Data, 0o600); err != nil {
			return "", err
		}
	}
	return "include: [" + filepath.Join(dir, "specs*.yaml") + "]\nsessions: {tokens: [{cookie: shop_session}]}\nproxy: {inline: {budget: 200ms}}\n", nil
}

// story is what e2e/browser/story.mjs tells.
type story struct {
	Payments []struct {
		Status   int    `json:"status"`
		Declined string `json:"declined"`
		Path     string `json:"path"`
	} `json:"payments"`
	Decision struct {
		Queue   int      `json:"queue"`
		Banner  string   `json:"banner"`
		Journey string   `json:"journey"`
		Rules   []string `json:"rules"`
	} `json:"decision"`
	Session struct {
		Events int    `json:"events"`
		Text   string `json:"text"`
	} `json:"session"`
	Entity struct {
		Decisions int    `json:"decisions"`
		Text      string `json:"text"`
	} `json:"entity"`
	Problems []string `json:"problems"`
}

// tell runs the story and measures what the browser saw.
func tell(ctx context.Context, i *instance) ([]e2e.Figure, error) {
	var s story
	args := append([]string{i.Proxy, i.Hub, i.email, i.password}, storyCards()...)
	if err := e2e.Browse(ctx, &s, "story.mjs", args...); err != nil {
		return nil, err
	}
	if len(s.Problems) > 0 {
		return nil, fmt.Errorf("story.mjs: %s", strings.Join(s.Problems, "; "))
	}
	declined := 0
	for _, p := range s.Payments[:min(tried, len(s.Payments))] {
		if p.Declined != "" && p.Declined != "held" {
			declined++
		}
	}
	last := s.Payments[len(s.Payments)-1]
	return []e2e.Figure{
		e2e.Count("cards that the bank declined in one visit, in a real browser", declined, tried),
		e2e.Holds("the next card, of which nothing is known: the shop hears", last.Declined, last.Declined == "held", "held"),
		e2e.Holds("reviews that wait in the Hub", fmt.Sprint(s.Decision.Queue), s.Decision.Queue == 1, "1"),
		contains("its decision says", s.Decision.Banner, "review"),
		contains("and why", strings.Join(s.Decision.Rules, " "), "More than twelve cards in one visit"),
		contains("with the journey it saw: cards", figureAfter(s.Decision.Journey, "Cards in the session"), fmt.Sprint(tried+1)),
		e2e.AtLeast("decisions among the session's events", s.Session.Events, tried+1),
		contains("the last of them as it was", s.Session.Text, "review"),
		e2e.Holds("decisions on the card's own page", fmt.Sprint(s.Entity.Decisions), s.Entity.Decisions == 1, "1"),
		contains("with its outcome", s.Entity.Text, "review"),
	}, nil
}

// contains is a figure that is met where a text has a word, whatever the case.
func contains(name, text, word string) e2e.Figure {
	met := strings.Contains(strings.ToLower(text), strings.ToLower(word))
	shown := word
	if !met {
		shown = strings.Join(strings.Fields(text), " ")
		shown = shown[:min(len(shown), 120)]
	}
	return e2e.Holds(name, shown, met, word)
}

// figureAfter is the line after a heading.
func figureAfter(text, heading string) string {
	_, after, _ := strings.Cut(text, heading)
	for line := range strings.Lines(after) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// storyCards are as many cards as are tried that the bank declines, and one that it takes.
func storyCards() []string {
	var bad []string
	good := ""
	for n := 0; len(bad) < tried || good == ""; n++ {
		number := fmt.Sprintf("411111%010d", n)
		switch {
		case !shop.Luhn(number):
		case shop.CardWorks(number):
			good = number
		case len(bad) < tried:
			bad = append(bad, number)
		}
	}
	return append(bad, good)
}
