package rule

import (
	"fmt"
	"testing"

	"wayguard/event"
)

// fifty rules like those of the packs, none of which fires on the sample.
func fifty() Config {
	conditions := []string{
		`count("ip_address", "logins", "1m") > 100 || session.count("logins") > 100`,
		`event.result == "success" && age_days("username") >= 7 && !seen_before("username", "device_fingerprint")`,
		`el.transaction_amount <= 500 && session.count("payments") >= 3`,
		`distinct("device_fingerprint", "username", "24h") >= 50 && count("device_fingerprint", "login_failures", "24h") * 2 >= 100`,
		`event.method in ["PUT", "DELETE"] && el.email.endsWith(".example") && event.status >= 500`,
	}
	config := Config{}
	for n := range 50 {
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
	var sheet Sheet
	if allocations := testing.AllocsPerRun(100, func() { set.JudgeOn(&sheet, &facts) }); allocations > 0 {
		t.Errorf("%.0f allocations an event on a sheet", allocations)
	}
}
