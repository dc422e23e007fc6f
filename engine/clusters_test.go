package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wayguard/event"
)

const alarmRules = `
rules:
  - id: alarm
    label: Alarm
    severity: informational
    family: outcome
    repeat: true
    when: alarmed("address") || alarmed("tool_network") || alarmed("tool") || alarmed("network") || alarmed("email_domain") || alarmed("route") || alarmed("everything")
  - id: address
    label: Address Alarm
    severity: informational
    family: outcome
    repeat: true
    when: alarmed("address")
  - id: broad
    label: Broad Alarm
    severity: informational
    family: outcome
    repeat: true
    when: alarmed("route") || alarmed("everything")
`

// tryLogin is a login from an address with a tool.
func tryLogin(n int, at time.Time, user, address, tool string, result event.Result) event.Event {
	e := visit(n, at, event.AuthenticationAttempt, result, address, nil, entityOf("username", user))
	e.Evidence.HeaderShape, e.Evidence.UserAgent = tool, tool
	e.HTTP.Route = "/login"
	for i := range e.Elements {
		if e.Elements[i].Name == "ip_address" {
			e.Elements[i].Parts = event.PartsOf(map[string]string{"prefix": address + "/24"})
		}
	}
	return e
}

// honest are the logins of so many days: people at home with eight browsers, one in twelve of whose logins fails.
func honest(seed uint64, from time.Time, days int) []event.Event {
	r := rand.New(rand.NewPCG(seed, 31))
	var events []event.Event
	for at, end := from, from.Add(time.Duration(days)*24*time.Hour); at.Before(end); {
		at = at.Add(time.Duration(60+r.IntN(240)) * time.Second)
		who := r.IntN(150)
		result := event.Success
		if r.IntN(12) == 0 {
			result = event.Failure
		}
		events = append(events, tryLogin(len(events), at, fmt.Sprint("person", who), fmt.Sprintf("10.%d.7.9", who), fmt.Sprint("browser", who%8), result))
	}
	return events
}

// alarms are the numbers of the events that carry a label anew.
func alarms(records []event.Record, label string) (list []int) {
	for i := range records {
		if slices.ContainsFunc(records[i].Verdict.Labels, func(l event.Label) bool { return l.Name == label }) {
			list = append(list, i)
		}
	}
	return list
}

// Whether an attack comes from one address or from one each, by a tool of its own or by the commonest browsers, fast or slow,
// its groups are in alarm soon, and before that no honest one is.
func TestClustersFindAttacks(t *testing.T) {
	quiet := honest(1, start(), 4)
	begin := quiet[len(quiet)-1].Time
	for name, c := range map[string]struct {
		attempts int
		every    time.Duration
		address  func(i int) string
		tool     func(i int) string
		within   int
	}{
		"one address":              {60, time.Second, func(int) string { return "192.0.2.1" }, func(int) string { return "tool" }, 14},
		"an address each":          {60, time.Second, func(i int) string { return fmt.Sprintf("192.%d.2.1", i) }, func(int) string { return "tool" }, 14},
		"the commonest browsers":   {200, time.Second, func(i int) string { return fmt.Sprintf("192.%d.2.1", i) }, func(i int) string { return fmt.Sprint("browser", i%8) }, 60},
		"the same, in half a day":  {200, 3 * time.Minute, func(i int) string { return fmt.Sprintf("192.%d.2.1", i) }, func(i int) string { return fmt.Sprint("browser", i%8) }, 60},
		"one tool, one every 10 m": {60, 10 * time.Minute, func(i int) string { return fmt.Sprintf("192.%d.2.1", i) }, func(int) string { return "tool" }, 14},
	} {
		events := slices.Clone(quiet)
		for i := range c.attempts {
			events = append(events, tryLogin(i, begin.Add(time.Duration(i+1)*c.every), fmt.Sprint("guess", i), c.address(i), c.tool(i), event.Failure))
		}
		found := alarms(play(t, newEngine(t, alarmRules), events...), "Alarm")
		if len(found) == 0 || found[0] < len(quiet) || found[0] > len(quiet)+c.within {
			t.Errorf("%s: alarms at %v of %d quiet events", name, found[:min(5, len(found))], len(quiet))
		}
	}
}

// What one address does puts nobody else under suspicion.
func TestNarrowestClusterExplains(t *testing.T) {
	events := honest(2, start(), 2)
	at := events[len(events)-1].Time
	for i := range 300 {
		events = append(events, tryLogin(i, at.Add(time.Duration(i)*time.Second), fmt.Sprint("guess", i), "192.0.2.1", "browser1", event.Failure))
	}
	records := play(t, newEngine(t, alarmRules), events...)
	if len(alarms(records, "Address Alarm")) < 280 || len(alarms(records, "Broad Alarm")) > 0 {
		t.Errorf("%d alarms of the address, %d of everything", len(alarms(records, "Address Alarm")), len(alarms(records, "Broad Alarm")))
	}
}

// A rush of honest people is no attack, nor is a day on which some more mistype.
func TestRushIsNoAlarm(t *testing.T) {
	events := honest(3, start(), 3)
	at := events[len(events)-1].Time
	r := rand.New(rand.NewPCG(3, 3))
	for i := range 600 {
		result := event.Success
		if r.IntN(10) == 0 {
			result = event.Failure
		}
		events = append(events, tryLogin(i, at.Add(time.Duration(i)*300*time.Millisecond), fmt.Sprint("person", i%150), fmt.Sprintf("10.%d.7.9", i%150), fmt.Sprint("browser", i%8), result))
	}
	if found := alarms(play(t, newEngine(t, alarmRules), events...), "Alarm"); len(found) > 0 {
		t.Errorf("alarms at %v", found[:min(5, len(found))])
	}
}
