package rule

import (
	"fmt"
	"slices"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/parser"

	"wayguard/event"
)

// limit is what a condition compares an operand with.
type limit struct {
	operator string
	// threshold is a constant's value, or the expression of what is compared with.
	threshold string
	constant  bool
	// window is the span of time that the operand is counted over, "" for none.
	window string
}

// Operand is one thing that a label rests on.
type Operand struct {
	// Expression is as the rule writes it, Value what it was.
	Expression, Value string
	// Operator and Threshold are what the rule compares it with; both are empty where it is compared with nothing.
	Operator, Threshold string
	// Window is the span of time that it is counted over, such as "1h"; empty where there is none.
	Window string
	// Step is the number of the sequence's step that this tells of, from 1; 0 for an operand of a condition.
	Step int
}

// Explain says what a label rests on: the operands of its rule's condition with their values, thresholds and windows, thresholds
// left out. Where the rule is not of the version that placed the label, or is gone, thresholds are those of the label's own
// reasons as far as it has them.
func (s *Set) Explain(label event.Label) []Operand {
	var limits map[string]limit
	var settings map[string]int64
	for _, r := range s.rules {
		if r.config.ID == label.Rule {
			limits, settings = r.operands, r.settings
		}
	}
	values := map[string]string{}
	for _, reason := range label.Because {
		values[reason.Expression] = reason.Value
	}
	var operands []Operand
	for _, reason := range label.Because {
		l := limits[reason.Expression]
		o := Operand{Expression: reason.Expression, Value: reason.Value, Operator: l.operator, Threshold: l.threshold, Window: l.window}
		if !l.constant && l.operator != "" {
			o.Threshold = thresholdOf(l.threshold, values, settings)
		}
		if isThreshold(reason.Expression, limits) {
			continue
		}
		if _, err := fmt.Sscanf(reason.Expression, stepReason, &o.Step); err != nil {
			o.Step = 0
		}
		operands = append(operands, o)
	}
	return operands
}

// thresholdOf is the value that a threshold had, or has now; its expression where neither is known.
func thresholdOf(expression string, values map[string]string, settings map[string]int64) string {
	if value, known := values[expression]; known {
		return value
	}
	for name, value := range settings {
		if expression == "settings."+name {
			return intText(value)
		}
	}
	return expression
}

// isThreshold says whether the expression is only there to be compared with.
func isThreshold(expression string, limits map[string]limit) bool {
	if _, compared := limits[expression]; compared {
		return false
	}
	for _, l := range limits {
		if !l.constant && l.threshold == expression {
			return true
		}
	}
	return false
}

// limitsOf finds what a condition compares its operands with; nil for none.
func limitsOf(checked *expression) map[string]limit {
	if checked == nil {
		return nil
	}
	limits := map[string]limit{}
	ast.PreOrderVisit(checked.ast.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		left, operator, right, ok := comparison(e)
		if !ok {
			return
		}
		l := limit{operator: operator, window: windowOf(left)}
		l.threshold, l.constant = plainText(right, checked), right.Kind() == ast.LiteralKind
		if text := plainText(left, checked); text != "" {
			if _, twice := limits[text]; !twice {
				limits[text] = l
			}
		}
	}))
	return limits
}

// comparison takes a comparison apart, with the constant or setting to the right.
func comparison(e ast.Expr) (left ast.Expr, operator string, right ast.Expr, ok bool) {
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 || e.AsCall().IsMemberFunction() {
		return nil, "", nil, false
	}
	operator, ok = map[string]string{operators.Less: "<", operators.LessEquals: "<=", operators.Greater: ">",
		operators.GreaterEquals: ">=", operators.Equals: "==", operators.NotEquals: "!="}[e.AsCall().FunctionName()]
	if !ok {
		return nil, "", nil, false
	}
	left, right = e.AsCall().Args()[0], e.AsCall().Args()[1]
	if fixed(left) && !fixed(right) {
		mirrored := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
		return right, mirrored[operator], left, true
	}
	return left, operator, right, true
}

// fixed says whether the expression is a constant or a setting.
func fixed(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind || e.Kind() == ast.SelectKind && e.AsSelect().Operand().Kind() == ast.IdentKind &&
		e.AsSelect().Operand().AsIdent() == "settings"
}

// windowOf is the window of a function that counts over one, "" for any other expression.
func windowOf(e ast.Expr) string {
	if e.Kind() != ast.CallKind || e.AsCall().IsMemberFunction() {
		return ""
	}
	call := e.AsCall()
	for _, f := range functions() {
		if at := slices.Index(f.arguments, windowName); f.on == "" && f.name == call.FunctionName() && at >= 0 && at < len(call.Args()) {
			window, _ := stringLiteral(call.Args()[at])
			return window
		}
	}
	return ""
}

// plainText is a constant's value, and any other expression as it is written.
func plainText(e ast.Expr, checked *expression) string {
	if text, isText := stringLiteral(e); isText {
		return text
	}
	text, err := parser.Unparse(e, checked.ast.SourceInfo())
	if err != nil {
		return "" // it was parsed, so it can be written
	}
	return text
}

// stepReason is how a step of a sequence is named among the reasons.
const stepReason = "step %d"

// reasons tell of the sequence's steps.
func (q *sequence) reasons(f *frame) []event.Reason {
	all := make([]event.Reason, len(q.stages))
	for n := range q.stages {
		s := &q.stages[n]
		value := "met by " + typeNames(s.on)
		if s.times > 1 {
			value += fmt.Sprintf(", %d times", s.times)
		}
		if n == len(q.stages)-1 && (n > 0 || s.times > 1) {
			after := "the step before"
			if n == 0 {
				after = "the first time"
			}
			value += fmt.Sprintf(", %s after %s", time.Duration(f.march.gaps[q.number])*time.Millisecond, after)
		}
		all[n] = event.Reason{Expression: fmt.Sprintf(stepReason, n+1), Value: value}
	}
	return all
}

// typeNames are event types for people.
func typeNames(on []string) string {
	if len(on) == 0 {
		return "any event"
	}
	names := make([]string, len(on))
	for i, name := range on {
		names[i] = readable(name)
	}
	return listed(names, "or")
}
