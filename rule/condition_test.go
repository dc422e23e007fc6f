package rule

import (
	"strings"
	"testing"
)

func TestConditions(t *testing.T) {
	for condition, want := range map[string]bool{
		// Fields of the event, its elements and the session.
		`event.type == "authentication_attempt" && event.result == "failure"`:       true,
		`event.status in [401, 403] && event.method == "POST" && event.inline`:      true,
		`event.hour == 10 && event.host.endsWith("example") && event.route != "/x"`: true,
		`event.spec in ["login"] && event.name.contains("Form")`:                    true,
		`el.transaction_amount > 1000 && el.transaction_amount % 2 == 0`:            true,
		`el.email.startsWith("bob@") && el.email.matches("^[a-z]+@")`:               true,
		`size(el.username) == 3 && el.username + "x" == "bobx"`:                     true,
		`session.events == 4 && session.seconds == 90 && session.score == 375`:      true,
		`session.rating == "normal" && !session.new`:                                true,
		// What is missing neither fires nor fails, and CEL's logic reaches past it.
		`el.phone == "1"`:                                      false,
		`el.phone != "1"`:                                      false,
		`el.phone == "1" || el.username == "bob"`:              true,
		`el.username == "bob" || el.phone == "1"`:              true,
		`!(el.phone == "1" && el.username == "nobody")`:        true,
		`!has(el.phone) && has(el.email)`:                      true,
		`age_days("order_id") >= 0`:                            false,
		`has(el.phone) ? el.phone == "1" : el.username != ""`:  true,
		`int(el.username) == 1 || el.username == "bob"`:        true,
		`double(el.transaction_amount) / 100.0 == 12.5`:        true,
		`string(event.status) == "401" && int("12") == 12`:     true,
		`-event.status < 0 && (1 - 2) * 3 == -3 && 7 / 2 == 3`: true,
		// Functions.
		`count("ip_address", "logins", "1m") > settings.limit`:                                      true,
		`distinct("device_fingerprint", "username", "24h") == 3`:                                    true,
		`seen_before("username", "ip_address") && !seen_before("email", "ip_address")`:              true,
		`age_days("username") == 2`:                                                                 true,
		`entity_label("order_id", "final sale") && !entity_label("order_id", "other")`:              true,
		`persona_distance("order_id") == 2`:                                                         true,
		`part("email", "disposable") == "false" && part("email", "domain") == "example.com"`:        true,
		`part("email", "nonsense") == ""`:                                                           false,
		`has_value("final_sale", "true") && has_value("final_sale", "false") && !el.final_sale`:     true,
		`session.count("logins") > 10 && session.distinct("username") == 8 && session.label("Old")`: true,
		`count("ip_address", "payments", "1h") == 0 && session.count("payments") == 0`:              true,
		`count("tool", "logins", "1h") == 0`:                                                        true,
	} {
		set, problems := Compile(oneRule(condition), vocabulary())
		if len(problems) > 0 {
			t.Errorf("%s:\n%v", condition, problems)
			continue
		}
		verdict := set.Judge(sampleFacts())
		if got := carries(verdict.Labels, "R", false); got != want {
			t.Errorf("%s: fired %t, want %t (errors %v)", condition, got, want, verdict.Errors)
		}
		if len(verdict.Errors) > 0 {
			t.Errorf("%s: %v", condition, verdict.Errors)
		}
	}
}

func TestFaults(t *testing.T) {
	for condition, want := range map[string]string{
		`el.transaction_amount * 9223372036854775807 > 0`:   "integer overflow",
		`event.status + 9223372036854775807 > 0`:            "integer overflow",
		`1 / (event.status - 401) == 1`:                     "division by zero",
		`1 % (event.status - 401) == 1`:                     "division by zero",
		`int(el.email) == 1`:                                "a text cannot be read as a number",
		`double(el.email) == 1.0`:                           "a text cannot be read as a number",
		`double(event.status - 401) / 0.0 < 1.0`:            "a value that is not a number cannot be ordered",
		`int(1.0e300 * double(event.status)) == 1`:          "integer overflow",
		`el.phone == "1" && 1 / (event.status - 401) == 1`:  "division by zero",
		`1 / (event.status - 401) == 1 || el.phone == "1"`:  "division by zero",
		`event.status == 1 && 1 / (event.status - 401) > 0`: "",
	} {
		set, problems := Compile(oneRule(condition), vocabulary())
		if len(problems) > 0 {
			t.Errorf("%s:\n%v", condition, problems)
			continue
		}
		verdict, got := set.Judge(sampleFacts()), ""
		if len(verdict.Errors) > 0 {
			got = verdict.Errors[0].Error
		}
		if got != want || carries(verdict.Labels, "R", false) {
			t.Errorf("%s: error %q, want %q; labels %v", condition, got, want, verdict.Labels)
		}
	}
}

func TestRefusedConditions(t *testing.T) {
	for condition, want := range map[string]string{
		``:                                    "the expression is empty",
		`el.emial == "x"`:                     `no element "emial" (at 1:3 of the expression) (did you mean "email"?)`,
		`event.typ == "x"`:                    `event has no field "typ" (at 1:6 of the expression) (did you mean "type"?)`,
		`session.evens == 1`:                  `did you mean "events"?`,
		`settings.limits == 1`:                `the rule has no setting "limits"`,
		`event.status`:                        "a condition must be true or false, this is int",
		`event.status > "a"`:                  `">" cannot be applied to (int, string)`,
		`event.status > 1.5`:                  "write the number with a decimal point",
		`part("email", "disposable") && true`: "a text is neither true nor false",
		`cuont("ip_address", "logins", "1m") > 1`:                                `did you mean "count"?`,
		`count("ip_adress", "logins", "1m") > 1`:                                 `there is no entity "ip_adress" (at 1:7 of the expression) (did you mean "ip_address"?)`,
		`count("user_agent", "logins", "1m") > 1`:                                `there is no entity "user_agent"`,
		`count("ip_address", "login", "1m") > 1`:                                 `there is no counter "login"`,
		`count("ip_address", "logins", "2m") > 1`:                                `there is no window "2m"`,
		`distinct("ip_address", "usernames", "1h") > 1`:                          `did you mean "username"?`,
		`count("ip_address", "logins", event.name) > 1`:                          "count takes constants only",
		`session.count("login") > 1`:                                             `there is no counter "login"`,
		`session.label("Odl")`:                                                   `there is no label "Odl" (at 1:15 of the expression) (did you mean "Old"?)`,
		`event.type == "authentication_atempt"`:                                  `did you mean "authentication_attempt"?`,
		`event.result in ["success", "fail"]`:                                    `"fail" is never the value there`,
		`session.rating == "Malicious"`:                                          `did you mean "malicious"?`,
		`event.spec == "logn"`:                                                   `did you mean "login"?`,
		`[1, 2].exists(x, x == event.status)`:                                    "comprehensions such as exists() are not part of the rule language",
		`event.status in [event.hour]`:                                           "a list holds constants only",
		`[event.status] == [401]`:                                                `a list may only stand to the right of "in"`,
		`{"a": 1} == {"a": 1}`:                                                   "not in the rule language",
		`timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")`: "not in the rule language",
		`b"a" == b"b"`:                   "not in the rule language",
		`1u < 2u`:                        "not in the rule language",
		`has(event.name)`:                "has() asks for elements only",
		`el == el`:                       "stands alone",
		`type(event.status) == int`:      "is a function: give it something",
		`event.name.matches(event.host)`: "a pattern is a constant",
		`event.name.matches("(")`:        "missing closing )",
		`event.inline < true`:            `"<" cannot be applied to true and false (at 1:14 of the expression)`,
		`event.status == 1 &&`:           "Syntax error",
		`event.status == 1 ? 1 : "a"`:    "cannot be applied",
		`false`:                          "the condition can never hold",
		`event.inline && 1 > 2`:          "the condition can never hold",
		`!(event.inline || true)`:        "the condition can never hold",
		strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200): "recursion limit",
		`true` + strings.Repeat(` || event.inline`, 200):             "more than 250 parts",
		`"` + strings.Repeat("a", 5000) + `" == event.name`:          "longer than 4000 bytes",
	} {
		if got := problemsOf(condition); !strings.Contains(got, want) {
			t.Errorf("%.80s:\n got %s\nwant %s", condition, got, want)
		}
	}
}

// A constant that decides nothing is no reason to refuse a rule; a setting is no constant.
func TestKeptConditions(t *testing.T) {
	for _, condition := range []string{`true`, `event.inline || false`, `settings.limit < 0`, `!false && event.inline`} {
		if got := problemsOf(condition); got != "" {
			t.Errorf("%s: %s", condition, got)
		}
	}
}
