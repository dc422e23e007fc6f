package hub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/search"
)

func decodeInto(t *testing.T, r *http.Response, into any) {
	t.Helper()
	if body := text(t, r); json.Unmarshal([]byte(body), into) != nil || r.StatusCode >= 400 {
		t.Fatalf("%d %s", r.StatusCode, body)
	}
}

func TestExportByTicket(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	b.warehouse.rows = manyRows(3)
	const query = `{"environment":"production","field":"ssn","values":["078-05-1120"],"limit":1,"offset":7,"sort":"events"}`
	var prepared exportTicket
	decodeInto(t, b.send(t, "POST", base+"/exports", token, query), &prepared)
	if len(prepared.Ticket) != 64 || prepared.ExpiresIn != 60 {
		t.Fatalf("%+v", prepared)
	}
	if _, plain := b.hub.tickets.byKey[prepared.Ticket]; plain {
		t.Error("the ticket itself is kept")
	}
	address := base + "/sessions.csv?ticket=" + prepared.Ticket
	r := b.send(t, "GET", address, token, "")
	if body := text(t, r); r.StatusCode != http.StatusOK || strings.Count(body, "\r\n") != 4 {
		t.Fatalf("%d %s", r.StatusCode, body)
	}
	if q := b.warehouse.last(); q.Field != "ssn" || !slices.Equal(q.Values, []string{"078-05-1120"}) || q.Limit != 0 || q.Offset != 0 || q.Sort != search.ColumnEvents {
		t.Errorf("asked %+v", q)
	}
	if entries := b.store.actions(); !slices.Equal(entries, []string{"production ada@shop.example sessions.export"}) {
		t.Errorf("audit %v", entries)
	}
	if got, _ := code(t, b.send(t, "GET", address, token, "")); got != "no_such_ticket" {
		t.Errorf("used twice: %s", got)
	}
}

func TestTicketsAreNobodyElses(t *testing.T) {
	b := build(t, Config{}, nil)
	ada := b.user(t, "ada@shop.example", administrator())
	eve := b.user(t, "eve@shop.example", administrator())
	mine, second, hers := b.token(t, ada), b.token(t, ada), b.token(t, eve)
	prepare := func() string {
		var prepared exportTicket
		decodeInto(t, b.send(t, "POST", base+"/exports", mine, `{"environment":"production"}`), &prepared)
		return base + "/sessions.csv?ticket=" + prepared.Ticket
	}
	address := prepare()
	for name, token := range map[string]string{"another user": hers, "another login of the same user": second} {
		if got, _ := code(t, b.send(t, "GET", address, token, "")); got != "no_such_ticket" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if r := b.send(t, "GET", address, mine, ""); r.StatusCode != http.StatusOK {
		t.Errorf("the owner, after others tried: %d", r.StatusCode)
	}
	late := prepare()
	b.pass(ticketLife)
	if got, _ := code(t, b.send(t, "GET", late, mine, "")); got != "no_such_ticket" {
		t.Errorf("late: %s", got)
	}
	// The permission counts when the ticket is used, not when it was made.
	taken := prepare()
	b.store.people[ada.ID] = withGrant(ada, sampleEnvironment, access.Viewer)
	if status := b.send(t, "GET", taken, mine, "").StatusCode; status != http.StatusForbidden {
		t.Errorf("without the permission: %d", status)
	}
}

func TestTicketsAreBounded(t *testing.T) {
	waiting := newTickets()
	query := search.Query{Environment: sampleEnvironment}
	for i := range ticketsEach {
		if _, ok, err := waiting.issue(query, "mine", sampleNow()); !ok || err != nil {
			t.Fatalf("ticket %d: %v %v", i, ok, err)
		}
	}
	if _, ok, _ := waiting.issue(query, "mine", sampleNow()); ok {
		t.Error("one login has too many")
	}
	for i := ticketsEach; i < ticketsInAll; i++ {
		if _, ok, _ := waiting.issue(query, fmt.Sprint(i), sampleNow()); !ok {
			t.Fatalf("ticket %d refused", i)
		}
	}
	if _, ok, _ := waiting.issue(query, "last", sampleNow()); ok {
		t.Error("there are too many in all")
	}
	if _, ok, _ := waiting.issue(query, "mine", sampleNow().Add(ticketLife)); !ok || len(waiting.byKey) != 1 {
		t.Errorf("expired ones stay: %d", len(waiting.byKey))
	}
}

// TestSensitiveValuesStayOutOfAddresses: the catalogue says which fields, and the old way of exporting refuses them.
func TestSensitiveValuesStayOutOfAddresses(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	var answer fieldsAnswer
	decodeInto(t, b.send(t, "GET", base+"/fields?environment=production", token, ""), &answer)
	var sensitive []string
	for _, field := range answer.Fields {
		if field.Sensitive {
			sensitive = append(sensitive, field.Name)
		}
	}
	if !slices.Contains(sensitive, "ssn") || slices.Contains(sensitive, "email") || slices.Contains(sensitive, search.FieldRating) {
		t.Errorf("sensitive %v", sensitive)
	}
	for _, name := range sensitive {
		r := b.send(t, "GET", exportPath(fmt.Sprintf(`{"environment":"production","field":%q,"values":["078-05-1120"]}`, name)), token, "")
		if got, field := code(t, r); r.StatusCode != http.StatusBadRequest || got != "bad_query" || field != "field" {
			t.Errorf("%s in an address: %d %s at %s", name, r.StatusCode, got, field)
		}
	}
	if len(b.warehouse.asked) != 0 {
		t.Error("the warehouse was asked")
	}
}

func TestIdleTimeoutIsTold(t *testing.T) {
	for idle, want := range map[time.Duration]string{0: `"session_idle_seconds":0}`, 30 * time.Minute: `"session_idle_seconds":1800}`} {
		b := build(t, Config{}, func(d *Deps) { d.IdleTimeout = idle })
		token := b.token(t, b.user(t, "ada@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Viewer}))
		if me := text(t, b.send(t, "GET", base+"/me", token, "")); !strings.Contains(me, want) {
			t.Errorf("%s", me)
		}
	}
}
