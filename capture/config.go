package capture

import (
	"wayguard/document"
	"wayguard/event"
)

// Config is the part of the configuration that capture reads.
type Config struct {
	Specs    []SpecConfig   `yaml:"specs"`
	Sessions SessionsConfig `yaml:"sessions"`
}

// SessionsConfig is the part of the section "sessions" that says where the application keeps its own sessions. The
// section's other keys belong to other rooms: embed this struct where they are decoded together.
type SessionsConfig struct {
	Tokens TokensConfig `yaml:"tokens"`
	// Learn is on unless it is set to false: other cookies are looked at too, and become tokens where the statistics of their
	// names say that their values are keys.
	Learn *bool `yaml:"learn"`
}

// TokensConfig lists where the application's session tokens are; an absent list means DefaultTokens.
type TokensConfig []TokenConfig

// TokenConfig is one place of a session token: a cookie or a header, either name may hold "*".
type TokenConfig struct {
	At     document.Mark `yaml:"-"`
	Cookie string        `yaml:"cookie"`
	Header string        `yaml:"header"`
}

// DefaultTokens are the session cookies of well-known frameworks.
func DefaultTokens() TokensConfig {
	names := []string{"PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", ".AspNetCore.Session", ".AspNetCore.Cookies",
		".ASPXAUTH", "connect.sid", "sid", "sessid", "session", "sessionid", "session_id", "_session_id", "_*_session",
		"*_session", "SESSION", "laravel_session", "ci_session", "wordpress_logged_in_*", "wordpress_sec_*",
		"wp_woocommerce_session_*", "CAKEPHP", "CFID", "CFTOKEN", "frontend", "PrestaShop-*", "SSESS*", "SESS*",
		"next-auth.session-token", "__Secure-next-auth.session-token", "authjs.session-token",
		"__Secure-authjs.session-token", "__Host-session", "__Host-sid", "sails.sid", "koa.sess", "koa:sess"}
	tokens := make(TokensConfig, len(names))
	for i, name := range names {
		tokens[i] = TokenConfig{Cookie: name}
	}
	return tokens
}

// SpecConfig is one spec as written.
type SpecConfig struct {
	At    document.Mark `yaml:"-"`
	Name  string        `yaml:"name"`
	Event string        `yaml:"event"`
	Type  event.Type    `yaml:"type"`
	// Inline holds the request until the engine has answered.
	Inline       bool                     `yaml:"inline"`
	Match        MatchConfig              `yaml:"match"`
	Take         map[string]SourcesConfig `yaml:"take"`
	TakeResponse map[string]SourcesConfig `yaml:"take_response"`
	Outcome      []OutcomeConfig          `yaml:"outcome"`
	Limits       LimitsConfig             `yaml:"limits"`
	// WholeBody has the request's body copied although nothing is taken from it: somebody else looks at it. It is not written by people.
	WholeBody bool `yaml:"-"`
}

// MatchConfig is which exchanges a spec is about; every condition given must hold.
type MatchConfig struct {
	Host        document.Strings            `yaml:"host"`
	Method      document.Strings            `yaml:"method"`
	Path        string                      `yaml:"path"`
	Query       map[string]document.Strings `yaml:"query"`
	Header      map[string]document.Strings `yaml:"header"`
	ContentType document.Strings            `yaml:"content_type"`
	GraphQL     document.Strings            `yaml:"graphql"`
}

// LimitsConfig bounds the copies of the bodies, in bytes; the two of a body are as on the wire.
type LimitsConfig struct {
	RequestBody  document.Bytes `yaml:"request_body"`
	ResponseBody document.Bytes `yaml:"response_body"`
	// Decompressed bounds what either body may grow to when its Content-Encoding is undone.
	Decompressed document.Bytes `yaml:"decompressed"`
}

// SourcesConfig is one source or a list of them; the first that yields a value wins.
type SourcesConfig []SourceConfig

// UnmarshalDocument reads one source or a list of sources.
func (s *SourcesConfig) UnmarshalDocument(n document.Node) document.Problems {
	if n.Kind() == document.List {
		var list []SourceConfig
		problems := n.Decode(&list)
		*s = list
		return problems
	}
	var one SourceConfig
	problems := n.Decode(&one)
	*s = SourcesConfig{one}
	return problems
}

// SourceConfig says where a value is. Exactly one of the places is given.
type SourceConfig struct {
	At document.Mark `yaml:"-"`
	// Path names a parameter of the path pattern.
	Path      *string `yaml:"path"`
	Query     *string `yaml:"query"`
	Header    *string `yaml:"header"`
	Cookie    *string `yaml:"cookie"`
	JSON      *string `yaml:"json"`
	Form      *string `yaml:"form"`
	Multipart *string `yaml:"multipart"`
	// Filename is the name of an uploaded file, by its part's name; the file itself is never read.
	Filename *string `yaml:"filename"`
	XML      *string `yaml:"xml"`
	GraphQL  *string `yaml:"graphql"`
	Constant *string `yaml:"constant"`
	// Transform is applied in order.
	Transform document.Strings `yaml:"transform"`
	// Unit is "major" (12.34) or "minor" (1234); only for money, and major when it is not given.
	Unit string `yaml:"unit"`
	// Currency is where the amount's currency is; only for money.
	Currency SourcesConfig `yaml:"currency"`
}

// OutcomeConfig decides the result when its conditions all hold. The first that holds wins.
type OutcomeConfig struct {
	At     document.Mark `yaml:"-"`
	Result event.Result  `yaml:"result"`
	// Type and Event replace the spec's own where they are given.
	Type  event.Type `yaml:"type"`
	Event string     `yaml:"event"`
	When  WhenConfig `yaml:"when"`
}

// WhenConfig is a set of conditions on the response; every condition given must hold.
type WhenConfig struct {
	Status       document.Strings            `yaml:"status"`
	Redirect     document.Strings            `yaml:"redirect"`
	Header       map[string]document.Strings `yaml:"header"`
	Cookie       document.Strings            `yaml:"cookie"`
	JSON         map[string]document.Strings `yaml:"json"`
	BodyContains document.Strings            `yaml:"body_contains"`
}
