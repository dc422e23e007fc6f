package rule

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// paraphrase is the sentence of a rule that has none of its own: the parts of its condition that hold, in plain words.
type paraphrase struct {
	// steps tells of the sequence, "" where there is none.
	steps  string
	label  string
	leaves []leaf
}

// leaf is a part of a condition that is told on its own.
type leaf struct {
	// holds says whether the part is as the condition wants it.
	holds evaluate[bool]
	// wanted is what holds must be: a part under a negation must not.
	wanted bool
	say    sentence
}

// tell writes down what holds.
func (p paraphrase) tell(f *frame) string {
	var parts []string
	if p.steps != "" {
		parts = append(parts, p.steps)
	}
	length := len(p.steps)
	for _, l := range p.leaves {
		if holds, wrong := l.holds(f); wrong != sound || holds != l.wanted {
			continue
		}
		part := l.say.tell(f)
		if length += len(part) + 2; length > maxSentenceLength {
			break
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return p.label
	}
	return strings.Join(parts, "; ")
}

// paraphrase compiles the sentence of a rule that has none.
func (l *language) paraphrase(r *compiledRule, checked *expression) teller {
	p := paraphrase{label: r.config.Label}
	if r.sequence != nil {
		p.steps = r.sequence.words()
	}
	if checked != nil {
		p.leaves = l.leaves(nil, checked.ast.Expr(), checked, r.settings, true)
	}
	return p
}

// words are the steps of the sequence in plain words.
func (q *sequence) words() string {
	var b strings.Builder
	for n := range q.stages {
		s := &q.stages[n]
		if n > 0 {
			b.WriteString(", then ")
		}
		if s.after > 0 {
			fmt.Fprintf(&b, "not before %s ", duration(s.after))
		}
		if s.within > 0 {
			fmt.Fprintf(&b, "within %s ", duration(s.within))
		}
		b.WriteString(typeNames(s.on))
		if s.times > 1 {
			fmt.Fprintf(&b, " %d times", s.times)
		}
		if s.absent != nil {
			fmt.Fprintf(&b, " without %s", typeNames(s.absent.on))
		}
	}
	return b.String()
}

// duration is a time in milliseconds as people write it.
func duration(ms int64) string {
	text := (time.Duration(ms) * time.Millisecond).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// leaves cuts a condition at "and", "or" and "not".
func (l *language) leaves(all []leaf, e ast.Expr, checked *expression, settings map[string]int64, wanted bool) []leaf {
	if e.Kind() == ast.CallKind {
		switch call := e.AsCall(); call.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr:
			for _, side := range call.Args() {
				all = l.leaves(all, side, checked, settings, wanted)
			}
			return all
		case operators.LogicalNot:
			return l.leaves(all, call.Args()[0], checked, settings, !wanted)
		}
	}
	b := &builder{tree: checked.ast, settings: settings, vocabulary: l.vocabulary, questions: l.questions, lives: l.lives}
	p, err := b.build(e)
	if err != nil || p.boolean == nil {
		return all // the whole condition was compiled before, so this does not happen
	}
	return append(all, leaf{p.boolean, wanted, b.phrase(e, checked, wanted)})
}

// phrase is a part of a condition in words.
func (b *builder) phrase(e ast.Expr, checked *expression, wanted bool) sentence {
	left, operator, right, ok := comparison(e)
	if !ok {
		return sentence{{text: truthWords(e, checked, wanted)}}
	}
	value, err := b.build(left)
	if err != nil {
		return sentence{{text: plainText(e, checked)}}
	}
	limit, err := b.build(right)
	if err != nil {
		return sentence{{text: plainText(e, checked)}}
	}
	if !wanted {
		operator = map[string]string{"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}[operator]
	}
	than := map[string]string{"<": "less than ", "<=": "at most ", ">": "more than ", ">=": "at least ", "==": "exactly ", "!=": "not "}[operator]
	shown := piece{value: &value, element: selectedElement(left)}
	if noun := counted(left); noun != "" {
		return sentence{shown, {text: " " + noun + " (" + than}, {value: &limit}, {text: ")"}}
	}
	if operator == "==" && fixed(right) {
		return sentence{{text: noun(left, checked) + " is "}, shown}
	}
	return sentence{{text: noun(left, checked) + " is "}, shown, {text: " (" + than}, {value: &limit, element: selectedElement(right)}, {text: ")"}}
}

// counted is what a number counts, such as "logins of the ip address within 1m"; "" where the expression counts nothing.
func counted(e ast.Expr) string {
	if e.Kind() != ast.CallKind {
		return ""
	}
	call := e.AsCall()
	words := make([]string, 4)
	for n, argument := range call.Args() {
		if n < len(words) {
			words[n], _ = stringLiteral(argument)
			words[n] = readable(words[n])
		}
	}
	if call.IsMemberFunction() {
		switch call.FunctionName() {
		case "count":
			return words[0] + " in this session"
		case "distinct":
			return "different values of " + words[0] + " in this session"
		case "percent":
			return "percent of the " + words[1] + " in this session are " + words[0]
		}
		return ""
	}
	switch call.FunctionName() {
	case "count":
		return words[1] + " of the " + words[0] + " within " + words[2]
	case "distinct":
		return "different values of " + words[1] + " with the " + words[0] + " within " + words[2]
	case "percent":
		return "percent of the " + words[2] + " of the " + words[0] + " within " + words[3] + " are " + words[1]
	case "age_days":
		return "days since the " + words[0] + " was first seen"
	}
	return ""
}

// noun names anything else that is compared.
func noun(e ast.Expr, checked *expression) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
		return plainText(e, checked)
	}
	name := readable(e.AsSelect().FieldName())
	if variable := e.AsSelect().Operand().AsIdent(); variable != "el" {
		return "the " + variable + "'s " + name
	}
	return "the " + name
}

// truthWords tells of what is true or false by itself.
func truthWords(e ast.Expr, checked *expression, wanted bool) string {
	if e.Kind() == ast.CallKind {
		call := e.AsCall()
		words := make([]string, 2)
		for n, argument := range call.Args() {
			if n < len(words) {
				words[n], _ = stringLiteral(argument)
			}
		}
		be := map[bool]string{true: "", false: "not "}[wanted]
		switch {
		case call.FunctionName() == "seen_before":
			return "the " + readable(words[0]) + " was " + be + "seen with this " + readable(words[1]) + " before"
		case call.FunctionName() == "entity_label":
			return "the " + readable(words[0]) + " is " + be + "marked " + quote(words[1])
		case call.FunctionName() == "alarmed":
			return "bad outcomes do " + be + "pile up for the " + readable(words[0])
		case call.FunctionName() == "label" && call.IsMemberFunction():
			return "the session is " + be + "labelled " + quote(words[0])
		case call.FunctionName() == "seen" && call.IsMemberFunction():
			return "there was " + map[bool]string{true: "a", false: "no"}[wanted] + " " + readable(words[0]) + " before"
		}
	}
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		return "there is " + map[bool]string{true: "a", false: "no"}[wanted] + " " + readable(e.AsSelect().FieldName())
	}
	if text := plainText(e, checked); !wanted {
		return "not: " + text
	} else {
		return text
	}
}

// readable is a name of the language for people.
func readable(name string) string { return strings.ReplaceAll(name, "_", " ") }
