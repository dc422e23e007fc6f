package backend

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"wayguard/payment"
)

// web speaks to one engine as its adapter says.
type web struct {
	site *site
	a    *adapter
}

func (h web) receives(*facts) []payment.CredentialType { return h.a.receives }

func (h web) assess(ctx context.Context, l *line, about *scope) (verdict, *fault) {
	c, ok := h.compose(h.a.assess, about)
	if !ok {
		return verdict{}, &fault{code: codeMapping, detail: "the request cannot be made of this payment"}
	}
	c.again = true
	answer, f := h.site.do(ctx, c)
	document, err := decodeNumbers(answer.body)
	v := verdict{}
	if err == nil {
		v.raw = h.site.mask(document, about)
	}
	if f != nil {
		return v, f
	}
	tree, ok := document.(map[string]any)
	if err != nil || !ok {
		return v, &fault{code: codeBadResponse, detail: "the answer is no JSON object", ill: true}
	}
	return v, h.read(tree, about, &v)
}

// compose fills an exchange in; false where its address or its body cannot be made.
func (h web) compose(x exchange, about *scope) (call, bool) {
	where, ok := x.url.fill(about)
	address, isText := where.(string)
	if !ok || !isText {
		return call{}, false
	}
	c := call{method: x.method, url: h.site.base + address, header: http.Header{}}
	for name, p := range x.headers {
		if value, ok := p.fill(about); ok {
			if text, ok := scalar(value); ok {
				c.header.Set(name, text)
			}
		}
	}
	if x.body != nil {
		if c.body, ok = render(x.body, about); !ok {
			return call{}, false
		}
	}
	return c, true
}

// read takes outcome, score and reference out of an answer.
func (h web) read(tree payment.Tree, about *scope, v *verdict) *fault {
	answer := h.a.of.Assess.Answer
	v.thresholds = answer.Thresholds
	if h.a.refer != nil {
		if value, ok := payment.Lookup(tree, *h.a.refer); ok {
			v.reference = h.site.reference(value, about)
		}
	}
	if h.a.score != nil {
		value, _ := payment.Lookup(tree, *h.a.score)
		v.score = number(value, max(answer.Score.Scale, 1))
	}
	if h.a.outcome == nil {
		if v.score == nil {
			return &fault{code: codeBadResponse, detail: "the answer has no score where the adapter looks", ill: true}
		}
		return nil
	}
	value, _ := payment.Lookup(tree, *h.a.outcome)
	word, ok := scalar(value)
	if mapped, known := answer.Outcome.Map[word]; ok && known {
		v.outcome = mapped
		return nil
	}
	if v.outcome = answer.Outcome.Otherwise; v.outcome == "" && v.score == nil {
		return &fault{code: codeBadResponse, detail: "the answer's outcome is no word that the adapter knows", ill: true}
	}
	return nil
}

// number reads a score, times scale and rounded; nil where it is none.
func number(value any, scale int64) *int64 {
	text, ok := scalar(value)
	if _, is := value.(bool); !ok || is || len(text) > 32 {
		return nil
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	n = math.Round(n * float64(scale))
	if err != nil || math.IsNaN(n) || math.Abs(n) > 1e12 {
		return nil
	}
	whole := int64(n)
	return &whole
}

func (h web) tell(ctx context.Context, l *line, n notice) (bool, *fault) {
	x, wanted := h.a.notify[n.kind]
	if !wanted {
		return false, nil
	}
	c, ok := h.compose(x, &scope{tree: n.tree(), secrets: h.site.credentials.Fields, now: h.site.pool.deps.Now()})
	if !ok {
		return true, &fault{code: codeMapping, detail: "the notification cannot be made of this payment"}
	}
	_, f := h.site.do(ctx, c)
	return true, f
}
