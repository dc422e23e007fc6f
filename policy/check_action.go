package policy

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/event"
)

// The bounds of an action.
const (
	longestWait   = 30 * time.Second
	shortestValid = time.Minute
	longestValid  = 30 * 24 * time.Hour
	mostRequests  = 1_000_000
	longestPer    = 24 * time.Hour
	longestBefore = 200
)

// keysOf are the keys that each kind of action may have beside name, kind, when, specs and mode.
func keysOf() map[event.ActionKind][]string {
	return map[event.ActionKind][]string{
		event.Drop:         {},
		event.Block:        {"status", "body", "content_type", "pages", "headers"},
		event.Maintenance:  {"status", "body", "content_type", "pages", "headers"},
		event.Redirect:     {"status", "location", "headers"},
		event.Feign:        {"as", "template"},
		event.Decoy:        {"origin"},
		event.Challenge:    {"check", "valid"},
		event.SecondFactor: {"valid"},
		event.RateLimit:    {"status", "body", "content_type", "pages", "headers", "limit"},
		event.Delay:        {"wait", "spread"},
		event.Rewrite:      {"request", "response"},
		event.Inject:       {"html", "before"},
		event.Tag:          {},
		event.Webhook:      {"url", "secret"},
		event.Notify:       {"integration"},
	}
}

// Keys are the keys that an action of the kind may have beside name, kind, when, specs and mode, sorted.
func Keys(kind event.ActionKind) []string { return sorted(keysOf()[kind]) }

// givenKeys are the keys among those of some kinds only that the operator wrote.
func (a *ActionConfig) givenKeys() []string {
	var given []string
	for _, key := range []struct {
		name  string
		given bool
	}{
		{"status", a.Status != 0}, {"body", a.Body != ""}, {"content_type", a.ContentType != ""}, {"pages", len(a.Pages) > 0},
		{"headers", len(a.Headers) > 0}, {"location", a.Location != ""}, {"wait", a.Wait != 0}, {"spread", a.Spread != 0},
		{"limit", a.Limit.given()}, {"request", a.Request.given()}, {"response", a.Response.given()}, {"html", a.HTML != ""},
		{"before", a.Before != ""}, {"check", a.Check != ""}, {"valid", a.Valid != 0}, {"as", a.As != ""},
		{"template", a.Template.given()}, {"origin", a.Origin != ""}, {"url", a.URL != ""}, {"secret", a.Secret != ""},
		{"integration", a.Integration != ""},
	} {
		if key.given {
			given = append(given, key.name)
		}
	}
	return given
}

func (l LimitConfig) given() bool { return l.Requests != 0 || l.Per != 0 || l.By != "" }
func (e EditConfig) given() bool  { return len(e.Set)+len(e.Remove)+len(e.Fields) > 0 }

func (t TemplateConfig) given() bool {
	return t.Status != 0 || t.Body != "" || t.Always || len(t.Headers)+len(t.Canaries) > 0
}

// action checks one action but for its name and whether anything asks for it.
func (c *checker) action(a *ActionConfig) {
	c.mode(a.At, a.Mode)
	c.specs(a.At, a.Specs)
	c.condition(a.At, a.When, a.Kind)
	allowed, known := keysOf()[a.Kind]
	if !known {
		kinds := make([]string, 0, len(event.ActionKinds()))
		for _, kind := range event.ActionKinds() {
			kinds = append(kinds, string(kind))
		}
		c.problem(a.At, "kind", fmt.Sprintf("there is no kind of action %.100q", string(a.Kind)), oneOf(string(a.Kind), kinds))
		return
	}
	for _, key := range a.givenKeys() {
		if !slices.Contains(allowed, key) {
			c.problem(a.At, key, fmt.Sprintf("%s belongs to actions of kind %s", key, strings.Join(kindsWith(key), ", ")), "")
		}
	}
	c.kind(a)
}

// kindsWith are the kinds that have the key.
func kindsWith(key string) []string {
	var with []string
	for _, kind := range event.ActionKinds() {
		if slices.Contains(keysOf()[kind], key) {
			with = append(with, string(kind))
		}
	}
	return with
}

// kind checks what is peculiar to the action's kind.
func (c *checker) kind(a *ActionConfig) {
	switch a.Kind {
	case event.Block, event.Maintenance:
		c.answer(a)
	case event.RateLimit:
		c.answer(a)
		c.limit(a)
	case event.Redirect:
		c.redirect(a)
	case event.Feign:
		c.feign(a)
	case event.Decoy:
		c.needed(a.At, "origin", a.Origin, "a decoy needs the group of origins that answers")
	case event.Challenge, event.SecondFactor:
		c.check(a)
	case event.Delay:
		c.delay(a)
	case event.Rewrite:
		c.rewrite(a)
	case event.Inject:
		c.inject(a)
	case event.Webhook:
		c.webhook(a)
	case event.Notify:
		c.needed(a.At, "integration", a.Integration, "a message needs the integration that carries it")
	}
}

func (c *checker) needed(at document.Mark, path, value, message string) {
	if value == "" {
		c.problem(at, path, message, "")
	}
}

// answer checks a refusal of our own.
func (c *checker) answer(a *ActionConfig) {
	c.status(a.At, "status", a.Status)
	if hollow(a.Status) && (a.Body != "" || len(a.Pages) > 0) {
		c.problem(a.At, "status", fmt.Sprintf("an answer with status %d has no body", a.Status), "")
	}
	if a.Body != "" && len(a.Pages) > 0 {
		c.problem(a.At, "pages", "body is for everybody and pages are by what the visitor takes: give one of them", "")
	}
	if a.ContentType != "" && a.Body == "" {
		c.problem(a.At, "content_type", "content_type is that of body, and there is none", "")
	}
	if !printable(a.ContentType) || len(a.ContentType) > longestName {
		c.problem(a.At, "content_type", "a content type is one short line", "")
	}
	c.text(a.At, "body", a.Body, nil)
	for _, key := range keysInOrder(a.Pages) {
		if !slices.Contains(PageKinds(), key) {
			c.problem(a.At, "pages."+key, "nothing is taken as this", oneOf(key, PageKinds()))
		}
		c.text(a.At, "pages."+key, a.Pages[key], nil)
	}
	if strings.ContainsAny(a.Pages["grpc"], "\r\n") {
		c.problem(a.At, "pages.grpc", "a gRPC message is one line", "")
	}
	c.headers(a.At, "headers", a.Headers, nil)
	c.ownContentType(a.At, "headers", a.Headers)
}

// PageKinds are what a visitor may take, the keys of ActionConfig.Pages.
func PageKinds() []string { return []string{"html", "json", "text", "grpc"} }

func (c *checker) status(at document.Mark, path string, status int) {
	if status != 0 && (status < 200 || status > 599) {
		c.problem(at, path, "an answer's status lies between 200 and 599", "")
	}
}

// hollow are the statuses whose answers have no body.
func hollow(status int) bool { return status == 204 || status == 205 || status == 304 }

func (c *checker) limit(a *ActionConfig) {
	limit := a.Limit
	if limit.Requests < 1 || limit.Requests > mostRequests {
		c.problem(a.At, "limit.requests", fmt.Sprintf("a limit is from 1 to %d requests", mostRequests), "")
	}
	if limit.Per < time.Second || limit.Per > longestPer {
		c.problem(a.At, "limit.per", "a limit's time is from 1s to 24h", "")
	}
	known := slices.Concat(scopes(), c.names.Elements)
	if limit.By != "" && !slices.Contains(known, limit.By) && (len(c.names.Elements) > 0 || !elementForm(limit.By)) {
		c.problem(a.At, "limit.by", fmt.Sprintf("nothing is counted by %.100q", limit.By), near(limit.By, known, "session, device, person, account, address or an element"))
	}
}

// near suggests a near word, else says what is known.
func near(word string, known []string, otherwise string) string {
	if found := document.DidYouMean(word, known); found != "" {
		return found
	}
	return otherwise
}

func scopes() []string {
	return []string{string(ScopeSession), string(ScopeDevice), string(ScopePerson), string(ScopeAccount), string(ScopeAddress)}
}

func (c *checker) redirect(a *ActionConfig) {
	if !slices.Contains([]int{0, 301, 302, 303, 307, 308}, a.Status) {
		c.problem(a.At, "status", "a redirect's status is 301, 302, 303, 307 or 308", "")
	}
	parsed, err := url.Parse(a.Location)
	switch {
	case a.Location == "":
		c.problem(a.At, "location", "a redirect needs a location", "")
	case len(a.Location) > longestAnswer || !printable(a.Location) || strings.ContainsAny(a.Location, " \\"):
		c.problem(a.At, "location", "a location is one line of at most 4096 bytes, without spaces and backslashes", "")
	case err != nil || !web(parsed) && !local(a.Location):
		c.problem(a.At, "location", "a location is an https address, or a path that begins with one slash", "")
	default:
		c.placeholders(a.At, "location", a.Location, nil)
	}
	c.headers(a.At, "headers", a.Headers, nil)
}

// web says that an address is a whole one of the web.
func web(u *url.URL) bool { return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" }

// local says that an address is a path of the site itself. A path that begins with two slashes is another host.
func local(path string) bool { return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") }

func (c *checker) check(a *ActionConfig) {
	if a.Check != "" && !slices.Contains(Checks(), a.Check) {
		c.problem(a.At, "check", fmt.Sprintf("there is no check %.100q", a.Check), oneOf(a.Check, Checks()))
	}
	if a.Valid != 0 && (a.Valid < shortestValid || a.Valid > longestValid) {
		c.problem(a.At, "valid", "a passed check counts for 1m to 30d", "")
	}
}

func (c *checker) delay(a *ActionConfig) {
	if a.Wait <= 0 || a.Wait > longestWait {
		c.problem(a.At, "wait", "a delay is more than nothing and at most 30s", "")
	} else if a.Spread < 0 || a.Spread > longestWait-a.Wait {
		c.problem(a.At, "spread", "wait and spread together are at most 30s", "")
	}
}

func (c *checker) inject(a *ActionConfig) {
	c.needed(a.At, "html", a.HTML, "there is nothing to inject")
	c.text(a.At, "html", a.HTML, nil)
	if len(a.Before) > longestBefore || !printable(a.Before) || a.Before != "" && strings.TrimSpace(a.Before) == "" {
		c.problem(a.At, "before", "what content is put in before is a piece of one line of the page, of at most 200 bytes", "</head> or </body>")
	}
}

func (c *checker) webhook(a *ActionConfig) {
	if parsed, err := url.Parse(a.URL); err != nil || !web(parsed) {
		// The address itself may carry a secret, so it is not told.
		c.problem(a.At, "url", "a webhook needs an https address", "")
	}
}
