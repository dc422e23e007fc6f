package backend

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"wayguard/payment"
)

// scope is what placeholders are filled from.
type scope struct {
	tree payment.Tree
	// item is the present element of a list.
	item any
	// credential is the payment's, empty for a notification. number and iban are empty unless it is of that type and they are still
	// known: what waited for an asynchronous backend through a restart has lost them.
	credential         payment.CredentialType
	number, iban       payment.Secret
	firstSix, lastFour string
	secrets            map[string]string
	now                time.Time
}

// scope is what a backend may be told of a payment: everything but its metadata, and of what is for single backends its own.
func (s *site) scope(r *payment.Request, l *line) *scope {
	tree := make(payment.Tree, len(r.Tree)+1)
	for key, value := range r.Tree {
		tree[key] = value
	}
	delete(tree, "metadata")
	delete(tree, "backend_data")
	for _, name := range []string{l.name, l.id, s.of.Slug} {
		if own, ok := r.BackendData[name]; ok {
			tree["backend_data"] = map[string]any(own)
			break
		}
	}
	about := &scope{tree: tree, credential: r.Credential.Type, secrets: s.credentials.Fields, now: s.pool.deps.Now()}
	switch r.Credential.Type {
	case payment.PAN:
		about.firstSix, about.lastFour = r.Credential.FirstSix, r.Credential.LastFour
		if n := string(r.Credential.Number); len(n) >= 12 && n == digits(n) {
			about.number, about.firstSix, about.lastFour = r.Credential.Number, n[:6], n[len(n)-4:]
		}
	case payment.SEPA:
		if n := string(r.Credential.IBAN); len(n) >= 15 && n == alphanumeric(n) {
			about.iban = r.Credential.IBAN
		}
	}
	return about
}

// with is the scope for one element of a list.
func (s *scope) with(item any) *scope {
	inner := *s
	inner.item = item
	return &inner
}

// root is where a path begins.
type root int

const (
	ofPayment root = iota // $.transaction.amount
	ofItem                // $item.name
	ofSecret              // $secret.api_key
	ofPAN                 // $pan
	ofIBAN                // $iban
	ofNow                 // $now
)

// expression is a path with filters.
type expression struct {
	root    root
	path    payment.Path
	whole   bool // the root itself
	secret  string
	filters []filter
}

var (
	errPath   = errors.New("is no path: write $.a.b, $item.a, $secret.name, $pan, $iban or $now")
	errSecret = errors.New("is no path: a secret is named as $secret.name")
	errMeta   = errors.New("metadata is never sent to backends")
)

// parsePath reads an expression without filters.
func parsePath(text string) (expression, error) {
	text = strings.TrimSpace(text)
	switch text {
	case "$pan":
		return expression{root: ofPAN}, nil
	case "$iban":
		return expression{root: ofIBAN}, nil
	case "$now":
		return expression{root: ofNow}, nil
	case "$item":
		return expression{root: ofItem, whole: true}, nil
	}
	if name, ok := strings.CutPrefix(text, "$secret."); ok {
		if !plainName(name) {
			return expression{}, errSecret
		}
		return expression{root: ofSecret, secret: name}, nil
	}
	e := expression{}
	if rest, ok := strings.CutPrefix(text, "$item"); ok {
		e.root, text = ofItem, "$"+rest
	}
	if !strings.HasPrefix(text, "$.") && !strings.HasPrefix(text, "$[") {
		return expression{}, errPath
	}
	if e.root == ofPayment && (text == "$.metadata" || strings.HasPrefix(text, "$.metadata.") || strings.HasPrefix(text, "$.metadata[")) {
		return expression{}, errMeta
	}
	parse := payment.ParsePath
	if e.root == ofItem || text == "$.backend_data" || strings.HasPrefix(text, "$.backend_data.") || strings.HasPrefix(text, "$.backend_data[") {
		// What is for this backend alone is hidden from rules, not from it.
		parse = payment.ParseSource
	}
	path, err := parse(text)
	if err != nil {
		return expression{}, errPath // its own error may tell the text
	}
	e.path = path
	return e, nil
}

// plainName says whether a text is a name: letters, digits, underscores and dashes.
func plainName(text string) bool {
	if text == "" || len(text) > 64 {
		return false
	}
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// find is the value, after the filters; false where there is none.
func (e expression) find(s *scope) (any, bool) {
	value, ok := e.start(s)
	for _, f := range e.filters {
		value, ok = f.apply(value, ok)
	}
	return value, ok && value != nil
}

func (e expression) start(s *scope) (any, bool) {
	switch e.root {
	case ofPAN:
		return string(s.number), s.number != ""
	case ofIBAN:
		return string(s.iban), s.iban != ""
	case ofSecret:
		value, ok := s.secrets[e.secret]
		return value, ok
	case ofNow:
		return s.now.UTC().Format(time.RFC3339Nano), true
	case ofItem:
		if e.whole {
			return s.item, s.item != nil
		}
		inner, ok := s.item.(map[string]any)
		if !ok {
			return nil, false
		}
		return payment.Lookup(inner, e.path)
	}
	return payment.Lookup(s.tree, e.path)
}

// scalar is a value as text; false for lists, objects and null.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case int:
		return strconv.Itoa(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case interface{ Int64() (int64, error) }: // json.Number
		return v.(interface{ String() string }).String(), true
	}
	return "", false
}
