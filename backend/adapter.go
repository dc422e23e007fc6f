package backend

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"wayguard/payment"
	"wayguard/ruleset"
)

// Adapter describes how one risk engine is asked: the mapping of an "http" integration, as JSON. Its texts may hold placeholders
// such as {{ $.customer.email | downcase }}; see docs/risk-backends.md.
type Adapter struct {
	// ID names the backend in rules, as "slug/id"; empty is "default".
	ID string `json:"id,omitempty"`
	// Title is for people.
	Title string `json:"title,omitempty"`
	// Accepts are the credential types it can be asked about; empty is all.
	Accepts []payment.CredentialType `json:"accepts,omitempty"`
	// Requires are paths without which it is not asked.
	Requires []string `json:"requires,omitempty"`
	Assess   Assess   `json:"assess"`
	// Notify are the calls by which it is told what became of a payment, by kind: a lifecycle event's type, or "resolution".
	Notify map[string]Exchange `json:"notify,omitempty"`
}

// Exchange is one HTTP call.
type Exchange struct {
	// Method is POST where it is empty.
	Method string `json:"method,omitempty"`
	// URL is what follows the integration's base URL, beginning with "/".
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body is a JSON template; absent is no body.
	Body json.RawMessage `json:"body,omitempty"`
}

// Assess is the call that asks.
type Assess struct {
	Exchange
	Answer Answer `json:"answer"`
}

// Answer says where in the answer's JSON things stand.
type Answer struct {
	Outcome *OutcomeReading `json:"outcome,omitempty"`
	Score   *ScoreReading   `json:"score,omitempty"`
	// Thresholds read the score where the rule has none of its own.
	Thresholds *ruleset.Thresholds `json:"thresholds,omitempty"`
	// Reference is the path of the engine's own name for the assessment.
	Reference string `json:"reference,omitempty"`
}

// OutcomeReading reads a word.
type OutcomeReading struct {
	Path string `json:"path"`
	// Map tells the outcome of each word; Otherwise is of all others, empty makes them a bad response.
	Map       map[string]payment.Outcome `json:"map"`
	Otherwise payment.Outcome            `json:"otherwise,omitempty"`
}

// ScoreReading reads a number.
type ScoreReading struct {
	Path string `json:"path"`
	// Scale multiplies it before it is rounded; 0 is 1. An engine that answers 0.87 has 100.
	Scale int64 `json:"scale,omitempty"`
}

// The bounds of an adapter.
const (
	maxAdapter  = 64 << 10
	maxRequires = 100
	maxNotify   = 16
	maxHeaders  = 32
	maxWords    = 200
)

// adapter is an Adapter made ready.
type adapter struct {
	of       Adapter
	accepts  map[string]bool
	needs    []need
	assess   exchange
	outcome  *payment.Path
	score    *payment.Path
	refer    *payment.Path
	notify   map[string]exchange
	secrets  []string
	receives []payment.CredentialType
}

// exchange is an Exchange made ready.
type exchange struct {
	method  string
	url     part
	headers map[string]part
	body    part // nil for none
}

// compileAdapter reads an adapter and tells everything that is wrong with it, below the field.
func compileAdapter(field string, data []byte) (*adapter, []payment.Problem) {
	var a Adapter
	if problems := decodeStrictly(field, data, maxAdapter, &a); len(problems) > 0 {
		return nil, problems
	}
	if a.ID == "" {
		a.ID = "default"
	}
	c := &compiler{}
	if !plainName(a.ID) {
		c.tell(field+".id", "format", "must be made of letters, digits, dashes and underscores")
	}
	made := &adapter{of: a, accepts: c.accepts(field, a.Accepts), notify: map[string]exchange{}}
	if len(a.Requires) > maxRequires {
		c.tell(field+".requires", "range", "has too many paths")
	} else {
		for i, text := range a.Requires {
			made.needs = append(made.needs, need{text, c.path(field+".requires["+strconv.Itoa(i)+"]", text)})
		}
	}
	made.assess = c.exchange(field+".assess", a.Assess.Exchange)
	c.answer(field+".assess.answer", a.Assess.Answer, made)
	made.receives = slices.Clone(c.discloses)
	if len(a.Notify) > maxNotify {
		c.tell(field+".notify", "range", "has too many kinds")
		return nil, c.problems
	}
	for _, kind := range sortedKeys(a.Notify) {
		if !slices.Contains(kinds(), kind) {
			c.tell(field+".notify"+step(kind), "unknown", "is no kind of notification; known are "+strings.Join(kinds(), ", "))
			continue
		}
		if numbers, _ := c.apart(func() { made.notify[kind] = c.exchange(field+".notify."+kind, a.Notify[kind]) }); numbers {
			c.tell(field+".notify."+kind, "format", "cannot tell an account number: it is not kept until then")
		}
	}
	made.secrets = c.secrets
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return made, nil
}

// kinds are what backends can be told.
func kinds() []string {
	return []string{string(payment.Authorization), string(payment.Capture), string(payment.Refund), string(payment.Void),
		string(payment.Chargeback), string(payment.FraudReport), string(payment.Failed), "resolution"}
}

func (c *compiler) accepts(field string, list []payment.CredentialType) map[string]bool {
	accepts := map[string]bool{}
	for i, t := range list {
		if !slices.Contains([]payment.CredentialType{payment.PAN, payment.MaskedPAN, payment.SEPA}, t) {
			c.tell(field+".accepts["+strconv.Itoa(i)+"]", "unknown", "is no credential type; known are pan, masked_pan, sepa")
			continue
		}
		accepts["assess."+string(t)] = true
	}
	if len(accepts) == 0 {
		accepts["assess"] = true
	}
	return accepts
}

// path compiles an expression that stands without braces.
func (c *compiler) path(field, text string) expression {
	e, err := parsePath(text)
	if err != nil {
		c.tell(field, "format", err.Error())
	}
	return e
}

func (c *compiler) exchange(field string, x Exchange) exchange {
	made := exchange{method: x.Method, headers: map[string]part{}}
	switch x.Method {
	case "":
		made.method = http.MethodPost
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodGet:
	default:
		c.tell(field+".method", "unknown", "must be POST, PUT, PATCH or GET")
	}
	made.url = c.url(field+".url", x.URL)
	if len(x.Headers) > maxHeaders {
		c.tell(field+".headers", "range", "has too many headers")
		return made
	}
	for _, name := range sortedKeys(x.Headers) {
		made.headers[name] = c.header(field+".headers"+step(name), name, x.Headers[name])
	}
	if len(x.Body) > 0 {
		body, err := decodeNumbers(x.Body)
		if err != nil {
			c.tell(field+".body", "format", "is no JSON")
			return made
		}
		if made.method == http.MethodGet {
			c.tell(field+".body", "format", "a GET has no body")
		}
		made.body = c.part(field+".body", body, 0)
	}
	return made
}

// url compiles what follows the base URL. Whatever stands in a payment stays one step or one value of it.
func (c *compiler) url(field, text string) part {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || len(text) > 2048 {
		c.tell(field, "format", `must begin with one "/": it follows the integration's base_url`)
		return constant{""}
	}
	var made part
	numbers, secrets := c.apart(func() { made = c.text(field, text, escapeURL) })
	if numbers || secrets {
		c.tell(field, "format", "cannot hold a secret or an account number: addresses stand in logs of others")
	}
	texts, _, _ := cutHoles(text)
	u, err := url.Parse(strings.Join(texts, "x"))
	if err != nil || strings.ContainsAny(strings.Join(texts, ""), "#\\ ") || slices.Contains(strings.Split(u.Path, "/"), "..") {
		c.tell(field, "format", `must be a path and a query, without fragment, backslash, space or ".."`)
	}
	return made
}

// escapeURL escapes a value for where it stands: before is the text before it.
func escapeURL(before, value string) (string, bool) {
	if strings.Contains(before, "?") {
		return url.QueryEscape(value), true
	}
	return url.PathEscape(value), value != "" && value != "." && value != ".."
}

func (c *compiler) header(field, name, text string) part {
	switch strings.ToLower(name) {
	case "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect":
		c.tell(field, "format", "cannot be set")
	}
	if !httpguts.ValidHeaderFieldName(name) {
		c.tell(field, "format", "is no name of a header")
	}
	var made part
	if numbers, _ := c.apart(func() { made = c.text(field, text, nil) }); numbers {
		c.tell(field, "format", "cannot hold an account number: it belongs in a body")
	}
	return made
}

func (c *compiler) answer(field string, a Answer, made *adapter) {
	if a.Outcome == nil && a.Score == nil {
		c.tell(field, "required", "needs an outcome or a score")
	}
	if a.Outcome != nil {
		made.outcome = c.source(field+".outcome.path", a.Outcome.Path)
		c.outcomes(field+".outcome", *a.Outcome)
	}
	if a.Score != nil {
		made.score = c.source(field+".score.path", a.Score.Path)
		if a.Score.Scale < 0 || a.Score.Scale > 1_000_000 {
			c.tell(field+".score.scale", "range", "must lie between 1 and 1000000")
		}
	}
	if t := a.Thresholds; t != nil {
		if a.Score == nil {
			c.tell(field+".thresholds", "format", "have no score to read")
		}
		if t.ReviewAt < 0 || t.BlockAt < 0 || t.BlockAt > 0 && t.ReviewAt > t.BlockAt {
			c.tell(field+".thresholds", "range", "must be positive, and review_at at most block_at")
		}
	}
	if a.Reference != "" {
		made.refer = c.source(field+".reference", a.Reference)
	}
}

func (c *compiler) outcomes(field string, o OutcomeReading) {
	if len(o.Map) == 0 || len(o.Map) > maxWords {
		c.tell(field+".map", "required", "must tell the outcome of at least one word, and of not more than "+strconv.Itoa(maxWords))
	}
	for _, word := range sortedKeys(o.Map) {
		if !final(o.Map[word]) {
			c.tell(field+".map"+step(word), "unknown", "must be ALLOW, REVIEW or BLOCK")
		}
	}
	if o.Otherwise != "" && !final(o.Otherwise) {
		c.tell(field+".otherwise", "unknown", "must be ALLOW, REVIEW or BLOCK")
	}
}

func final(o payment.Outcome) bool {
	return o == payment.Allow || o == payment.Review || o == payment.Block
}

// source compiles a path into an answer.
func (c *compiler) source(field, text string) *payment.Path {
	if !strings.HasPrefix(text, "$.") && !strings.HasPrefix(text, "$[") {
		c.tell(field, "format", "must be a path such as $.score")
		return nil
	}
	path, err := payment.ParseSource(text)
	if err != nil {
		c.tell(field, "format", "must be a path such as $.score")
		return nil
	}
	return &path
}
