package app

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"wayguard/access"
	"wayguard/api"
	"wayguard/decision"
	"wayguard/event"
)

// What clients and the demo change stands in the audit by name; what people of the Hub change is the Hub's to keep.
func TestChangesOfPaymentsAreAudited(t *testing.T) {
	m := paying(t)
	p := m.house.payments.Load()
	client, _, err := p.service.CreateClient(t.Context(), "shop", []string{"admin:blacklist:write"}, demoBy)
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.service.AddValue(t.Context(), decision.ListValue{FieldPath: "$.device.ip", Value: "192.0.2.7"}, 0, client.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.service.RemoveValue(t.Context(), v.ID, "robot@https://issuer.example"); err != nil {
		t.Fatal(err)
	}
	asked := httptest.NewRequest(http.MethodPost, "/api/admin/blacklist", strings.NewReader(`{"field_path":"$.device.ip","value":"192.0.2.8"}`))
	asked.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	m.hubPayments(event.DefaultEnvironment).As(answer, asked, "ada@shop.example", api.Scopes())
	rotated := httptest.NewRecorder()
	m.hubPayments(event.DefaultEnvironment).As(rotated, httptest.NewRequest(http.MethodPost, "/api/admin/keys/rotate", nil), "ada@shop.example", api.Scopes())
	if answer.Code != http.StatusCreated || rotated.Code != http.StatusOK {
		t.Fatalf("a person's changes gave %d and %d: %s", answer.Code, rotated.Code, answer.Body)
	}
	entries, err := m.store.Audit(t.Context(), event.DefaultEnvironment, 100)
	if err != nil {
		t.Fatal(err)
	}
	type line struct{ actor, action, detail string }
	var got []line
	for _, e := range slices.Backward(entries) {
		if strings.HasPrefix(e.Action, "payments.") {
			got = append(got, line{e.Actor, e.Action, e.Detail})
		}
	}
	want := []line{{demoBy, "payments.clients.create", client.ID}, {"client:" + client.ID, "payments.blacklist.create", string(v.ID)},
		{"client:robot@https://issuer.example", "payments.blacklist.delete", string(v.ID)}}
	if !slices.Equal(got, want) {
		t.Errorf("the audit has %v, want %v", got, want)
	}
	if slices.ContainsFunc(entries, func(e access.AuditEntry) bool { return strings.Contains(e.Detail, "192.0.2.7") }) {
		t.Error("the audit has the value itself")
	}
}

func TestOneWordForAChange(t *testing.T) {
	for want, c := range map[string]decision.Change{
		"payments.rulesets.activate": {Object: "ruleset", Action: "activate"}, "payments.clients.change": {Object: "client", Action: "update"},
		"payments.lists.create": {Object: "list value", Action: "add"}, "payments.erasures.create": {Object: "customer", Action: "erase"},
		"payments.decisions.resolve": {Object: "decision", Action: "resolve"}, "payments.deliveries.redeliver": {Object: "delivery", Action: "redeliver"},
		"payments.keys.rotate": {Object: "key", Action: "rotate"},
	} {
		if got := auditAction(c); got != want {
			t.Errorf("%+v is %s, want %s", c, got, want)
		}
	}
}
