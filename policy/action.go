package policy

import (
	"time"

	"wayguard/document"
	"wayguard/event"
)

// ActionConfig is one thing that can be done. Which of the fields it may have depends on its kind.
type ActionConfig struct {
	At   document.Mark    `yaml:"-" json:"-"`
	Name string           `yaml:"name"`
	Kind event.ActionKind `yaml:"kind"`
	// When, Specs and Mode make the action a policy of one step. An action that only policies name has no When.
	When  ConditionConfig  `yaml:"when"`
	Specs document.Strings `yaml:"specs"`
	Mode  Mode             `yaml:"mode"`

	// Status, Body, ContentType and Pages are the answer of block, maintenance and rate_limit. Pages are by what the visitor
	// takes: "html", "json", "text", "grpc"; Body with ContentType is for all.
	Status      int               `yaml:"status"`
	Body        string            `yaml:"body"`
	ContentType string            `yaml:"content_type"`
	Pages       map[string]string `yaml:"pages"`
	// Headers are set on an answer of our own.
	Headers map[string]string `yaml:"headers"`
	// Location is a redirect's.
	Location string `yaml:"location"`
	// Wait is a delay's, Spread how much more by chance.
	Wait   time.Duration `yaml:"wait"`
	Spread time.Duration `yaml:"spread"`
	// Limit is a rate_limit's.
	Limit LimitConfig `yaml:"limit"`
	// Request and Response are what a rewrite changes.
	Request  EditConfig `yaml:"request"`
	Response EditConfig `yaml:"response"`
	// HTML is what inject puts in before Before ("</body>" when empty).
	HTML   string `yaml:"html"`
	Before string `yaml:"before"`
	// Check is a challenge's kind, the lowest that will do: one of Checks; "" follows the rating.
	Check string `yaml:"check"`
	// Valid is how long a passed check counts: 1 hour when 0.
	Valid time.Duration `yaml:"valid"`
	// As is what feign feigns: "failure" (default) or "success". Template is what is used before the origin's own answers were
	// seen, or always.
	As       string         `yaml:"as"`
	Template TemplateConfig `yaml:"template"`
	// Origin is the group of origins that a decoy sends requests to.
	Origin string `yaml:"origin"`
	// URL and Secret are a webhook's address and signing secret.
	URL    string `yaml:"url"`
	Secret string `yaml:"secret" json:"-"`
	// Integration is whom notify tells.
	Integration string `yaml:"integration"`
}

// LimitConfig is how often something may happen.
type LimitConfig struct {
	At       document.Mark `yaml:"-" json:"-"`
	Requests int           `yaml:"requests"`
	Per      time.Duration `yaml:"per"`
	// By is what is counted: "session" (default), "device", "person", "account", "address", or an element's name.
	By string `yaml:"by"`
}

// EditConfig is a change of a request or an answer.
type EditConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// Set and Remove are headers.
	Set    map[string]string `yaml:"set"`
	Remove document.Strings  `yaml:"remove"`
	// Fields are values in a JSON or form body.
	Fields []FieldConfig `yaml:"fields"`
}

// FieldConfig is a change of one value in a body. Doing it twice must give what doing it once gives.
type FieldConfig struct {
	At document.Mark `yaml:"-" json:"-"`
	// JSON is a dot path, Form a field's name; one of them is given.
	JSON string `yaml:"json"`
	Form string `yaml:"form"`
	// As is a named format (one of Formats), Value a new value; one of them is given.
	As    string `yaml:"as"`
	Value string `yaml:"value"`
}

// TemplateConfig is a fabricated answer as the operator writes it.
type TemplateConfig struct {
	At      document.Mark     `yaml:"-" json:"-"`
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	// Always uses the template even where answers of the origin were seen.
	Always bool `yaml:"always"`
	// Canaries are fields of the body and the headers, as {name}, that are made up for each session, remembered, and known when they come back:
	// name to shape (CheckShape), such as "order": "digits:8".
	Canaries map[string]string `yaml:"canaries"`
}

// Checks are the kinds of challenge, from the lightest to the heaviest.
func Checks() []string {
	return []string{"cookie", "refresh", "preload", "hints", "proof", "captcha", "second_factor"}
}

// Formats are the formats that FieldConfig.As may name.
func Formats() []string {
	return []string{"trim", "lower", "upper", "digits", "email", "phone", "postal_address"}
}
