package rule

import (
	"errors"
	"math/rand"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"wayguard/element"
)

// oracle evaluates a condition with cel-go's own interpreter.
type oracle struct {
	language *language
	env      *cel.Env
	facts    Facts
}

func newOracle(t testing.TB, facts Facts) *oracle {
	t.Helper()
	l, err := newLanguage(vocabulary(), []string{"limit"}, []string{"Old", "R"})
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{language: l, facts: facts}
	var options []cel.EnvOption
	for _, f := range functions() {
		options = append(options, f.declare(cel.FunctionBinding(func(values ...ref.Val) ref.Val { return o.answer(f, values) })))
	}
	if o.env, err = l.env.Extend(options...); err != nil {
		t.Fatal(err)
	}
	return o
}

// answer implements the language's functions once more, straight from the facts.
func (o *oracle) answer(f function, values []ref.Val) ref.Val {
	if f.on != "" {
		values = values[1:]
	}
	words := make([]string, 4)
	for i, v := range values {
		words[i] = string(v.(types.String))
	}
	windows := map[string]time.Duration{"1m": time.Minute, "1h": time.Hour, "24h": 24 * time.Hour, "90d": 2160 * time.Hour}
	switch f.overload() {
	case "wayguard_count":
		return types.Int(o.facts.Memory.Count(words[0], words[1], windows[words[2]]))
	case "wayguard_distinct":
		return types.Int(o.facts.Memory.Distinct(words[0], words[1], windows[words[2]]))
	case "wayguard_seen_before":
		return types.Bool(o.facts.Memory.SeenBefore(words[0], words[1]))
	case "wayguard_entity_label":
		return types.Bool(o.facts.Memory.Labelled(words[0], words[1]))
	case "wayguard_persona_distance":
		return types.Int(o.facts.Memory.PersonaDistance(words[0]))
	case "wayguard_age_days":
		if age, known := o.facts.Memory.Age(words[0]); known {
			return types.Int(age.Hours() / 24)
		}
	case "wayguard_part":
		if found := o.facts.Event.Find(words[0]); found != nil {
			if value, known := found.Parts.Find(words[1]); known {
				return types.String(value)
			}
		}
	case "wayguard_has_value":
		for _, e := range o.facts.Event.Elements {
			if e.Name == words[0] && e.Value == words[1] {
				return types.True
			}
		}
		return types.False
	case "session_count":
		return types.Int(o.facts.Session.Counts[words[0]])
	case "session_distinct":
		return types.Int(o.facts.Session.Distinct(words[0]))
	case "session_label":
		return types.Bool(words[0] == "Old")
	}
	return types.NewErr("absent")
}

func (o *oracle) variables() map[string]any {
	e, s := o.facts.Event, o.facts.Session
	elements := map[string]any{}
	for _, found := range []string{"email", "ip_address", "payment_from", "username"} {
		elements[found] = e.Find(found).Value
	}
	elements["transaction_amount"], elements["final_sale"] = int64(1250), false
	return map[string]any{
		"event": map[string]any{
			"name": e.Name, "type": string(e.Type), "result": string(e.Result), "spec": e.Spec, "method": e.HTTP.Method,
			"host": e.HTTP.Host, "route": e.HTTP.Route, "status": int64(e.HTTP.Status), "hour": int64(10), "inline": e.HTTP.Inline,
		},
		"el": elements,
		"session": sessionValue{types.DefaultTypeAdapter.NativeToValue(map[string]any{
			"events": s.Events, "seconds": int64(90), "score": s.Score, "rating": "normal", "new": s.New}).(traits.Mapper)},
		"settings": map[string]any{"limit": int64(5)},
	}
}

// sessionValue is a map that the interpreter takes for a session, on which functions can be called.
type sessionValue struct{ traits.Mapper }

func (sessionValue) Type() ref.Type { return cel.ObjectType(objectPrefix + "session") }

// errRefused marks a condition that the rule language refuses; the oracle is not asked about those.
var errRefused = errors.New("refused")

// compare evaluates a condition both ways and tells what differs. A fault of ours must be an error of the oracle's.
func (o *oracle) compare(t *testing.T, condition string) error {
	t.Helper()
	for _, c := range condition {
		if c == 0 {
			return errRefused
		}
	}
	set, problems := Compile(oneRule(condition), vocabulary())
	if len(problems) > 0 {
		return errRefused
	}
	checked, issues := o.env.Compile(condition)
	if issues.Err() != nil {
		t.Fatalf("%s: we accept what CEL refuses: %v", condition, issues.Err())
	}
	asked, err := o.env.Program(checked)
	if err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
	value, _, wrong := asked.Eval(o.variables())
	r := set.rules[1]
	for name, evaluate := range map[string]evaluate[bool]{"plain": r.when, "traced": r.traced} {
		got, fault := evaluate(&frame{facts: &o.facts, memory: o.facts.Memory})
		if (fault != sound) != (wrong != nil) {
			t.Errorf("%s (%s): our fault %q, the oracle's error %v", condition, name, fault, wrong)
		} else if wrong == nil && got != (value == types.True) {
			t.Errorf("%s (%s): we say %t, the oracle %v", condition, name, got, value)
		}
	}
	return nil
}

// generator makes well-typed conditions at random.
type generator struct{ *rand.Rand }

func (g generator) pick(options ...string) string { return options[g.Intn(len(options))] }

func (g generator) boolean(depth int) string {
	if depth == 0 {
		return g.pick("true", "false", "event.inline", "session.new", "has(el.phone)", "has(el.email)", "el.final_sale",
			`seen_before("username", "ip_address")`, `has_value("final_sale", "true")`, `session.label("Old")`,
			`entity_label("order_id", "final sale")`)
	}
	d := depth - 1
	switch g.Intn(12) {
	case 0, 1, 2:
		return "(" + g.boolean(d) + " && " + g.boolean(d) + ")"
	case 3, 4, 5:
		return "(" + g.boolean(d) + " || " + g.boolean(d) + ")"
	case 6:
		return "!" + g.boolean(d)
	case 7:
		return "(" + g.boolean(d) + " ? " + g.boolean(d) + " : " + g.boolean(d) + ")"
	case 8:
		return g.integer(d) + g.pick(" < ", " <= ", " > ", " >= ", " == ", " != ") + g.integer(d)
	case 9:
		return g.double(d) + g.pick(" < ", " <= ", " > ", " >= ", " == ", " != ") + g.double(d)
	case 10:
		return g.text(d) + g.pick(" < ", " >= ", " == ", " != ") + g.text(d)
	}
	return g.pick(g.integer(d)+" in [1, 5, 401, 1250]", g.text(d)+` in ["bob", "POST", ""]`,
		g.text(d)+g.pick(".contains(", ".startsWith(", ".endsWith(")+g.text(d)+")", g.text(d)+`.matches("^[a-z]+[0-9]?")`)
}

func (g generator) integer(depth int) string {
	if depth == 0 {
		return g.pick("0", "1", "-7", "5", "9223372036854775807", "-9223372036854775808", "event.status", "el.transaction_amount", "settings.limit",
			"session.seconds", `count("ip_address", "logins", "1m")`, `session.count("logins")`, `age_days("username")`,
			`age_days("email")`, `persona_distance("order_id")`, "el.product_quantity")
	}
	d := depth - 1
	switch g.Intn(6) {
	case 0:
		return "size(" + g.text(d) + ")"
	case 1:
		return "int(" + g.pick(g.double(d), g.text(d)) + ")"
	case 2:
		return "(-" + g.pick("event.status", "settings.limit", "(0 - 9223372036854775807 - 1)") + ")"
	case 3:
		return "(" + g.boolean(d) + " ? " + g.integer(d) + " : " + g.integer(d) + ")"
	}
	return "(" + g.integer(d) + g.pick(" + ", " - ", " * ", " / ", " % ") + g.integer(d) + ")"
}

func (g generator) double(depth int) string {
	if depth == 0 {
		return g.pick("0.0", "1.5", "-2.25", "1e300", "double(event.status)", "double(el.username)", `double("3.5")`)
	}
	d := depth - 1
	if g.Intn(4) == 0 {
		return "double(" + g.integer(d) + ")"
	}
	return "(" + g.double(d) + g.pick(" + ", " - ", " * ", " / ") + g.double(d) + ")"
}

func (g generator) text(depth int) string {
	if depth == 0 {
		return g.pick(`""`, `"bob"`, `"é12"`, `"12"`, "event.method", "event.result", "el.email", "el.username", "el.phone",
			`part("email", "domain")`, `part("email", "none")`)
	}
	d := depth - 1
	return g.pick("string("+g.pick(g.integer(d), g.boolean(d), g.double(d))+")", "("+g.text(d)+" + "+g.text(d)+")", g.text(d))
}

// Our closures and cel-go's interpreter agree on thousands of random conditions.
func TestClosuresAgreeWithInterpreter(t *testing.T) {
	o := newOracle(t, sampleFacts())
	g := generator{rand.New(rand.NewSource(1))}
	compared := 0
	for range 1500 {
		if condition := g.boolean(1 + g.Intn(4)); o.compare(t, condition) == nil {
			compared++
		}
		if t.Failed() {
			return
		}
	}
	if compared < 1000 {
		t.Errorf("only %d conditions were compared", compared)
	}
}

// Whatever text is offered as a condition, it is refused or means what CEL says it means.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		`event.status == 401 && el.email.contains("@")`, `!(el.phone == "1") || 1 / 0 == 1`,
		`count("ip_address", "logins", "1m") > settings.limit`, `event.status in [1, 2] ? el.final_sale : session.new`,
		`double(event.status) / 0.0 > -1e3`, `"\u00e9" + el.username != r"\d"`, `has(el.email)`, `-9223372036854775808 == -event.status`,
		`[1].all(x, x > 0)`, `event.status.map(x, x)`, `el[email]`, "event.status\n==\n401",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		if len(condition) > 1000 || strings.Count(condition, "(") > 30 {
			return
		}
		_ = newOracle(t, sampleFacts()).compare(t, condition)
	})
}

// The catalogue's money is whole numbers, as the oracle's fixture says.
func TestElementTypes(t *testing.T) {
	for name, want := range map[string]*types.Type{
		"transaction_amount": types.IntType, "final_sale": types.BoolType, "username": types.StringType,
		"card_expiry_year": types.IntType, "payment_from": types.StringType, "latitude": types.DoubleType,
	} {
		definition, known := element.Default().Find(name)
		if got := elementType(definition); !known || got != want {
			t.Errorf("%s (known %t): %v, want %v", name, known, got, want)
		}
	}
}
