package proxy

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"wayguard/event"
)

func TestCollectors(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", passThrough(100), newObserver())
	fetch(t, s.url)
	s.observer.next(t)
	s.counts.act(event.Feign, event.Done)
	s.counts.skip(skipCoding)
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.Collectors()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range metric.GetLabel() {
				name += "/" + label.GetValue()
			}
			got[name] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	want := map[string]float64{
		"wayguard_proxy_requests_total": 1, "wayguard_proxy_matched_total": 1, "wayguard_proxy_blocked_total": 0,
		"wayguard_proxy_upstream_errors_total/connect": 1, "wayguard_proxy_queue_depth": 0,
		"wayguard_proxy_acted_total/feign/done": 1, "wayguard_proxy_unchanged_total/coding": 1, "wayguard_proxy_unwaited_total": 0,
	}
	for name, value := range want {
		if have, told := got[name]; !told || have != value {
			t.Errorf("%s = %v (told %v), want %v", name, have, told, value)
		}
	}
}

func TestComplaintsAreFew(t *testing.T) {
	var log bytes.Buffer
	c := newComplaints(slog.New(slog.NewTextHandler(&log, nil)))
	for i := range 1000 {
		c.say("broken", "number", i)
	}
	c.say("other")
	if lines := strings.Count(log.String(), "\n"); lines < 2 || lines > 10 {
		t.Errorf("%d lines", lines)
	}
}

func TestPanicTextTellsNoValue(t *testing.T) {
	for _, value := range []any{"hunter2", fmt.Errorf("read %q", "hunter2"), struct{ Password string }{"hunter2"}} {
		if text := panicText(value); strings.Contains(text, "hunter2") {
			t.Errorf("told %q", text)
		}
	}
	defer func() {
		if text := panicText(recover()); !strings.Contains(text, "out of range") {
			t.Errorf("told %q", text)
		}
	}()
	var none []int
	_ = none[len(none)]
}
