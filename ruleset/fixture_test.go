package ruleset

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wayguard/payment"
)

// tree reads a request's tree.
func tree(t testing.TB, text string) payment.Tree {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v payment.Tree
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const usual = `{
	"context": "checkout", "credential_fingerprint": "crd_00112233445566778899aabbccddeeff", "credential_type": "pan",
	"credential": {"type": "pan", "bin_data": {"is_commercial": true, "country": "DE"}},
	"customer": {"id": "c-1", "email": "Ann@Example.com"},
	"transaction": {"reference": "o-1", "amount": 75000, "currency": "EUR", "rate": 1.50},
	"device": {"ip": "192.0.2.7", "fingerprint": "fp-1"},
	"billing": {"country": "DE"}, "shipping": {"country": "AT"},
	"items": [{"sku": "a", "price": 100}, {"sku": "b", "price": 900, "name": null}],
	"metadata": {"device_known": "false", "count": "5", "odd key": "x"},
	"journey": {"rating": "suspicious", "labels": ["Card Testing", "New Device"], "cards_in_session": 13, "score": 900}
}`

func usualInput(t testing.TB) Input {
	return Input{
		Request:  &payment.Request{Context: "checkout", Currency: "EUR", Amount: 75000, Tree: tree(t, usual)},
		Counters: counters{"count $.device.ip 192.0.2.7": 6, "count $.customer.id c-1": 1, "distinct $.device.ip 192.0.2.7 $.credential_fingerprint": 4, "sum $.customer.id c-1 EUR": 500, "count $.device.ip 192.0.2.7 checkout": 2},
		Lists:    lists{"blacklist $.device.ip": {"192.0.2.7"}, "vip": {"c-1"}, "mail": {"ann@example.com"}},
	}
}

// counters answers by kind, path, value and whatever else was asked, whatever the window; what is not in it is not known.
type counters map[string]int64

func (c counters) Count(path, value, scope string, _ time.Duration) (int64, bool) {
	return c.at("count", path, value, scope)
}

func (c counters) Sum(path, value, scope, currency string, _ time.Duration) (int64, bool) {
	return c.at("sum", path, value, scope, currency)
}

func (c counters) Distinct(path, value, scope, of string, _ time.Duration) (int64, bool) {
	return c.at("distinct", path, value, scope, of)
}

func (c counters) at(words ...string) (int64, bool) {
	n, known := c[strings.Join(strings.Fields(strings.Join(words, " ")), " ")]
	return n, known
}

// lists holds the blacklist under "blacklist <path>" and named lists under their names.
type lists map[string][]string

func (l lists) Blacklisted(path, value string) bool { return contains(l["blacklist "+path], value) }

func (l lists) Listed(list, value string) (bool, bool) {
	values, known := l[list]
	return contains(values, value), known
}

// backends answers by name: an outcome, "score 70" handled by scores, or an error in lower case. It keeps what was asked.
type backends struct {
	say   map[string]string
	asked []string
	slow  map[string]int64
}

func (b *backends) Ask(_ context.Context, calls []Call, first bool) []payment.BackendResult {
	results := make([]payment.BackendResult, len(calls))
	for i, call := range calls {
		b.asked = append(b.asked, call.Backend)
		results[i] = payment.BackendResult{RuleID: call.RuleID, Backend: call.Backend, Live: call.Live, LatencyMillis: b.slow[call.Backend]}
		switch say := b.say[call.Backend]; {
		case strings.HasPrefix(say, "score "):
			n, _ := smallInteger(say[len("score "):])
			results[i].Score = &n
		case say == strings.ToUpper(say) && say != "":
			results[i].Outcome = payment.Outcome(say)
		default:
			results[i].Error = &say
		}
	}
	return results
}

// mustCompile compiles rules that are written as JSON.
func mustCompile(t testing.TB, text string, score *Thresholds) *Program {
	t.Helper()
	rules, problems := DecodeRules([]byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p, problems := Compile(Ruleset{Rules: rules, Score: score}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p
}

// conditionRule is a rule with a condition in text form.
func conditionRule(t testing.TB, id, condition string, action payment.Outcome) Rule {
	t.Helper()
	raw, err := ParseText(condition)
	if err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
	return Rule{ID: id, Type: ConditionRule, Action: action, Condition: raw}
}

// fires says whether a rule with the condition fires for the input, and checks that the explanation agrees.
func fires(t testing.TB, in Input, r Rule) bool {
	t.Helper()
	p, problems := Compile(Ruleset{Rules: []Rule{r}}, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	plain := p.Evaluate(context.Background(), in)
	in.Trace = true
	traced := p.Evaluate(context.Background(), in)
	fired := len(plain.Triggered) == 1
	told := traced.Trace[0]
	if told.Fired != fired || len(traced.Triggered) != len(plain.Triggered) || told.Because == nil || told.Because.Result == nil || *told.Because.Result != fired {
		t.Errorf("%s%s: fired %v, explained as %+v %+v", r.Condition, r.Expression, fired, told, told.Because)
	}
	return fired
}
