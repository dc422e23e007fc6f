//go:build e2e

package payments

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
)

// asking is a merchant's request to an acquirer.
type asking struct {
	method, path, kind, body string
	// credential is the merchant's at the acquirer, in the field authorization; empty for none.
	credential string
	header     map[string]string
}

// build makes the request as it goes to an address, through an interceptor when there is a token.
func (a asking) build(ctx context.Context, base, token string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, a.method, base+a.path, strings.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "merchant/1.0")
	for name, value := range a.header {
		request.Header.Set(name, value)
	}
	if a.kind != "" {
		request.Header.Set("Content-Type", a.kind)
	}
	if token == "" {
		if a.credential != "" {
			request.Header.Set("Authorization", a.credential)
		}
		return request, nil
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if a.credential != "" {
		request.Header.Set("X-Auth-Name", "authorization")
		request.Header.Set("X-Auth-Value", a.credential)
	}
	return request, nil
}

// send asks an address, through an interceptor when there is a token.
func (a asking) send(ctx context.Context, client *http.Client, base, token string) (*reply, error) {
	request, err := a.build(ctx, base, token)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	return readReply(response)
}

// through is where an interceptor is called.
func (i *instance) through(ref string) string { return i.Decisions + "/api/interceptors/" + ref }

// idOf is the decision that an answer names, empty for none.
func (a *reply) idOf() event.ID { return event.ID(a.header.Get(interceptor.DecisionHeader)) }

// aboutConnection are the fields that every hop writes itself.
func aboutConnection(name string) bool {
	return slices.Contains([]string{"Connection", "Keep-Alive", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Proxy-Connection"}, name)
}

// unlike tells the first difference between two answers but for fields about the connection and those excused; empty for none.
func (a *reply) unlike(b *reply, excused ...string) string {
	if a.status != b.status {
		return fmt.Sprintf("status %d, not %d", a.status, b.status)
	}
	if difference := differentFields(a.header, b.header, excused); difference != "" {
		return difference
	}
	if !bytes.Equal(a.body, b.body) {
		return "the body"
	}
	return ""
}

func differentFields(a, b http.Header, excused []string) string {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !aboutConnection(name) && !slices.Contains(excused, name) && !slices.Equal(a[name], b[name]) {
			return "field " + name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, there := a[name]; !there && !aboutConnection(name) && !slices.Contains(excused, name) {
			return "field " + name + " is missing"
		}
	}
	return ""
}

// unlike tells the first difference between two requests as they arrived; empty for none.
func (a *arrived) unlike(b *arrived, excused ...string) string {
	switch {
	case a.line != b.line:
		return "request line " + a.line
	case a.host != b.host:
		return "host"
	case a.length != b.length || !slices.Equal(a.encoding, b.encoding):
		return fmt.Sprintf("framing: length %d, not %d", a.length, b.length)
	case !bytes.Equal(a.body, b.body):
		return "the body"
	}
	return differentFields(a.header, b.header, excused)
}

// tally counts what agrees and remembers the first that does not.
type tally struct {
	agreed int
	first  string
}

func (t *tally) note(a asking, difference string) {
	if difference == "" {
		t.agreed++
		return
	}
	if t.first == "" {
		t.first = a.method + " " + a.path + ": " + difference
	}
}

// err is for a tally that fell short: the figure alone would not say why.
func (t *tally) hint(name string) string {
	if t.first == "" {
		return name
	}
	return name + " [" + t.first + "]"
}

// decisionOf asks for a decision as the merchant.
func (i *instance) decisionOf(ctx context.Context, id event.ID) (payment.Decision, error) {
	var d payment.Decision
	return d, i.get(ctx, "/api/decisions/"+string(id), &d)
}

// discovered waits until an interceptor has as many discovered keys, and gives all it has.
func (i *instance) discovered(ctx context.Context, ref string, atLeast int) ([]interceptor.DiscoveredKey, error) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		var page struct {
			Data []interceptor.Interceptor `json:"data"`
		}
		if err := i.admin.Payments(ctx, http.MethodGet, "admin/interceptors", nil, nil, &page); err != nil {
			return nil, err
		}
		var keys []interceptor.DiscoveredKey
		for _, one := range page.Data {
			if one.Ref == ref && one.Status == "ACTIVE" {
				keys = one.Discovered
			}
		}
		if len(keys) >= atLeast || time.Now().After(deadline) {
			return keys, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// always is a rule that fires for every payment.
func always(id string, action payment.Outcome, more map[string]any) map[string]any {
	rule := map[string]any{"id": id, "type": "condition", "name": "Every payment", "action": action,
		"condition": map[string]any{"op": "gte", "field": "$.transaction.amount", "value": 0}}
	maps.Copy(rule, more)
	return rule
}
