package policy_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

func TestPlaceholders(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"a {time} b":                   "a [time] b",
		"{el.username}{label}":         "[el.username][label]",
		"{{time}} {{{time}}}":          "{time} {{time}}",
		`{"a":{"b":1},"c":{}}`:         `{"a":{"b":1},"c":{}}`,
		"p{color:red} .a{ x } {A} {1}": "p{color:red} .a{ x } {A} {1}",
		"{unknown}|":                   "|",
		"{time {time}":                 "{time [time]",
		"{{time} {time}}":              "{[time] [time]}",
		"{el.a.b} {el.}":               "{el.a.b} {el.}",
	} {
		got := policy.Fill(text, func(name string) (string, bool) { return "[" + name + "]", name != "unknown" })
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := policy.Fill("{a}", func(string) (string, bool) { return "{b}", true }); got != "{b}" {
		t.Errorf("what was filled in was looked at again: %q", got)
	}
	want := []policy.Placeholder{{Offset: 2, Name: "time"}, {Offset: 8, Name: "el.email"}}
	if got := policy.Placeholders("a {time}{el.email}{{time}}"); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

// FuzzPlaceholders: what Fill asks for is what Placeholders lists, and all else stays as it was.
func FuzzPlaceholders(f *testing.F) {
	f.Add("{{{a}}} {el.b} {\"c\":{d}}")
	f.Fuzz(func(t *testing.T, text string) {
		var asked []string
		same := policy.Fill(text, func(name string) (string, bool) {
			asked = append(asked, name)
			return "{" + name + "}", true
		})
		listed := policy.Placeholders(text)
		if len(listed) != len(asked) {
			t.Fatalf("%q: listed %v, asked %v", text, listed, asked)
		}
		for i, p := range listed {
			if p.Name != asked[i] || !strings.HasPrefix(text[p.Offset:], "{"+p.Name+"}") {
				t.Fatalf("%q: %+v, asked %q", text, p, asked[i])
			}
		}
		if !strings.Contains(text, "{{") && same != text {
			t.Fatalf("%q became %q", text, same)
		}
	})
}

func TestShapes(t *testing.T) {
	for _, text := range []string{"digits:8", "digits:6", "hex:128", "upper:10", "lower:10", "alnum:12", "uuid", "card", "email", "email:shop.example"} {
		if err := policy.CheckShape(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "digits", "digits:", "digits:5", "digits:129", "digits:08", "digits:+8", "emoji:8", "uuid:8", "card:16", "digits:8:8",
		"digits:99999999999999999999", "email:", "email:a b", "email:a\r\nb", "email:Shop"} {
		if err := policy.CheckShape(text); err == nil {
			t.Errorf("%q is a shape", text)
		}
	}
}

func FuzzShape(f *testing.F) {
	f.Add("digits:8")
	f.Add("email:shop.example")
	f.Fuzz(func(t *testing.T, text string) {
		if policy.CheckShape(text) == nil && (len(text) > 300 || strings.ContainsAny(text, "\r\n\x00 <>\"'{}")) {
			t.Errorf("%q is a shape", text)
		}
	})
}

func TestPrefixes(t *testing.T) {
	for text, want := range map[string]string{"192.0.2.7": "192.0.2.7/32", "192.0.2.7/24": "192.0.2.0/24", "2001:db8::1": "2001:db8::1/128",
		"::ffff:192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.0/120": "192.0.2.0/24", "2001:db8::1/32": "2001:db8::/32"} {
		if got, err := policy.ParsePrefix(text); err != nil || got.String() != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "192.0.2.0/33", "fe80::1%eth0", "192.0.2"} {
		if got, err := policy.ParsePrefix(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestQuiet(t *testing.T) {
	night := policy.QuietConfig{Days: document.Strings{"fri", "sat"}, From: "22:00", To: "06:00", Zone: "Europe/Berlin"}
	day := policy.QuietConfig{From: "09:00", To: "17:00"}
	whole := policy.QuietConfig{Days: document.Strings{"sun"}, From: "00:00", To: "00:00"}
	for _, c := range []struct {
		quiet  policy.QuietConfig
		moment string
		want   bool
	}{
		{night, "2026-01-09T20:59:59Z", false}, {night, "2026-01-09T21:00:00Z", true}, // Friday, 22:00 in Berlin
		{night, "2026-01-10T04:59:59Z", true}, {night, "2026-01-10T05:00:00Z", false},
		{night, "2026-01-11T03:00:00Z", true},  // Sunday morning belongs to Saturday's night
		{night, "2026-01-11T22:00:00Z", false}, // Sunday
		{night, "2026-01-12T03:00:00Z", false},
		{night, "2026-07-10T20:00:00Z", true}, // in summer 22:00 is 20:00 UTC
		{night, "2026-07-10T19:59:00Z", false},
		{day, "2026-01-05T08:59:59Z", false}, {day, "2026-01-05T09:00:00Z", true}, {day, "2026-01-05T17:00:00Z", false},
		{whole, "2026-01-11T00:00:00Z", true}, {whole, "2026-01-11T23:59:59Z", true}, {whole, "2026-01-12T00:00:00Z", false}, {whole, "2026-01-10T23:59:59Z", false},
	} {
		quiet, err := c.quiet.Parse()
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.moment)
		if err != nil {
			t.Fatal(err)
		}
		if got := quiet.Holds(at); got != c.want {
			t.Errorf("%+v at %s: %t", c.quiet, c.moment, got)
		}
	}
	if _, err := (policy.QuietConfig{From: "x", To: "06:00"}).Parse(); err == nil {
		t.Error("x is a time")
	}
	if (policy.Quiet{}).Holds(time.Unix(0, 0)) {
		t.Error("no time at all holds")
	}
}

func TestComplete(t *testing.T) {
	for kind, want := range map[event.ActionKind]func(policy.ActionConfig) bool{
		event.Block:       func(a policy.ActionConfig) bool { return a.Status == 403 && a.ContentType == "" },
		event.Maintenance: func(a policy.ActionConfig) bool { return a.Status == 503 },
		event.RateLimit:   func(a policy.ActionConfig) bool { return a.Status == 429 && a.Limit.By == "session" },
		event.Redirect:    func(a policy.ActionConfig) bool { return a.Status == 302 },
		event.Challenge:   func(a policy.ActionConfig) bool { return a.Valid == time.Hour && a.Check == "" },
		event.Feign:       func(a policy.ActionConfig) bool { return a.As == policy.AsFailure },
		event.Inject:      func(a policy.ActionConfig) bool { return a.Before == "</body>" },
		event.Tag:         func(a policy.ActionConfig) bool { return a.Status == 0 && a.Mode == policy.Live },
	} {
		if got := (policy.ActionConfig{Kind: kind}).Complete(); !want(got) {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	if got := (policy.ActionConfig{Kind: event.Block, Body: "x", Status: 451}).Complete(); got.ContentType != policy.DefaultContentType || got.Status != 451 {
		t.Errorf("%+v", got)
	}
	given := policy.Config{Steps: []policy.StepConfig{{Action: "a"}, {Action: "b", Times: 3}}, Budget: &policy.BudgetConfig{Percent: 5}}
	got := given.Complete()
	if got.Scope != policy.ScopeSession || got.OnFailure != policy.FailOpen || *got.Rollout.Percent != 100 || got.Steps[0].Times != 1 || got.Steps[1].Times != 3 ||
		got.Budget.Percent != 5 || got.Budget.AtLeast != policy.DefaultBudget().AtLeast || got.Budget.Cool != policy.DefaultBudget().Cool {
		t.Errorf("%+v, budget %+v", got, got.Budget)
	}
	if given.Steps[0].Times != 0 || given.Budget.AtLeast != 0 {
		t.Error("what was given has been changed")
	}
	action := policy.ActionConfig{Name: "x", When: policy.ConditionConfig{Label: "Hot"}, Specs: document.Strings{"login"}, Mode: policy.Shadow}
	if own := action.Own(); own.Name != "x" || own.Steps[0].Action != "x" || own.When.Label != "Hot" || own.Mode != policy.Shadow || own.Specs[0] != "login" {
		t.Errorf("%+v", own)
	}
	c := policy.MitigationConfig{}.Complete()
	if c.CheckPath != "/.well-known/visit/" || c.Cookie != "visit" || c.Captcha.Provider != "built-in" || c.Sink.Keep != "hashes" || c.Sink.For != 30*24*time.Hour {
		t.Errorf("%+v", c)
	}
}
