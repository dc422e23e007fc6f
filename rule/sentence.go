package rule

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/ast"
)

const maxSentenceLength = 500

// sentence is a compiled explanation: literal text and values in turn.
type sentence []piece

type piece struct {
	text  string
	value *program
	// element is the element whose shown form is told instead of the value.
	element string
}

// template is a sentence's text cut at its braces.
type template []cut

type cut struct {
	text       string
	expression bool
}

// cutSentence splits text into literal text and the expressions in braces; "{{" is a brace. Braces inside a quoted
// string of an expression do not end it.
func cutSentence(text string) (template, error) {
	var parts template
	var literal strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "{{") || strings.HasPrefix(text[i:], "}}"):
			literal.WriteByte(text[i])
			i++
		case text[i] == '{':
			end := closing(text[i+1:])
			if end < 0 {
				return nil, fmt.Errorf("the brace at character %d is never closed", i+1)
			}
			parts = append(parts, cut{literal.String(), false}, cut{text[i+1 : i+1+end], true})
			literal.Reset()
			i += end + 1
		default:
			literal.WriteByte(text[i])
		}
	}
	return append(parts, cut{literal.String(), false}), nil
}

// closing is the index of the brace that ends an expression, -1 when none does.
func closing(text string) int {
	var quoted byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted != 0 && c == '\\':
			i++
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '"' || c == '\'':
			quoted = c
		case c == '}':
			return i
		}
	}
	return -1
}

// compileSentence compiles the explanation of a rule.
func (l *language) compileSentence(text string, settings map[string]int64, c complaints) sentence {
	if len(text) > maxSentenceLength {
		c.add(nil, fmt.Sprintf("the sentence is longer than %d bytes", maxSentenceLength), "")
		return nil
	}
	parts, err := cutSentence(text)
	if err != nil {
		c.add(nil, err.Error(), "write {{ for a brace")
		return nil
	}
	var compiled sentence
	for _, part := range parts {
		if !part.expression {
			if part.text != "" {
				compiled = append(compiled, piece{text: part.text})
			}
			continue
		}
		checked := l.check(part.text, settings, c)
		if checked == nil {
			continue
		}
		p, err := l.program(checked, settings, false)
		if err != nil {
			c.add(nil, err.Error(), "")
			continue
		}
		compiled = append(compiled, piece{value: &p, element: selectedElement(checked.ast.Expr())})
	}
	return compiled
}

// selectedElement is the element that the expression el.<element> names, "" for any other expression.
func selectedElement(e ast.Expr) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() || e.AsSelect().Operand().AsIdent() != "el" {
		return ""
	}
	return e.AsSelect().FieldName()
}

// tell writes the sentence with the values of this event; what is not there is "unknown".
func (s sentence) tell(f *frame) string {
	var text strings.Builder
	for _, p := range s {
		if p.value == nil {
			text.WriteString(p.text)
			continue
		}
		value, wrong := p.value.run(f)
		switch {
		case wrong != sound:
			value = "unknown"
		case p.element != "":
			value = f.element(p.element).Shown()
		}
		text.WriteString(shorten(value, maxReasonLength))
	}
	return text.String()
}
