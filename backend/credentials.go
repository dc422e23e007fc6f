package backend

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"wayguard/payment"
)

// Credentials are how an integration's calls prove who we are; as JSON they are what is sealed in decision.Integration.
type Credentials struct {
	// Type is "none" (also where it is empty), "basic", "bearer", "header", "hmac_sha256" or "oauth2_client_credentials".
	Type string `json:"type,omitempty"`
	// Username and Password are of basic.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// Token is of bearer; Prefix goes before it, "Bearer" where it is empty.
	Token  string `json:"token,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	// Header names the header of a header credential and of a signature (x-hmac-signature where it is empty), Value is of the former.
	Header string `json:"header,omitempty"`
	Value  string `json:"value,omitempty"`
	// Key signs the body; the signature is written in hex, or as Encoding says in "base64". With TimestampHeader, that header carries the
	// time in Unix seconds, and what is signed is the time, a dot and the body.
	Key             string `json:"key,omitempty"`
	Encoding        string `json:"encoding,omitempty"`
	TimestampHeader string `json:"timestamp_header,omitempty"`
	// TokenURL, ClientID, ClientSecret, Scope and Audience are of OAuth 2 client credentials (RFC 6749, section 4.4).
	TokenURL     string `json:"token_url,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	Scope        string `json:"scope,omitempty"`
	Audience     string `json:"audience,omitempty"`
	// Fields are secrets that templates name as $secret.<name>.
	Fields map[string]string `json:"fields,omitempty"`
}

// oauth2 is the type whose tokens are fetched.
const oauth2 = "oauth2_client_credentials"

// String hides the credentials, and with them their %v.
func (Credentials) String() string { return "(hidden)" }

// GoString hides them from %#v.
func (Credentials) GoString() string { return "(hidden)" }

// maxCredentials bounds their JSON, in bytes.
const maxCredentials = 16 << 10

// parseCredentials reads credentials and tells what is wrong with them; none are of type none.
func parseCredentials(field string, data []byte) (Credentials, []payment.Problem) {
	var c Credentials
	if len(data) == 0 {
		return c, nil
	}
	if problems := decodeStrictly(field, data, maxCredentials, &c); len(problems) > 0 {
		return Credentials{}, problems
	}
	problems := c.problems(field)
	return c, problems
}

// wants are the fields that each type must have.
func wants() map[string][]string {
	return map[string][]string{"": nil, "none": nil, "basic": {"username"}, "bearer": {"token"}, "header": {"header", "value"},
		"hmac_sha256": {"key"}, oauth2: {"token_url", "client_id", "client_secret", "scope"}}
}

func (c Credentials) problems(field string) []payment.Problem {
	var problems []payment.Problem
	tell := func(key, code, message string) {
		problems = append(problems, payment.Problem{Field: field + key, Code: code, Message: message})
	}
	must, ok := wants()[c.Type]
	if !ok {
		tell(".type", "unknown", "must be none, basic, bearer, header, hmac_sha256 or "+oauth2)
	}
	values := map[string]string{"username": c.Username, "token": c.Token, "header": c.Header, "value": c.Value, "key": c.Key,
		"token_url": c.TokenURL, "client_id": c.ClientID, "client_secret": c.ClientSecret, "scope": c.Scope}
	for _, key := range must {
		if values[key] == "" {
			tell("."+key, "required", "is missing")
		}
	}
	for _, one := range []struct{ key, value string }{{"token", c.Token}, {"prefix", c.Prefix}, {"value", c.Value}} {
		if !httpguts.ValidHeaderFieldValue(one.value) {
			tell("."+one.key, "format", "cannot stand in a header")
		}
	}
	for _, one := range []struct{ key, value string }{{"header", c.Header}, {"timestamp_header", c.TimestampHeader}} {
		if one.value != "" && !httpguts.ValidHeaderFieldName(one.value) {
			tell("."+one.key, "format", "is no name of a header")
		}
	}
	if c.Encoding != "" && c.Encoding != "hex" && c.Encoding != "base64" {
		tell(".encoding", "unknown", "must be hex or base64")
	}
	if c.TokenURL != "" {
		if message := wrongAddress(c.TokenURL); message != "" {
			tell(".token_url", "format", message)
		}
	}
	for _, name := range sortedKeys(c.Fields) {
		if !plainName(name) {
			tell(".fields", "format", "has a name that is not made of letters, digits, dashes and underscores")
		}
	}
	return problems
}

// wrongAddress tells what is wrong with an address that is called; empty for nothing.
func wrongAddress(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "must be an https address, or an http one inside the walls"
	case u.User != nil:
		return "must hold no user or password"
	case u.RawQuery != "" || u.Fragment != "":
		return "must have no query and no fragment"
	}
	return ""
}

// secrets are the texts that must stand nowhere; short ones would be found in anything.
func (c Credentials) all() []string {
	var all []string
	add := func(value string) {
		if len(value) >= 6 {
			all = append(all, value)
		}
	}
	for _, value := range []string{c.Password, c.Token, c.Value, c.Key, c.ClientSecret} {
		add(value)
	}
	if c.Type == "basic" && c.Password == "" {
		add(c.Username) // an API key
	}
	for _, name := range sortedKeys(c.Fields) {
		add(c.Fields[name])
	}
	return all
}

// sign puts the credentials on a request, those of OAuth 2 aside.
func (c Credentials) sign(r *http.Request, body []byte, now time.Time) {
	switch c.Type {
	case "basic":
		r.SetBasicAuth(c.Username, c.Password)
	case "bearer":
		r.Header.Set("Authorization", cmp.Or(c.Prefix, "Bearer")+" "+c.Token)
	case "header":
		r.Header.Set(c.Header, c.Value)
	case "hmac_sha256":
		mac := hmac.New(sha256.New, []byte(c.Key))
		if c.TimestampHeader != "" {
			at := strconv.FormatInt(now.Unix(), 10)
			r.Header.Set(c.TimestampHeader, at)
			mac.Write([]byte(at + "."))
		}
		mac.Write(body)
		sum := mac.Sum(nil)
		text := hex.EncodeToString(sum)
		if c.Encoding == "base64" {
			text = base64.StdEncoding.EncodeToString(sum)
		}
		r.Header.Set(cmp.Or(c.Header, "x-hmac-signature"), strings.TrimSpace(c.Prefix+" "+text))
	}
}
