package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/search"
)

func TestQueriesAreNormalised(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	from, to := sampleNow().Add(-time.Hour), sampleNow()
	for body, want := range map[string]search.Query{
		`{"environment":"production"}`: {Limit: 50},
		`{"environment":"production","field":"session_risk_rating","values":["Malicious Session"," suspicious","malicious",""]}`: {
			Field: search.FieldRating, Values: []string{"malicious", "suspicious"}, Limit: 50},
		`{"environment":"production","field":"event_type","values":["authentication attempt","transaction"],"limit":1000,"offset":50}`: {
			Field: search.FieldEventType, Values: []string{"authentication_attempt", "transaction"}, Limit: 1000, Offset: 50},
		`{"environment":"production","field":"email","values":["Ada@Shop.Example"],"sort":"events","descending":true}`: {
			Field: "email", Values: []string{"ada@shop.example"}, Sort: search.ColumnEvents, Descending: true, Limit: 50},
		`{"environment":"production","field":"session_label","values":["High Velocity Logins"],"from":"2026-11-21T09:30:00Z","to":"2026-11-21T10:30:00Z"}`: {
			Field: search.FieldLabel, Values: []string{"High Velocity Logins"}, From: from, To: to, Limit: 50},
		`{"environment":"production","filters":[{"column":"rating","in":["Normal Session"]},{"column":"city","contains":"100%_"},{"column":"duration","min":"1.5"},{"column":"opened","max":"2026-11-21T10:30:00.5Z"}]}`: {
			Limit: 50, Filters: []search.Filter{{Column: search.ColumnRating, In: []string{"normal"}}, {Column: search.ColumnCity, Contains: "100%_"},
				{Column: search.ColumnDuration, Min: "1.5"}, {Column: search.ColumnOpened, Max: "2026-11-21T10:30:00.5Z"}}},
	} {
		if r := b.send(t, "POST", base+"/sessions/search", token, body); r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", body, r.StatusCode, text(t, r))
		}
		want.Environment = sampleEnvironment
		if got := b.warehouse.last(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v\nwant %+v", body, got, want)
		}
	}
}

func TestBadQueries(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	many := `"` + strings.Repeat(`x","`, 100) + `x"`
	for body, field := range map[string]string{
		`{"environment":"production","feild":"email"}`:                                                                                      "",
		`{"environment":"production","limit":"ten"}`:                                                                                        "",
		`{"environment":"production","from":"yesterday"}`:                                                                                   "",
		`{"environment":"production","field":"shoe_size","values":["44"]}`:                                                                  "field",
		`{"environment":"production","field":"password","values":["x"]}`:                                                                    "field",
		`{"environment":"production","values":["x"]}`:                                                                                       "field",
		`{"environment":"production","field":"email"}`:                                                                                      "values",
		`{"environment":"production","field":"email","values":[" ",""]}`:                                                                    "values",
		`{"environment":"production","field":"email","values":[` + many + `]}`:                                                              "values",
		`{"environment":"production","field":"email","values":["` + strings.Repeat("x", 1025) + `"]}`:                                       "values[0]",
		`{"environment":"production","field":"session_risk_rating","values":["normal","red"]}`:                                              "values[1]",
		`{"environment":"production","field":"event_type","values":["Dancing"]}`:                                                            "values[0]",
		`{"environment":"production","from":"2026-11-21T10:00:00Z","to":"2026-11-21T10:00:00Z"}`:                                            "to",
		`{"environment":"production","sort":"shoe"}`:                                                                                        "sort",
		`{"environment":"production","limit":1001}`:                                                                                         "limit",
		`{"environment":"production","limit":-1}`:                                                                                           "limit",
		`{"environment":"production","offset":-1}`:                                                                                          "offset",
		`{"environment":"production","filters":[{"column":"shoe","contains":"x"}]}`:                                                         "filters[0].column",
		`{"environment":"production","filters":[{"column":"city"}]}`:                                                                        "filters[0].contains",
		`{"environment":"production","filters":[{"column":"city","contains":"x","min":"1"}]}`:                                               "filters[0].contains",
		`{"environment":"production","filters":[{"column":"rating","in":[]}]}`:                                                              "filters[0].in",
		`{"environment":"production","filters":[{"column":"rating","in":["red"]}]}`:                                                         "filters[0].in[0]",
		`{"environment":"production","filters":[{"column":"city","contains":"x"},{"column":"events","min":"1.5"}]}`:                         "filters[1].min",
		`{"environment":"production","filters":[{"column":"duration","max":"NaN"}]}`:                                                        "filters[0].max",
		`{"environment":"production","filters":[{"column":"opened","min":"today"}]}`:                                                        "filters[0].min",
		`{"environment":"production","filters":[{"column":"labels","min":"5","max":"4"}]}`:                                                  "filters[0].max",
		`{"environment":"production","filters":[{"column":"labels"}]}`:                                                                      "filters[0]",
		`{"environment":"production","filters":[` + strings.TrimSuffix(strings.Repeat(`{"column":"city","contains":"x"},`, 21), ",") + `]}`: "filters",
	} {
		r := b.send(t, "POST", base+"/sessions/search", token, body)
		if got, at := code(t, r); r.StatusCode != http.StatusBadRequest || got != "bad_query" || at != field {
			t.Errorf("%.90s: %d %s at %q, not %q", body, r.StatusCode, got, at, field)
		}
	}
	if len(b.warehouse.asked) != 0 {
		t.Error("a bad query reached the warehouse")
	}
}

func FuzzQuery(f *testing.F) {
	f.Add([]byte(`{"environment":"production","field":"email","values":["a"],"filters":[{"column":"rating","in":["normal"]}]}`))
	f.Add([]byte(`{"filters":[{"column":"opened","min":"0000-01-01T00:00:00Z","max":"9999-12-31T23:59:59Z"}],"limit":7}`))
	f.Add([]byte(`{"values":[]}`))
	f.Add([]byte(`{"from":"2026-11-21T10:00:00+14:00","sort":"opened","offset":99}`))
	var b *house
	f.Fuzz(func(t *testing.T, body []byte) {
		if b == nil {
			b = build(t, Config{}, nil)
		}
		q, err := b.hub.parseQuery(body, sampleEnvironment)
		if err != nil {
			var p *problem
			if !errors.As(err, &p) || p.status != http.StatusBadRequest {
				t.Errorf("an error that is no answer: %v", err)
			}
			return
		}
		if q.Environment != sampleEnvironment || q.Limit < 1 || q.Limit > largestLimit || q.Offset < 0 || len(q.Values) > mostValues ||
			len(q.Filters) > mostFilters || (q.Field == "") != (len(q.Values) == 0) || slices.Contains(q.Values, "") {
			t.Errorf("%q became %+v", body, q)
		}
		again, err := json.Marshal(q)
		if err != nil {
			return // a year no RFC 3339 text can hold
		}
		if second, err := b.hub.parseQuery(again, sampleEnvironment); err != nil || !reflect.DeepEqual(second.Values, q.Values) {
			t.Errorf("normalising twice: %+v became %+v, %v", q, second, err)
		}
	})
}

func TestWarehouseErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"absent":      {errAbsent, 404, "no_such_session"},
		"badly asked": {fmt.Errorf("search: %w", badQuestion{}), 400, "bad_query"},
		"slow":        {context.DeadlineExceeded, 503, "warehouse_unavailable"},
		"gone":        {errors.New("database is locked"), 503, "warehouse_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			b, token := loggedIn(t, access.Analyst)
			b.warehouse.err = c.err
			for _, target := range []string{"/sessions/01a1fda2-8eda-7d24-9aa8-5480e0720396?environment=production",
				"/sessions.csv?query=%7B%22environment%22%3A%22production%22%7D"} {
				r := b.send(t, "GET", base+target, token, "")
				got, field := code(t, r)
				if r.StatusCode != c.status || got != c.code || (field == "filters[0].min") != (got == "bad_query") {
					t.Errorf("%s: %d %s %s", target, r.StatusCode, got, field)
				}
				if r.Header.Get("Content-Disposition") != "" {
					t.Error("an error is offered as a download")
				}
			}
		})
	}
	t.Run("no id", func(t *testing.T) {
		b, token := loggedIn(t, access.Viewer)
		r := b.send(t, "GET", base+"/sessions/..%2Fusers?environment=production", token, "")
		if got, _ := code(t, r); r.StatusCode != http.StatusNotFound || got != "no_such_session" || len(b.warehouse.asked) != 0 {
			t.Errorf("%d %s", r.StatusCode, got)
		}
	})
	t.Run("an environment without sessions", func(t *testing.T) {
		b := build(t, Config{}, nil)
		token := b.token(t, b.user(t, "ada@shop.example", map[event.Environment]access.Role{"staging": access.Viewer}))
		if got := text(t, b.send(t, "POST", base+"/sessions/search", token, `{"environment":"staging"}`)); got != `{"sessions":[],"total":0}`+"\n" {
			t.Errorf("got %s", got)
		}
	})
}

func TestSensitiveSearchesAreAudited(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	ask := func(field, value string) {
		t.Helper()
		if r := b.send(t, "POST", base+"/sessions/search", token, fmt.Sprintf(`{"environment":"production","field":%q,"values":[%q,"other"]}`, field, value)); r.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", r.StatusCode, text(t, r))
		}
	}
	ask("ssn", "078-05-1120")
	ask("ssn", "078-05-1120") // a live page asks again and again
	ask("country", "de")
	ask("email", "ada@shop.example")
	b.pass(10 * time.Minute)
	ask("ssn", "078-05-1120")
	var got []string
	for _, entry := range b.store.entries {
		got = append(got, entry.Action+" "+entry.Detail)
	}
	want := []string{"search.sensitive field=ssn values=2", "search.sensitive field=email values=2", "search.sensitive field=ssn values=2"}
	if !slices.Equal(got, want) {
		t.Errorf("audit %q", got)
	}
	if strings.Contains(b.log.String(), "1120") || strings.Contains(fmt.Sprint(b.store.entries), "1120") {
		t.Error("a value is in the log or the audit")
	}
}

func TestPanicsAreCaught(t *testing.T) {
	b := build(t, Config{}, func(d *Deps) { d.SearchForm = func(string, string) string { panic("boom") } })
	token := b.token(t, b.user(t, "ada@shop.example", map[event.Environment]access.Role{sampleEnvironment: access.Viewer}))
	r := b.send(t, "POST", base+"/sessions/search", token, `{"environment":"production","field":"city","values":["Berlin"]}`)
	if got, _ := code(t, r); r.StatusCode != http.StatusInternalServerError || got != "internal" {
		t.Errorf("%d %s", r.StatusCode, got)
	}
	if log := b.log.String(); !strings.Contains(log, "boom") || strings.Contains(log, "Berlin") {
		t.Errorf("log %s", log)
	}
}

func TestMissingDependencies(t *testing.T) {
	whole := build(t, Config{}, nil).hub.deps
	for _, name := range []string{"Warehouse", "Users", "Logins", "Audit", "Environments", "Health", "Elements", "SearchForm",
		"NotFound", "Now", "Logger"} {
		deps := whole
		reflect.ValueOf(&deps).Elem().FieldByName(name).SetZero()
		if _, err := New(Config{}, deps); err == nil || !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
