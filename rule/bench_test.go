package rule

import (
	"fmt"
	"testing"
	"time"

	"wayguard/event"
)

// fifty rules like those of the packs, none of which fires on the sample.
func fifty() Config { return many(50) }

// many rules like those of the packs, none of which fires on the sample.
func many(rules int) Config {
	conditions := []string{
		`count("ip_address", "logins", "1m") > 100 || session.count("logins") > 100`,
		`event.result == "success" && age_days("username") >= 7 && !seen_before("username", "device_fingerprint")`,
		`el.transaction_amount <= 500 && session.count("payments") >= 3`,
		`distinct("device_fingerprint", "username", "24h") >= 50 && count("device_fingerprint", "login_failures", "24h") * 2 >= 100`,
		`event.method in ["PUT", "DELETE"] && el.email.endsWith(".example") && event.status >= 500`,
	}
	config := Config{}
	for n := range rules {
		config.Rules = append(config.Rules, RuleConfig{ID: fmt.Sprintf("rule-%d", n), Label: fmt.Sprintf("Label %d", n),
			Severity: event.SuspiciousLabel, Family: "velocity", Points: 5, When: conditions[n%len(conditions)]})
	}
	return config
}

func BenchmarkJudgeFiftyRules(b *testing.B) {
	set, problems := Compile(fifty(), vocabulary())
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	facts := sampleFacts()
	facts.Memory = nil // the Memory's own cost is its owner's
	var sheet Sheet
	b.ReportAllocs()
	for b.Loop() {
		if verdict := set.JudgeOn(&sheet, &facts); len(verdict.Labels) > 0 {
			b.Fatal("a rule fired")
		}
	}
}

// hundredFifty rules, as the packs have them: two thirds of them are about one type of event, twenty are sequences, and the
// session carries ten labels.
func hundredFifty() Config {
	config := many(150)
	types := event.Types()
	for n := range config.Rules {
		if r := &config.Rules[n]; n%3 > 0 {
			r.On = []string{string(types[n%len(types)].Type)}
		}
	}
	for n := range 20 {
		config.Rules = append(config.Rules, RuleConfig{ID: fmt.Sprintf("sequence-%d", n), Label: fmt.Sprintf("Sequence %d", n),
			Severity: event.SuspiciousLabel, Family: "sequence", Points: 5, Sequence: []StageConfig{
				{On: []string{"authentication_attempt", string(types[n].Type)}, When: `event.status == 401`, Times: 1 + n%3},
				{On: []string{string(types[n].Type)}, Within: time.Minute},
				{On: []string{"logout"}, Within: time.Minute, Absent: &AbsentConfig{On: []string{"session_update"}}},
			}})
	}
	return config
}

func BenchmarkJudgeHundredFiftyRules(b *testing.B) {
	set, problems := Compile(hundredFifty(), vocabulary())
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	facts := sampleFacts()
	facts.Memory = nil
	for n := range 10 {
		facts.Session.Labels = append(facts.Session.Labels, event.Label{Name: fmt.Sprint("Carried ", n), Points: 20, Family: "network"})
	}
	var sheet Sheet
	progress := make([]byte, 0, MaxProgress)
	b.ReportAllocs()
	for b.Loop() {
		facts.Session.Progress = progress
		if verdict := set.JudgeOn(&sheet, &facts); len(verdict.Labels) > 0 {
			b.Fatal("a rule fired")
		}
		progress = append(progress[:0], sheet.Progress()...)
	}
	b.ReportMetric(float64(len(progress)), "progress-bytes")
}

func BenchmarkCompileFiftyRules(b *testing.B) {
	config := fifty()
	for b.Loop() {
		if _, problems := Compile(config, vocabulary()); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

// An event on which nothing fires costs a fixed few allocations, however many rules there are.
func TestJudgeAllocations(t *testing.T) {
	set, problems := Compile(fifty(), vocabulary())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	facts := sampleFacts()
	facts.Memory = nil
	if allocations := testing.AllocsPerRun(100, func() { set.Judge(facts) }); allocations > 5 {
		t.Errorf("%.0f allocations an event, want 5 at most", allocations)
	}
	if set, problems = Compile(hundredFifty(), vocabulary()); len(problems) > 0 {
		t.Fatal(problems)
	}
	var sheet Sheet
	progress := make([]byte, 0, MaxProgress)
	if allocations := testing.AllocsPerRun(100, func() {
		facts.Session.Progress = progress
		set.JudgeOn(&sheet, &facts)
		progress = append(progress[:0], sheet.Progress()...)
	}); allocations > 0 || len(progress) == 0 {
		t.Errorf("%.0f allocations an event on a sheet", allocations)
	}
}
