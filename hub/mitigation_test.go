package hub

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/policy"
	"wayguard/search"
)

func TestStopAndGo(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	r := b.send(t, "POST", base+"/mitigation/stop", token, `{"environment":"production","seconds":900,"reason":" it blocks \n everybody "}`)
	var status MitigationStatus
	if err := json.Unmarshal([]byte(text(t, r)), &status); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", r.StatusCode, err)
	}
	until := sampleNow().Add(15 * time.Minute)
	if status.Stop == nil || !status.Stop.Until.Equal(until) || status.Stop.Who != "ada@shop.example" || status.Stop.Why != "it blocks everybody" {
		t.Errorf("stop is %+v", status.Stop)
	}
	health := text(t, b.send(t, "GET", base+"/health?environment=production", token, ""))
	if !strings.Contains(health, `"why":"it blocks everybody"`) || !strings.Contains(health, `"policy":"slow-scrapers"`) {
		t.Errorf("health does not say so: %s", health)
	}
	if r := b.send(t, "POST", base+"/mitigation/go", token, `{"environment":"production"}`); r.StatusCode != http.StatusOK || strings.Contains(text(t, r), `"stop"`) {
		t.Errorf("go: %d", r.StatusCode)
	}
	want := []operation{{what: "stop", at: until, why: "it blocks everybody", who: "ada@shop.example"}, {what: "go", who: "ada@shop.example"}}
	if !reflect.DeepEqual(b.control.told, want) {
		t.Errorf("told %+v", b.control.told)
	}
	last := b.store.entries[len(b.store.entries)-2]
	if last.Action != "mitigation.stop" || last.Detail != "until=2026-11-21T10:45:00Z reason=it blocks everybody" ||
		b.store.entries[len(b.store.entries)-1].Action != "mitigation.go" {
		t.Errorf("audit %+v", b.store.entries)
	}
}

// TestAStopNeedsNoAudit: in an emergency a store that is away must not keep the harm going.
func TestAStopNeedsNoAudit(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	b.store.auditErr = errors.New("disk full")
	if r := b.send(t, "POST", base+"/mitigation/stop", token, `{"environment":"production","seconds":60,"reason":"x"}`); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
	if len(b.control.told) != 1 || !strings.Contains(b.log.String(), "not audited") {
		t.Errorf("told %+v, log %s", b.control.told, b.log.String())
	}
	// What leaves the house is another matter.
	if r := b.send(t, "GET", base+"/mitigation/accounts.csv?environment=production&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z", token, ""); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("accounts left without a trace: %d", r.StatusCode)
	}
}

func TestOperationsThatAreRefused(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	session := string(sampleStory().Session.ID)
	long := strings.Repeat("x", 301)
	for _, c := range []struct{ path, body, field string }{
		{"/mitigation/stop", `"seconds":59,"reason":"x"`, "seconds"}, {"/mitigation/stop", `"seconds":86401,"reason":"x"`, "seconds"},
		{"/mitigation/stop", `"seconds":-9223372036854775808,"reason":"x"`, "seconds"},
		{"/mitigation/stop", `"seconds":900,"reason":" \u0000 "`, "reason"}, {"/mitigation/stop", `"seconds":900,"reason":"` + long + `"`, "reason"},
		{"/mitigation/stop", `"seconds":900,"reason":"x","for":"ever"`, ""}, {"/mitigation/go", `"reason":"` + long + `"`, "reason"},
		{"/mitigation/undo", `"policy":"none","since":"2026-11-21T09:30:00Z","reason":"x"`, "policy"},
		{"/mitigation/undo", `"policy":"stop-takeovers","since":"2026-11-21T10:30:01Z","reason":"x"`, "since"},
		{"/mitigation/undo", `"policy":"stop-takeovers","since":"2026-10-01T09:30:00Z","reason":"x"`, "since"},
		{"/mitigation/undo", `"policy":"stop-takeovers","since":"2026-11-21T09:30:00Z"`, "reason"},
		{"/mitigation/breaker", `"policy":"none","reason":"x"`, "policy"}, {"/mitigation/breaker", `"policy":"slow-scrapers"`, "reason"},
		{"/mitigation/unspare", `"scope":"account","element":"username","key":"nobody"`, ""},
		{"/sessions/" + session + "/spare", `"scope":"session","seconds":3599,"reason":"x"`, "seconds"},
		{"/sessions/" + session + "/spare", `"scope":"session","seconds":604801,"reason":"x"`, "seconds"},
		{"/sessions/" + session + "/spare", `"scope":"session","seconds":3600`, "reason"},
		{"/sessions/" + session + "/spare", `"scope":"address","seconds":3600,"reason":"x"`, "scope"},
		{"/sessions/" + session + "/spare", `"scope":"person","seconds":3600,"reason":"x"`, "scope"},
		{"/sessions/" + session + "/spare", `"scope":"account","seconds":3600,"reason":"x"`, "account"},
		{"/sessions/" + session + "/spare", `"scope":"account","seconds":3600,"reason":"x","account":{"element":"password","value":"•"}`, "account"},
		{"/sessions/" + session + "/spare", `"scope":"account","seconds":3600,"reason":"x","account":{"element":"username","value":"someone.else"}`, "account"},
		{"/sessions/0/spare", `"scope":"session","seconds":3600,"reason":"x"`, ""},
	} {
		r := b.send(t, "POST", base+c.path, token, `{"environment":"production",`+c.body+`}`)
		if _, field := code(t, r); r.StatusCode < 400 || r.StatusCode >= 500 || field != c.field {
			t.Errorf("%s %s: %d at %q, want %q", c.path, c.body, r.StatusCode, field, c.field)
		}
	}
	if len(b.control.told) != 0 || len(b.store.entries) != 0 {
		t.Errorf("something was done: %+v, %+v", b.control.told, b.store.entries)
	}
}

func TestUndoAndBreaker(t *testing.T) {
	b, token := loggedIn(t, access.Administrator)
	r := b.send(t, "POST", base+"/mitigation/undo", token, `{"environment":"production","policy":"stop-takeovers","since":"2026-11-21T10:30:00+01:00","reason":"too wide"}`)
	if got := strings.TrimSpace(text(t, r)); r.StatusCode != http.StatusOK || got != `{"affected":3}` {
		t.Errorf("undo: %d %s", r.StatusCode, got)
	}
	b.send(t, "POST", base+"/mitigation/breaker", token, `{"environment":"production","policy":"slow-scrapers","reason":"mended"}`)
	b.send(t, "POST", base+"/mitigation/unspare", token, `{"environment":"production","scope":"account","element":"username","key":"j.doe"}`)
	want := []operation{
		{what: "undo", policy: "stop-takeovers", at: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), why: "too wide", who: "ada@shop.example"},
		{what: "close", policy: "slow-scrapers", why: "mended", who: "ada@shop.example"},
		{what: "unspare", visitor: Visitor{Scope: policy.ScopeAccount, Element: "username", Key: "j.doe"}, who: "ada@shop.example"},
	}
	if !reflect.DeepEqual(b.control.told, want) {
		t.Errorf("told %+v", b.control.told)
	}
	if got := b.store.actions(); !slices.Equal(got, []string{"production ada@shop.example mitigation.undo", "production ada@shop.example mitigation.breaker",
		"production ada@shop.example mitigation.unspare"}) || !strings.Contains(b.store.entries[0].Detail, "people=3") || strings.Contains(b.store.entries[2].Detail, "j.doe") {
		t.Errorf("audit %+v", b.store.entries)
	}
	b.control.err = errors.New("disk full")
	if r := b.send(t, "POST", base+"/mitigation/undo", token, `{"environment":"production","policy":"stop-takeovers","since":"2026-11-21T09:30:00Z","reason":"x"}`); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("an undo that was not kept: %d", r.StatusCode)
	}
}

func TestSpare(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	story := sampleStory()
	spare := func(rest string) {
		t.Helper()
		r := b.send(t, "POST", base+"/sessions/"+string(story.Session.ID)+"/spare", token, `{"environment":"production","seconds":86400,"reason":"a customer",`+rest+`}`)
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", rest, r.StatusCode, text(t, r))
		}
	}
	spare(`"scope":"session"`)
	spare(`"scope":"device"`)
	spare(`"scope":"account","account":{"element":"username","value":"m.rossi"}`)
	until := sampleNow().Add(24 * time.Hour)
	var got []Visitor
	for _, o := range b.control.told {
		if o.what != "spare" || !o.at.Equal(until) || o.why != "a customer" || o.who != "ada@shop.example" {
			t.Errorf("told %+v", o)
		}
		got = append(got, o.visitor)
	}
	want := []Visitor{{Scope: policy.ScopeSession, Key: string(story.Session.ID)}, {Scope: policy.ScopeDevice, Key: string(story.Session.Journey)},
		{Scope: policy.ScopeAccount, Element: "username", Key: "m.rossi"}}
	if !slices.Equal(got, want) {
		t.Errorf("spared %+v", got)
	}
	for _, entry := range b.store.entries {
		if entry.Action != "mitigation.spare" || strings.Contains(entry.Detail, "m.rossi") || !strings.Contains(entry.Detail, string(story.Session.ID)) {
			t.Errorf("audit %+v", entry)
		}
	}
	person := story
	person.Events = slices.Clone(story.Events)
	person.Events[1].Session.Person = "person-1"
	if v, err := visitorOf(&person, spareRequest{Scope: policy.ScopePerson}); err != nil || v.Key != "person-1" {
		t.Errorf("person %+v, %v", v, err)
	}
}

func TestAccountsAndAffectedDownloads(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	const span = "?environment=production&policy=stop-takeovers&from=2026-11-21T09:30:00Z&to=2026-11-21T10:30:00Z"
	read := func(path string) [][]string {
		t.Helper()
		r := b.send(t, "GET", base+path, token, "")
		if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Disposition"), `attachment; filename="`) || r.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %v", path, r.StatusCode, r.Header)
		}
		rows, err := csv.NewReader(r.Body).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read("/mitigation/accounts.csv" + span)
	session := string(sampleTeller().session)
	if want := []string{"username", "'=cmd", "1", "2026-11-21 10:24:00.000", "2026-11-21 10:24:00.000", "1", session, "2026-09-12 10:30:00.000"}; len(rows) != 4 || !slices.Equal(rows[2], want) {
		t.Errorf("accounts %q", rows)
	}
	if rows[3][1] != "k.tanaka@mail.example" || rows[3][7] != "" {
		t.Errorf("an account without a login is %q", rows[3])
	}
	if q := b.warehouse.last(); q.Limit != search.MaxAccounts || q.Values[0] != "stop-takeovers" {
		t.Errorf("asked %+v", q)
	}
	rows = read("/mitigation/affected.csv?environment=production&policy=stop-takeovers&since=2026-11-21T09:30:00Z")
	if len(rows) != 4 || rows[2][1] != "username" || rows[2][10] != "passed a check" {
		t.Errorf("affected %q", rows)
	}
	for range 3 {
		if r := b.send(t, "GET", base+"/mitigation/accounts"+span, token, ""); r.StatusCode != http.StatusOK {
			t.Fatal(r.StatusCode)
		}
	}
	if q := b.warehouse.last(); q.Limit != mostAccounts {
		t.Errorf("a page asked for %d", q.Limit)
	}
	if got := b.store.actions(); !slices.Equal(got, []string{"production ada@shop.example accounts.export", "production ada@shop.example affected.export",
		"production ada@shop.example accounts.view"}) {
		t.Errorf("audit %v", got)
	}
}

func TestEffectsAreAskedInRoundSteps(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	for _, c := range []struct {
		from, to string
		step     float64
		first    string
	}{
		{"2026-11-21T10:10:07Z", "2026-11-21T10:30:00Z", 15, "2026-11-21T10:10:00Z"},
		{"2026-11-20T10:30:07Z", "2026-11-21T10:30:07Z", 900, "2026-11-20T10:30:00Z"},
		{"2026-08-25T10:30:07Z", "2026-11-21T10:30:07Z", 86400, "2026-08-25T00:00:00Z"},
	} {
		r := b.send(t, "GET", base+"/mitigation/effects?environment=production&from="+c.from+"&to="+c.to, token, "")
		var effects search.Effects
		if err := json.Unmarshal([]byte(text(t, r)), &effects); err != nil {
			t.Fatal(err)
		}
		if effects.StepSeconds != c.step || effects.From.Format(time.RFC3339) != c.first || len(effects.Policies[0].Buckets) > search.MaxBuckets {
			t.Errorf("%s to %s: steps of %v from %s", c.from, c.to, effects.StepSeconds, effects.From)
		}
	}
	for query, field := range map[string]string{
		"from=2026-11-21T10:30:00Z&to=2026-11-21T10:30:00Z": "to", "from=yesterday&to=2026-11-21T10:30:00Z": "from",
		"from=2026-01-01T00:00:00Z&to=2026-11-21T10:30:00Z": "from", "from=2026-11-21T10:30:00Z": "to",
	} {
		if _, at := code(t, b.send(t, "GET", base+"/mitigation/effects?environment=production&"+query, token, "")); at != field {
			t.Errorf("%s: at %q", query, at)
		}
	}
}

// TestWithoutMitigation: the Hub of an environment in which nothing is done says so, and its other pages stand.
func TestWithoutMitigation(t *testing.T) {
	for name, change := range map[string]func(*Deps){
		"none":    func(d *Deps) { d.Mitigation, d.Actions = nil, nil },
		"no such": func(d *Deps) { d.Mitigation, d.Actions = func(event.Environment) Mitigation { return nil }, nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := build(t, Config{}, change)
			token := b.token(t, b.user(t, "ada@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Administrator}))
			for name, call := range everyCall() {
				method, _, _ := strings.Cut(name, " ")
				if !strings.Contains(name, "/mitigation") && !strings.HasSuffix(name, "/spare") {
					continue
				}
				if got, _ := code(t, b.send(t, method, base+call.path, token, call.body)); got != "no_mitigation" {
					t.Errorf("%s: %q", name, got)
				}
			}
			if health := text(t, b.send(t, "GET", base+"/health?environment=production", token, "")); !strings.Contains(health, `"mitigation":{"open":[]}`) {
				t.Errorf("health %s", health)
			}
			if fields := text(t, b.send(t, "GET", base+"/fields?environment=production", token, "")); !strings.Contains(fields, `"action_outcome"`) {
				t.Errorf("fields %s", fields)
			}
		})
	}
}

func TestSearchByAction(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	for body, want := range map[string][]string{
		`"field":"action","values":["feign","stop-them"]`:     {"feign", "stop-them"},
		`"field":"policy","values":["Stop Takeovers"]`:        {"Stop Takeovers"},
		`"field":"action_outcome","values":["DONE","passed"]`: {"done", "passed"},
	} {
		if r := b.send(t, "POST", base+"/sessions/search", token, `{"environment":"production",`+body+`}`); r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", body, r.StatusCode)
		}
		if got := b.warehouse.last().Values; !slices.Equal(got, want) {
			t.Errorf("%s: %v", body, got)
		}
	}
	if _, field := code(t, b.send(t, "POST", base+"/sessions/search", token, `{"environment":"production","field":"action_outcome","values":["vanished"]}`)); field != "values[0]" {
		t.Errorf("an unknown outcome: at %q", field)
	}
}
