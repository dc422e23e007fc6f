package capture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
)

// maxSpecs bounds a configuration.
const maxSpecs = 2000

// Compile checks a configuration whole and builds the set of its specs. The set holds the specs that have no problems;
// a caller that wants all or nothing looks at the problems.
func Compile(cfg Config, n *element.Normaliser, knowledge Knowledge) (*Set, document.Problems) {
	c := compiler{normaliser: n, catalogue: n.Catalogue(), known: element.Default(), names: map[string]document.Mark{}}
	shared := newTools(n, knowledge, c.tokens(cfg.Sessions))
	set := &Set{}
	if len(cfg.Specs) > maxSpecs {
		c.problems = append(c.problems, document.Problem{Path: "specs",
			Message: fmt.Sprintf("there are more than %d specs", maxSpecs)})
		cfg.Specs = cfg.Specs[:maxSpecs]
	}
	var marks []document.Mark
	for i := range cfg.Specs {
		config := &cfg.Specs[i]
		if config.At == (document.Mark{}) {
			config.At = document.At(fmt.Sprintf("specs[%d]", i))
		}
		before := len(c.problems)
		spec := c.spec(config)
		spec.tools = shared
		if len(c.problems) == before {
			set.specs, marks = append(set.specs, spec), append(marks, config.At)
		}
	}
	c.shadows(set.specs, marks)
	room := maxCandidates
	set.branch = newBranch(set.specs, 0, &room)
	set.settle()
	return set, c.problems
}

// compiler collects the problems of one configuration.
type compiler struct {
	normaliser *element.Normaliser
	catalogue  *element.Catalogue
	// known also holds the elements that are switched off: specs that take them are right, and take nothing.
	known    *element.Catalogue
	names    map[string]document.Mark
	problems document.Problems
}

func (c *compiler) tell(p document.Problem) { c.problems = append(c.problems, p) }

func (c *compiler) spec(config *SpecConfig) *Spec {
	s := &Spec{name: config.Name, event: config.Event, kind: config.Type}
	c.identity(config)
	s.match = c.matcher(config)
	s.request = c.takes(config, config.At.Child("take"), config.Take, false)
	s.response = c.takes(config, config.At.Child("take_response"), config.TakeResponse, true)
	for i := range config.Outcome {
		s.outcomes = append(s.outcomes, c.outcome(config, i))
	}
	s.own = Needs{Inline: config.Inline, Undecided: len(s.match.graphql) > 0,
		RequestLimit:  c.limit(config, "limits.request_body", config.Limits.RequestBody),
		ResponseLimit: c.limit(config, "limits.response_body", config.Limits.ResponseBody)}
	s.own.RequestBody = s.own.Undecided || config.WholeBody || needBody(s.request)
	s.ownUnpacked = c.unpacked(config, s.own)
	s.arrange()
	s.own.ResponseBody = needBody(s.response) ||
		slices.ContainsFunc(s.outcomes, func(o outcome) bool { return o.needsBody() })
	return s
}

// identity checks the name, the event's name and its type.
func (c *compiler) identity(config *SpecConfig) {
	at := config.At
	switch earlier, taken := c.names[config.Name]; {
	case config.Name == "":
		c.tell(at.Problem("name", "a spec needs a name", ""))
	case len(config.Name) > 128:
		c.tell(at.Problem("name", "is longer than 128 bytes", ""))
	case taken:
		c.tell(at.Problem("name", fmt.Sprintf("the name %q is taken by the spec at %s", config.Name, earlier), ""))
	default:
		c.names[config.Name] = at
	}
	switch {
	case config.Event == "":
		c.tell(at.Problem("event", "a spec needs an event name", ""))
	case len(config.Event) > 256:
		c.tell(at.Problem("event", "is longer than 256 bytes", ""))
	}
	c.eventType(at, "type", config.Type, true)
}

func (c *compiler) eventType(at document.Mark, path string, kind event.Type, needed bool) {
	if kind.Known() && kind != event.PaymentDecision || kind == "" && !needed {
		return
	}
	known := make([]string, 0, len(event.Types()))
	for _, info := range event.Types() {
		if info.Type != event.PaymentDecision {
			known = append(known, string(info.Type))
		}
	}
	message := fmt.Sprintf("no such event type %q", kind)
	if kind == event.PaymentDecision {
		message = "events of this type are made by the decision API, not by specs"
	}
	if kind == "" {
		message = "a spec needs an event type"
	}
	c.tell(at.Problem(path, message, document.DidYouMean(string(kind), known)))
}

func (c *compiler) limit(config *SpecConfig, path string, limit document.Bytes) int {
	switch {
	case limit == 0:
		return defaultBodyLimit
	case limit < 0 || limit > maxBodyLimit:
		c.tell(config.At.Problem(path, fmt.Sprintf("must be between 1B and %s", document.Bytes(maxBodyLimit)), ""))
	}
	return int(limit)
}

// unpacked are the limits of decompressed bodies. A visitor waits for what is read of an inline request, so that it may
// not become longer than a body may be that is not compressed; otherwise a body may grow to some times its length.
func (c *compiler) unpacked(config *SpecConfig, needs Needs) unpackedLimits {
	given := config.Limits.Decompressed
	switch {
	case given < 0 || given > maxBodyLimit*expansionFactor:
		c.tell(config.At.Problem("limits.decompressed", fmt.Sprintf("must be between 1B and %s", document.Bytes(maxBodyLimit*expansionFactor)), ""))
	case given > 0:
		return unpackedLimits{int(given), int(given)}
	}
	limits := unpackedLimits{needs.RequestLimit * expansionFactor, needs.ResponseLimit * expansionFactor}
	if needs.Inline {
		limits.request = needs.RequestLimit
	}
	return limits
}

func needBody(list []take) bool {
	needs := func(s source) bool { return s.kind.needsBody() }
	for _, t := range list {
		for _, s := range t.sources {
			if needs(s) || slices.ContainsFunc(s.currency, needs) {
				return true
			}
		}
		for _, part := range t.parts {
			if slices.ContainsFunc(part.sources, needs) {
				return true
			}
		}
	}
	return false
}

func (c *compiler) matcher(config *SpecConfig) matcher {
	m, at := matcher{graphql: config.Match.GraphQL}, config.At.Child("match")
	m.path = c.path(at, config.Match.Path)
	for i, host := range config.Match.Host {
		if host == "" || strings.ContainsAny(host, "/: ") && !strings.HasPrefix(host, "[") {
			c.tell(at.Problem(fmt.Sprintf("host[%d]", i), "must be a host name without scheme and port", ""))
		}
		m.hosts = append(m.hosts, newGlob(host, true))
	}
	for i, method := range config.Match.Method {
		if safeMethod(method) != method {
			c.tell(at.Problem(fmt.Sprintf("method[%d]", i), fmt.Sprintf("%q is no method", method),
				fmt.Sprintf("write %q", strings.ToUpper(method))))
		}
		m.methods = append(m.methods, method)
	}
	for _, name := range slices.Sorted(maps.Keys(config.Match.Query)) {
		m.query = append(m.query, c.condition(at.Child("query"), name, config.Match.Query[name], false))
	}
	for _, name := range slices.Sorted(maps.Keys(config.Match.Header)) {
		m.header = append(m.header, c.condition(at.Child("header"), name, config.Match.Header[name], true))
	}
	for _, media := range config.Match.ContentType {
		if !strings.ContainsAny(media, "/*") || strings.Contains(media, ";") {
			c.tell(at.Problem("content_type", "must be a media type without parameters, such as application/json", ""))
		}
		m.contentTypes = append(m.contentTypes, newGlob(media, true))
	}
	c.graphql(at, config)
	return m
}

func (c *compiler) path(at document.Mark, source string) pattern {
	p, err := parsePattern(source)
	if err != nil {
		suggestion := ""
		if source != "" && source[0] != '/' {
			suggestion = fmt.Sprintf("write %q", "/"+source)
		}
		c.tell(at.Problem("path", err.Error(), suggestion))
	}
	return p
}

func (c *compiler) graphql(at document.Mark, config *SpecConfig) {
	for i, name := range config.Match.GraphQL {
		if name == "" || strings.ContainsAny(name, " *{}()") {
			c.tell(at.Problem(fmt.Sprintf("graphql[%d]", i), "must be the name of an operation or of a root field", ""))
		}
	}
	if len(config.Match.GraphQL) == 0 {
		return
	}
	for _, media := range config.Match.ContentType {
		if media == "application/x-www-form-urlencoded" || media == "multipart/form-data" {
			c.tell(at.Problem("content_type", "no GraphQL request is read from a form", "write application/json"))
		}
	}
}

func (c *compiler) condition(at document.Mark, name string, values []string, folded bool) condition {
	if len(values) == 0 {
		c.tell(at.Problem(name, "has no value", `write "*" for any value or "!" for none`))
	}
	return newCondition(name, values, folded)
}

func (c *compiler) tokens(sessions SessionsConfig) tokenPlaces {
	configs := sessions.Tokens
	if configs == nil {
		configs = DefaultTokens()
	}
	places := tokenPlaces{cookies: map[string]struct{}{}, learn: sessions.Learn == nil || *sessions.Learn}
	for i, config := range configs {
		if config.At == (document.Mark{}) {
			config.At = document.At(fmt.Sprintf("sessions.tokens[%d]", i))
		}
		name := config.Cookie + config.Header
		if (config.Cookie == "") == (config.Header == "") || strings.Trim(name, "*") == "" {
			c.tell(config.At.Problem("", "must name one cookie or one header", "write cookie: or header:"))
			continue
		}
		// Names of cookies are compared exactly, those of headers without regard to case.
		switch {
		case config.Header != "":
			places.headers = append(places.headers, newGlob(name, true))
		case strings.Contains(name, "*"):
			places.globs = append(places.globs, newGlob(name, false))
		default:
			places.cookies[name] = struct{}{}
		}
	}
	return places
}
