package decision

import (
	"testing"

	"wayguard/ruleset"
)

func TestEnforces(t *testing.T) {
	for rules, want := range map[string]bool{
		`[]`: false,
		`[{"id":"r","type":"condition","action":"ALLOW","condition":"gte($.transaction.amount, 1)"}]`:                                                            false,
		`[{"id":"r","type":"condition","action":"REVIEW","condition":"gte($.transaction.amount, 1)"}]`:                                                           true,
		`[{"id":"r","type":"condition","action":"BLOCK","live":false,"condition":"gte($.transaction.amount, 1)"}]`:                                               false,
		`[{"id":"r","type":"condition","action":"BLOCK","enabled":false,"condition":"gte($.transaction.amount, 1)"}]`:                                            false,
		`[{"id":"r","type":"blacklist","fields":["$.device.ip"]}]`:                                                                                               true,
		`[{"id":"r","type":"backend","backend":"a/b"}]`:                                                                                                          true,
		`[{"id":"r","type":"backend_group","strategy":"parallel","merge":"strictest","members":[{"backend":"a/b","live":false},{"backend":"a/c","live":true}]}]`: true,
		`[{"id":"r","type":"condition","score":10,"condition":"gte($.transaction.amount, 1)"}]`:                                                                  false,
	} {
		b := prepared(t, newMemory(), nil)
		if b.Enforces("shop") {
			t.Fatal("nothing is in force")
		}
		b.activate("default", rules)
		if b.Enforces("default") != want || b.Enforces("shop") != want {
			t.Errorf("%s enforces: %v", rules, !want)
		}
		b.activate("shop", `[]`)
		if b.Enforces("shop") {
			t.Error("a context with rules of its own goes by the default's")
		}
	}
	b := prepared(t, newMemory(), nil)
	r := b.activate("default", `[{"id":"r","type":"condition","score":10,"condition":"gte($.transaction.amount, 1)"}]`).Rules
	if !enforces(rulesWithPoints(r)) {
		t.Error("points that lead to REVIEW enforce nothing")
	}
}

func rulesWithPoints(rules []ruleset.Rule) ruleset.Ruleset {
	return ruleset.Ruleset{Rules: rules, Score: &ruleset.Thresholds{ReviewAt: 10}}
}
