package origin

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wayguard/document"
)

func TestFind(t *testing.T) {
	s := still(t, Deps{}, config("", "http://10.0.0.1"), config("a", "http://10.0.0.2"))
	if s.Find("") == nil || s.Find("") != s.Find("default") || s.Find("a").Name() != "a" || s.Find("b") != nil {
		t.Error("a group is not found")
	}
}

func TestNewRefuses(t *testing.T) {
	circle := config("", "http://10.0.0.1")
	circle.Fallback = "a"
	back := config("a", "http://10.0.0.2")
	back.Fallback = "default"
	for name, configs := range map[string][]Config{
		"two defaults": {config("", "http://10.0.0.1"), config("", "http://10.0.0.1")},
		"circle":       {circle, back},
		"no default":   {back},
		"no endpoint":  {config("")},
	} {
		s, err := New(configs, Deps{})
		var problems document.Problems
		if !errors.As(err, &problems) {
			s.Close()
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A new configuration keeps what has not changed.
func TestInherit(t *testing.T) {
	noLeak(t)
	time0 := &clock{}
	stays, changes := serve(t, nil, good), serve(t, nil, good)
	dns := &names{}
	dns.say("app.example", nil, "127.0.0.1")
	main := config("main", stays.url(), "http://10.0.0.1", "http://app.example:"+stays.port())
	main.Outlier.MaxPercent = 100
	other := config("other", changes.url())
	old := still(t, Deps{Now: time0.now, Resolver: dns}, main, other)
	g, h := old.Find("main"), old.Find("other")
	kept, used := connect(t, g.endpoints[0]), connect(t, g.endpoints[0])
	ask(t, kept)
	kept.Release(true)
	connect(t, h.endpoints[0]).Release(true)
	fail(g.endpoints[1], 5)
	ejected := g.endpoints[1].address
	g.RetryAllowed("GET", false, 1)

	dns.say("app.example", errors.New("the name server is away"))
	main.Balance, main.Endpoints[0].Weight = BalanceEven, 7 // neither concerns connections
	other.IdleTimeout = 9 * time.Second                     // this does
	next := still(t, Deps{Now: time0.now, Resolver: dns}, main, other, config("fresh", "http://10.0.0.7"))
	next.Inherit(old)
	old.Close()

	g = next.Find("main")
	if len(g.endpoints) != 3 || g.endpoints[0].weight != 7 || g.count().retries.Load() != 1 {
		t.Fatalf("endpoints %v", g.endpoints)
	}
	if strings.Contains(addresses(g), ejected) {
		t.Error("an ejected endpoint is a candidate again")
	}
	again := connect(t, g.endpoints[0])
	if again != kept || again.Endpoint() != g.endpoints[0] {
		t.Error("the connection was not kept")
	}
	ask(t, again)
	again.Release(true)
	used.Release(true) // of a request that began before
	if got := g.endpoints[0].pool.state(); got.idle != 2 || got.open != 2 {
		t.Errorf("state %+v", got)
	}
	if got := next.Find("other").endpoints[0].pool.state(); got.open != 0 {
		t.Errorf("a connection of other rules was kept: %+v", got)
	}
	if made := next.Find("other").count().made.Load(); made != 1 {
		t.Errorf("%d connections are counted", made)
	}
	next.Close()
	if got := g.endpoints[0].pool.state(); got.open != 0 {
		t.Errorf("after the end %+v", got)
	}
}

func TestInheritForgetsWhatIsNoLongerAsked(t *testing.T) {
	c := many("a", 2)
	c.Health.Path, c.Outlier.MaxPercent = "/", 100
	old := still(t, Deps{}, c)
	g := old.Find("a")
	g.checked(g.endpoints[0], false)
	fail(g.endpoints[1], 5)
	if !g.view.Load().panicking {
		t.Fatal("both should be out")
	}
	c.Health.Path, c.Outlier.Failures = "", 0
	next := still(t, Deps{}, c)
	next.Inherit(old)
	if v := next.Find("a").view.Load(); v.panicking || len(v.fit) != 2 {
		t.Errorf("candidates %d, panicking %v", len(v.fit), v.panicking)
	}
}

func TestMetricsAndStatus(t *testing.T) {
	a := serve(t, nil, good)
	main := config("", a.url(), "http://10.0.0.1", "http://10.0.0.2")
	main.Health.Path = "/"
	s := still(t, Deps{}, main)
	g := s.Find("")
	for range 3 {
		c := connect(t, g.endpoints[0])
		ask(t, c)
		c.Release(true)
	}
	fail(g.endpoints[1], 5)
	g.checked(g.endpoints[2], false)
	used := connect(t, g.endpoints[0])
	defer used.Release(false)

	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(func() *Set { return s }))
	families, err := registry.Gather()
	if err != nil || len(families) != len(metrics()) {
		t.Fatalf("%d families, %v", len(families), err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			key := family.GetName()
			for _, label := range m.GetLabel() {
				key += " " + label.GetName() + "=" + label.GetValue()
			}
			got[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for key, want := range map[string]float64{
		"wayguard_origin_connections_total kind=new origin=default":      1,
		"wayguard_origin_connections_total kind=reused origin=default":   3,
		"wayguard_origin_connections_total kind=stale origin=default":    0,
		"wayguard_origin_connections origin=default state=used":          1,
		"wayguard_origin_connections origin=default state=idle":          0,
		"wayguard_origin_connections origin=default state=waiting":       0,
		"wayguard_origin_endpoints origin=default state=ejected":         1,
		"wayguard_origin_endpoints origin=default state=good":            1,
		"wayguard_origin_endpoints origin=default state=unhealthy":       1,
		"wayguard_origin_requests origin=default":                        1,
		"wayguard_origin_health_checks_total origin=default result=bad":  1,
		"wayguard_origin_health_checks_total origin=default result=good": 0,
		"wayguard_origin_errors_total origin=default reason=reset":       5,
		"wayguard_origin_errors_total origin=default reason=timeout":     0,
		"wayguard_origin_events_total event=ejection origin=default":     1,
		"wayguard_origin_events_total event=panic origin=default":        0,
		"wayguard_origin_lookups_total origin=default result=bad":        0,
	} {
		if value, told := got[key]; !told || value != want {
			t.Errorf("%s is %v (told: %v), want %v", key, value, told, want)
		}
	}
	empty := prometheus.NewPedanticRegistry()
	empty.MustRegister(NewCollector(func() *Set { return nil }))
	if families, err := empty.Gather(); len(families) != 0 || err != nil {
		t.Errorf("%d families before there is anything, %v", len(families), err)
	}
	status := s.Status()
	if len(status) != 1 || status[0].Name != "default" || status[0].Panic || len(status[0].Endpoints) != 3 {
		t.Fatalf("status %+v", status)
	}
	first, second, third := status[0].Endpoints[0], status[0].Endpoints[1], status[0].Endpoints[2]
	if !first.Healthy || first.Requests != 1 || first.Open != 1 || second.EjectedUntil.IsZero() || third.Healthy {
		t.Errorf("status %+v", status)
	}
}
