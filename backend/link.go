package backend

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"wayguard/payment"
)

// The protocol that Link speaks with us, by its short and its long name.
const (
	protocol   = "specter-v1"
	protocolID = "https://developer.hellgate.io/protocols/specter/v1"
)

// The headers of Link's answers.
const (
	headerExecution = "x-link-execution"
	headerTiming    = "server-timing"
)

// link speaks the Specter protocol to a Link instance.
type link struct{ site *site }

func (k link) address(action, id string) string {
	return k.site.base + "/api/invoke/" + protocol + "/" + action + "?backend=" + url.QueryEscape(id)
}

func (k link) assess(ctx context.Context, l *line, about *scope) (verdict, *fault) {
	body, ok := encode(k.body(l, about))
	if !ok {
		return verdict{}, &fault{code: codeMapping, detail: "the request cannot be made of this payment"}
	}
	answer, f := k.site.do(ctx, call{method: http.MethodPost, url: k.address("assess", l.id), header: http.Header{}, body: body, again: true})
	document, err := decodeNumbers(answer.body)
	v := verdict{execution: printable(answer.header.Get(headerExecution)), timing: parseTiming(answer.header.Get(headerTiming))}
	tree, isTree := document.(map[string]any)
	if err == nil {
		v.raw = k.site.mask(document, about)
	}
	if f != nil {
		return v, refine(f, answer, tree)
	}
	if err != nil || !isTree {
		return v, &fault{code: codeBadResponse, detail: "the answer is no JSON object", ill: true}
	}
	return v, k.read(tree, about, &v)
}

// read takes the result out of an answer: {"type": "enum" or "score", "value": …, "backend_reference": "…"}.
func (k link) read(tree payment.Tree, about *scope, v *verdict) *fault {
	if value, ok := tree["backend_reference"]; ok {
		v.reference = k.site.reference(value, about)
	}
	kind, _ := tree["type"].(string)
	value := tree["value"]
	switch kind {
	case "enum", "":
		word, _ := value.(string)
		if v.outcome = payment.Outcome(word); final(v.outcome) {
			return nil
		}
		v.outcome = ""
		return &fault{code: codeBadResponse, detail: "the answer's value is none of ALLOW, REVIEW and BLOCK", ill: true}
	case "score":
		if v.score = number(value, 1); v.score != nil {
			return nil
		}
		return &fault{code: codeBadResponse, detail: "the answer's score is no number", ill: true}
	}
	return &fault{code: codeBadResponse, detail: "the answer is neither an enum nor a score", ill: true}
}

// sent are the parts of a payment that the protocol has; what rules alone read, as the journey and the metadata, is none of them.
func sent() []string {
	return []string{"credential", "customer", "transaction", "device", "billing", "shipping", "items", "airline", "context"}
}

// body is the payment as the protocol has it. The account number goes to a backend that implements the variant for it only; a card of
// another one is shown masked.
func (k link) body(l *line, about *scope) payment.Tree {
	body := payment.Tree{}
	for _, name := range sent() {
		if part, ok := about.tree[name]; ok {
			body[name] = part
		}
	}
	if own, ok := about.tree["backend_data"]; ok {
		body["backend_data"] = payment.Tree{l.id: own}
	}
	credential := payment.Tree{}
	if given, ok := about.tree["credential"].(map[string]any); ok {
		for key, value := range given {
			if key != "bin_data" {
				credential[key] = value
			}
		}
	}
	body["credential"] = credential
	asked := l.facts.Load().wants(about.credential)
	switch {
	case about.credential == payment.PAN && asked && about.number != "":
		credential["pan"] = with(credential["pan"], "value", string(about.number))
	case about.credential == payment.PAN:
		veil(credential, about)
	case about.credential == payment.SEPA && asked && about.iban != "":
		credential["sepa"] = with(credential["sepa"], "iban", string(about.iban))
	}
	return body
}

// with is a copy of an object with one more key.
func with(given any, key, value string) payment.Tree {
	made := payment.Tree{}
	if object, ok := given.(map[string]any); ok {
		for k, v := range object {
			made[k] = v
		}
	}
	made[key] = value
	return made
}

// veil makes a masked card of a card whose number is not told: first six, last four and what else was told of it.
func veil(credential payment.Tree, about *scope) {
	masked := payment.Tree{}
	if pan, ok := credential["pan"].(map[string]any); ok {
		for k, v := range pan {
			if k != "value" {
				masked[k] = v
			}
		}
	}
	for key, value := range map[string]string{"first_six": about.firstSix, "last_four": about.lastFour} {
		if value != "" {
			masked[key] = value
		}
	}
	delete(credential, "pan")
	credential["type"], credential["masked_pan"] = string(payment.MaskedPAN), masked
}

func (k link) receives(f *facts) []payment.CredentialType {
	var types []payment.CredentialType
	for _, t := range []payment.CredentialType{payment.PAN, payment.SEPA} {
		if f.wants(t) {
			types = append(types, t)
		}
	}
	return types
}

// wants says whether the backend asks for the whole account number: it implements the variant for that type, or it assesses all types
// and names the number among what it needs.
func (f *facts) wants(t payment.CredentialType) bool {
	if f.actions["assess."+string(t)] {
		return true
	}
	if !f.actions["assess"] {
		return false
	}
	for _, n := range slices.Concat(f.needs[""], f.needs[t]) {
		if n.path.root == ofPAN && t == payment.PAN || n.path.root == ofIBAN && t == payment.SEPA {
			return true
		}
	}
	return false
}

// refine reads the body of an error: {"code": "…", "source": "…"}.
func refine(f *fault, answer reply, tree payment.Tree) *fault {
	code, _ := tree["code"].(string)
	if nested, ok := tree["error"].(map[string]any); ok && code == "" {
		code, _ = nested["code"].(string)
		tree = nested
	}
	source, _ := tree["source"].(string)
	switch {
	case answer.status == http.StatusNotFound && unsupported(code):
		return &fault{code: codeDisabled}
	case answer.status == http.StatusNotFound:
		return &fault{code: codeUnavailable, detail: "Link does not have this backend, or not under this protocol"}
	case answer.status == http.StatusConflict:
		return &fault{code: codeUnavailable, detail: "Link cannot tell which backend is meant"}
	case source == "mapping":
		return &fault{code: codeMapping, detail: "source mapping"}
	case slices.Contains([]string{"transport", "encryption", "backend", "mock"}, source) && f.code == codeUnavailable:
		return &fault{code: f.code, detail: "source " + source, ill: f.ill}
	}
	return f
}

// unsupported says whether a 404 means that the backend cannot do what it is asked.
func unsupported(code string) bool {
	code = strings.ToLower(code)
	return code == "action_not_supported" || code == "variant_not_supported" || strings.HasSuffix(code, "_not_supported") ||
		strings.HasPrefix(code, "unsupported_")
}

func (k link) tell(ctx context.Context, l *line, n notice) (bool, *fault) {
	action := "notify." + n.kind
	if known := l.facts.Load().actions; known != nil && !known[action] {
		return false, nil
	}
	body, ok := encode(n.tree())
	if !ok {
		return true, &fault{code: codeMapping, detail: "the notification cannot be made of this payment"}
	}
	answer, f := k.site.do(ctx, call{method: http.MethodPost, url: k.address(action, l.id), header: http.Header{}, body: body})
	if f == nil {
		return true, nil
	}
	tree, _ := decodeNumbers(answer.body)
	object, _ := tree.(map[string]any)
	f = refine(f, answer, object)
	if f.code == codeDisabled {
		return false, nil
	}
	return true, f
}

// printable is a header's value, empty where it is no short visible text.
func printable(text string) string {
	if len(text) > 128 || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return text
}
