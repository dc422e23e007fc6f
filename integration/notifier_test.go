package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// alerts are deliveries of the integration "told", one for each number.
func alerts(from, to int) []event.Delivery {
	var list []event.Delivery
	for n := from; n < to; n++ {
		a := integration.SampleAlert()
		a.Because = fmt.Sprint("Cause ", n)
		body, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		d := message(n)
		d.Action, d.Body = "told", body
		list = append(list, d)
	}
	return list
}

// told is a set with one integration, which may call this machine.
func told(t *testing.T, c integration.IntegrationConfig, now func() time.Time) *integration.Notifiers {
	t.Helper()
	c.Name = "told"
	c.AllowPrivate = []string{"127.0.0.0/8", "::1"}
	config := integration.IntegrationsConfig{c}
	if err := config.Validate().Err(); err != nil {
		t.Fatal(err)
	}
	n := integration.NewNotifiers(integration.NotifierDeps{Now: now, Host: "gate-1"})
	if err := n.Configure(config); err != nil {
		t.Fatal(err)
	}
	return n
}

// run sends an outbox's messages through notifiers until the test ends.
func run(t *testing.T, outbox integration.Outbox, n *integration.Notifiers, now func() time.Time) *integration.Webhooks {
	t.Helper()
	w, err := integration.New(quick(), outbox, func(action string) (integration.Target, bool) {
		one, ok := n.Named(action)
		return integration.Target{Notifier: one}, ok
	}, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	start(t, w)
	return w
}

func TestEachKindOfHTTPIsToldOnce(t *testing.T) {
	for kind, c := range kinds() {
		if c.URL == "" && c.Kind != integration.PagerDuty || c.Kind == integration.Jira {
			continue
		}
		r := receive(t, always(202))
		c.URL = r.URL + "/very-secret"
		n := told(t, c, time.Now)
		outbox := newOutbox(alerts(0, 30)...)
		run(t, outbox, n, time.Now)
		eventually(t, kind+": all are told", func() bool { return n.Status()[0].Counts.Told == 30 })
		seen := map[string]bool{}
		for i, body := range r.bodies {
			if !json.Valid([]byte(body)) || r.got[i].Method != http.MethodPost || r.got[i].URL.Path != "/very-secret" {
				t.Errorf("%s: %s %s %s", kind, r.got[i].Method, r.got[i].URL, body)
			}
			for _, d := range alerts(0, 30) {
				if strings.Contains(body+r.got[i].Header.Get("Webhook-Id"), string(d.ID)) {
					seen[string(d.ID)] = true
				}
			}
		}
		if r.count() != 30 || len(seen) != 30 {
			t.Errorf("%s: %d messages with %d ids", kind, r.count(), len(seen))
		}
		s := n.Status()[0]
		text, err := json.Marshal(s)
		if err != nil || strings.Contains(string(text), "very-secret") || s.Counts.Sent != 30 || s.Waiting != 0 || s.LastSent.IsZero() {
			t.Errorf("%s: status %s, %v", kind, text, err)
		}
	}
}

func TestSignedAndAuthorised(t *testing.T) {
	r := receive(t, always(200))
	n := told(t, integration.IntegrationConfig{Kind: integration.OCSF, URL: r.URL, Secret: secret, Token: "a-token",
		Headers: map[string]string{"X-Key": "k"}}, time.Now)
	run(t, newOutbox(alerts(0, 1)...), n, time.Now)
	eventually(t, "told", func() bool { return r.count() == 1 })
	head := r.got[0].Header
	seconds, err := time.ParseDuration(head.Get("Webhook-Timestamp") + "s")
	if err != nil {
		t.Fatal(err)
	}
	want, err := integration.Sign(secret, alerts(0, 1)[0].ID, time.Unix(0, 0).Add(seconds), []byte(r.bodies[0]))
	if err != nil || head.Get("Webhook-Signature") != want || head.Get("Authorization") != "Bearer a-token" || head.Get("X-Key") != "k" {
		t.Errorf("headers %v, %v", head, err)
	}
}

func TestFailuresOfNotifiers(t *testing.T) {
	for _, test := range []struct {
		status int
		tries  bool
	}{{200, false}, {400, false}, {410, false}, {422, false}, {401, true}, {403, true}, {404, true}, {429, true}, {500, true}, {302, true}} {
		followed := receive(t, always(200))
		r := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n > 1 {
				return
			}
			w.Header().Set("Location", followed.URL)
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, "secret of the receiver")
		})
		n := told(t, integration.IntegrationConfig{Kind: integration.Slack, URL: r.URL + "/very-secret"}, time.Now)
		outbox := newOutbox(alerts(0, 1)...)
		run(t, outbox, n, time.Now)
		id := alerts(0, 1)[0].ID
		eventually(t, "ended", func() bool { return outbox.end(id) != "" })
		want := 1
		if test.tries {
			want = 2
		}
		s := n.Status()[0]
		dead := test.status >= 400 && !test.tries
		if r.count() != want || followed.count() != 0 || (s.Counts.Dead == 1) != dead || dead == (outbox.end(id) == "delivered") ||
			strings.Contains(s.LastError+outbox.end(id), "secret") || s.Waiting != 0 {
			t.Errorf("status %d: %d requests, %d followed, %+v, end %q", test.status, r.count(), followed.count(), s, outbox.end(id))
		}
	}
}

func TestNotifiersCallNoPrivateAddress(t *testing.T) {
	r := receive(t, always(200))
	port := r.URL[strings.LastIndex(r.URL, ":")+1:]
	for name, c := range map[string]integration.IntegrationConfig{
		"http":   {Kind: integration.Webhook, URL: r.URL},
		"smtp":   {Kind: integration.Email, SMTP: "localhost:" + port, From: "a@x.example", To: []string{"b@x.example"}},
		"tcp":    {Kind: integration.Syslog, Address: "tcp://127.0.0.1:" + port},
		"udp":    {Kind: integration.Syslog, Address: "udp://127.0.0.1:" + port},
		"jira":   {Kind: integration.Jira, URL: strings.Replace(r.URL, "http:", "https:", 1), User: "u", Token: "t", Project: "SEC"},
		"mapped": {Kind: integration.Webhook, URL: strings.Replace(r.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)},
	} {
		c.Name = "told"
		n := integration.NewNotifiers(integration.NotifierDeps{Now: time.Now})
		if err := n.Configure(integration.IntegrationsConfig{c}); err != nil {
			t.Fatal(err)
		}
		run(t, newOutbox(alerts(0, 1)...), n, time.Now)
		eventually(t, name+" is refused", func() bool { return strings.Contains(n.Status()[0].LastError, "is private") })
		if r.count() != 0 {
			t.Errorf("%s: a private address was called", name)
		}
	}
}

// jiraServer is Jira Cloud as far as it is used. crash makes it answer the next issue with a broken connection.
type jiraServer struct {
	mu     sync.Mutex
	issues []string
	crash  bool
}

func (j *jiraServer) answer(t *testing.T, body string, w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	user, token, ok := r.BasicAuth()
	if !ok || user != "bot" || token != "t" {
		t.Errorf("user %q", user)
	}
	switch r.URL.Path {
	case "/rest/api/3/search/jql":
		var query struct{ JQL string }
		if err := json.Unmarshal([]byte(body), &query); err != nil || !strings.HasPrefix(query.JQL, `project = "SEC" AND labels = "wayguard-`) {
			t.Errorf("query %s", body)
		}
		found := []string{}
		for _, issue := range j.issues {
			label := strings.Split(query.JQL, `"`)[3]
			if strings.Contains(issue, `"`+label+`"`) {
				found = append(found, `{"id": "1"}`)
			}
		}
		_, _ = io.WriteString(w, `{"isLast": true, "issues": [`+strings.Join(found, ",")+`]}`)
	case "/rest/api/3/issue":
		j.issues = append(j.issues, body)
		if j.crash {
			j.crash = false
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id": "1", "key": "SEC-1"}`)
	default:
		t.Errorf("path %s", r.URL.Path)
	}
}

func TestJiraIssueIsMadeOnceThoughTheAnswerIsLost(t *testing.T) {
	server := &jiraServer{crash: true}
	var r *receiver
	r = receive(t, func(n int, w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		body := r.bodies[n-1]
		r.mu.Unlock()
		server.answer(t, body, w, request)
	})
	n := told(t, integration.IntegrationConfig{Kind: integration.Jira, URL: r.URL + "/", User: "bot", Token: "t", Project: "SEC", Concurrency: 1}, time.Now)
	run(t, newOutbox(alerts(0, 5)...), n, time.Now)
	eventually(t, "all are told", func() bool { return n.Status()[0].Counts.Told == 5 })
	if len(server.issues) != 5 || n.Status()[0].Counts.Failed != 1 {
		t.Errorf("%d issues, %+v", len(server.issues), n.Status()[0])
	}
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	c.at = c.at.Add(d)
	c.mu.Unlock()
}

// postponing is an outbox that can put messages back.
type postponing struct{ *memoryOutbox }

func (o postponing) Postpone(_ context.Context, id event.ID, due time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d, ok := o.pending[id]; ok {
		d.Due = due
		o.pending[id] = d
	}
	return nil
}

func TestAboveTheLimitOneMessageStandsForMany(t *testing.T) {
	for name, wrap := range map[string]func(*memoryOutbox) integration.Outbox{
		"postponed": func(o *memoryOutbox) integration.Outbox { return postponing{o} },
		"left":      func(o *memoryOutbox) integration.Outbox { return o },
	} {
		r := receive(t, always(200))
		c := &clock{at: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
		n := told(t, integration.IntegrationConfig{Kind: integration.Slack, URL: r.URL, PerMinute: 3}, c.now)
		memory := newOutbox(alerts(0, 50)...)
		w := run(t, wrap(memory), n, c.now)
		s := func() integration.Status { return n.Status()[0] }
		eventually(t, name+": three messages are sent", func() bool { return s().Counts.Sent == 3 })
		for range 20 {
			w.Wake() // only makes the test stricter
			time.Sleep(time.Millisecond)
		}
		before := s().Counts.Told
		if r.count() != 3 {
			t.Errorf("%s: %d messages in the first minute", name, r.count())
		}
		for minutes := 0; s().Counts.Told < 50 && minutes < 50; minutes++ {
			sent := s().Counts.Sent
			c.pass(time.Minute)
			eventually(t, name+": another is sent", func() bool { return s().Counts.Sent > sent })
		}
		if s().Counts.Told != 50 || s().Waiting != 0 || s().Counts.Dead != 0 {
			t.Errorf("%s: %+v, %d told in the first minute", name, s(), before)
		}
		all := strings.Join(r.bodies, "\n")
		if !strings.Contains(all, " more: Cause ") || int64(r.count()) != s().Counts.Sent || r.count() > 20 {
			t.Errorf("%s: %d messages: %s", name, r.count(), all)
		}
		for _, d := range alerts(0, 50) {
			if memory.end(d.ID) != "delivered" {
				t.Errorf("%s: %s ended %q", name, d.ID, memory.end(d.ID))
			}
		}
	}
}

func TestMachinesAreToldOfEach(t *testing.T) {
	r := receive(t, always(200))
	c := &clock{at: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	n := told(t, integration.IntegrationConfig{Kind: integration.Webhook, URL: r.URL, PerMinute: 10}, c.now)
	outbox := postponing{newOutbox(alerts(0, 25)...)}
	run(t, outbox, n, c.now)
	for _, want := range []int64{10, 20, 25} {
		eventually(t, "ten a minute", func() bool { return n.Status()[0].Counts.Sent == want })
		c.pass(time.Minute)
	}
	if s := n.Status()[0]; r.count() != 25 || s.Counts.Told != 25 || s.Counts.Held != 15 || s.Counts.Failed != 0 {
		t.Errorf("%d messages, %+v", r.count(), s)
	}
}

func TestOneThatHangsHoldsUpNobodyElse(t *testing.T) {
	release := make(chan struct{})
	hanging := receive(t, func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	good := receive(t, always(200))
	private := []string{"127.0.0.0/8"}
	n := integration.NewNotifiers(integration.NotifierDeps{Now: time.Now, AllowPrivate: private})
	if err := n.Configure(integration.IntegrationsConfig{
		{Name: "hangs", Kind: integration.Slack, URL: hanging.URL, AllowPrivate: private},
		{Name: "told", Kind: integration.Slack, URL: good.URL, AllowPrivate: private},
	}); err != nil {
		t.Fatal(err)
	}
	list := alerts(0, 400)
	for i := range list {
		list[i].Action = "hangs"
	}
	outbox := postponing{newOutbox(append(list, alerts(400, 410)...)...)}
	run(t, outbox, n, time.Now)
	eventually(t, "the others are told", func() bool { return n.Status()[1].Counts.Told == 10 })
	if hanging.count() > 2 {
		t.Errorf("%d messages are on their way to one that hangs", hanging.count())
	}
}

func TestCountsOutliveAReload(t *testing.T) {
	r := receive(t, always(200))
	c := integration.IntegrationConfig{Name: "told", Kind: integration.Teams, URL: r.URL, AllowPrivate: []string{"127.0.0.0/8"}}
	n := told(t, c, time.Now)
	run(t, newOutbox(alerts(0, 3)...), n, time.Now)
	eventually(t, "told", func() bool { return n.Status()[0].Counts.Told == 3 })
	c.Template.Title = "{action}"
	if err := n.Configure(integration.IntegrationsConfig{c}); err != nil {
		t.Fatal(err)
	}
	if s := n.Status(); len(s) != 1 || s[0].Counts.Told != 3 {
		t.Errorf("after a reload %+v", s)
	}
	if err := n.Configure(nil); err != nil || len(n.Status()) != 0 {
		t.Errorf("none is left: %v, %+v", err, n.Status())
	}
}

func TestWhatIsNoAlertIsGivenUp(t *testing.T) {
	r := receive(t, always(200))
	n := told(t, integration.IntegrationConfig{Kind: integration.Slack, URL: r.URL}, time.Now)
	d := alerts(0, 1)[0]
	d.Body = []byte(`{"very": "secret"}`)
	outbox := newOutbox(d)
	run(t, outbox, n, time.Now)
	eventually(t, "given up", func() bool { return outbox.end(d.ID) != "" })
	if end := outbox.end(d.ID); !strings.Contains(end, "no alert") || strings.Contains(end, "secret") || r.count() != 0 {
		t.Errorf("end %q", end)
	}
}
