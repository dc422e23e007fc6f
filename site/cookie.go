package site

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"wayguard/http1"
)

// The bounds of the identity cookie. Chromium keeps no cookie longer than 400 days.
const (
	defaultMaxAge = 365 * 24 * time.Hour
	longestMaxAge = 400 * 24 * time.Hour
	identityBytes = 36
)

// cookie is a compiled identity cookie: what stands before and after the value in Set-Cookie.
type cookie struct{ name, before, after string }

func (c *compiler) cookie(config *Config) *cookie {
	given := config.IdentityCookie
	place(&given.At, config.At.Child("identity_cookie"))
	if given.Name == "" {
		given.Name = DefaultCookieName
	}
	if !token(given.Name) || len(given.Name) > 64 {
		c.tell(given.At.Problem("name", "must be a cookie's name: letters, digits, - and _", ""))
	}
	if given.MaxAge == 0 {
		given.MaxAge = defaultMaxAge
	}
	if given.MaxAge < time.Second || given.MaxAge > longestMaxAge {
		c.tell(given.At.Problem("max_age", "must be from 1s to 400d", ""))
	}
	attributes := "; Path=/; Max-Age=" + strconv.FormatInt(int64(given.MaxAge/time.Second), 10)
	if given.Domain != "" {
		attributes += "; Domain=" + c.cookieDomain(config, given)
	}
	attributes += "; HttpOnly"
	if !given.Insecure {
		attributes += "; Secure"
	}
	sites := map[string]string{"": "Lax", "lax": "Lax", "strict": "Strict", "none": "None"}
	sameSite, known := sites[strings.ToLower(given.SameSite)]
	if !known {
		c.tell(given.At.Problem("same_site", "must be lax, strict or none", ""))
	}
	if sameSite == "None" && given.Insecure {
		c.tell(given.At.Problem("same_site", "browsers refuse none without Secure", ""))
	}
	if !given.On {
		return nil
	}
	return &cookie{name: given.Name, before: given.Name + "=", after: attributes + "; SameSite=" + sameSite}
}

// cookieDomain checks that browsers of at least one of the site's hosts would take the cookie.
func (c *compiler) cookieDomain(config *Config, given CookieConfig) string {
	domain := strings.ToLower(strings.TrimPrefix(given.Domain, "."))
	if !wellFormed(domain) || numeric([]byte(domain)) || !strings.Contains(domain, ".") {
		c.tell(given.At.Problem("domain", "must be a domain of at least two labels", ""))
		return domain
	}
	for _, text := range config.Hosts {
		form, err := parseHost(text)
		if err != nil || form.any || form.name == domain || strings.HasSuffix(form.name, "."+domain) {
			return domain
		}
	}
	if len(config.Hosts) > 0 {
		c.tell(given.At.Problem("domain", "none of the site's hosts lies in this domain, so that browsers refuse the cookie", ""))
	}
	return domain
}

// sent is the identity that the visitor's cookies hold, the first that has the right form.
func (k *cookie) sent(fields []http1.Field) string {
	for i := range fields {
		if !equalFold(fields[i].Name, "cookie") {
			continue
		}
		for rest := fields[i].Value; rest != ""; {
			pair := rest
			if semicolon := strings.IndexByte(rest, ';'); semicolon >= 0 {
				pair, rest = rest[:semicolon], rest[semicolon+1:]
			} else {
				rest = ""
			}
			pair = strings.Trim(pair, " \t")
			if value, found := strings.CutPrefix(pair, k.before); found && isIdentity(value) {
				return value
			}
		}
	}
	return ""
}

// isIdentity says whether a text has the form of a UUID.
func isIdentity(text string) bool {
	if len(text) != identityBytes {
		return false
	}
	for i := range len(text) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (text[i] == '-') || !dash && !isHex(text[i]) {
			return false
		}
	}
	return true
}

// newIdentity is a random UUID (RFC 9562 section 5.4).
func newIdentity(random [16]byte) string {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	digits := hex.EncodeToString(random[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// ResponseFields is what is added to a final response to a request of the given method: AddResponse, for a visitor without an
// identity the cookie, and on pages the request for client hints. fields are the response's own.
func (d *Directive) ResponseFields(method string, status int, fields []http1.Field) []http1.Field {
	return d.withHints(d.withIdentity(method, status, fields), method, status, fields)
}

// withIdentity is AddResponse and the cookie.
//
// The cookie is set only where no shared cache may keep the response, else one visitor's identity would become that of
// everybody who is served from the cache, and a cache that is careful would stop keeping it: see private.
func (d *Directive) withIdentity(method string, status int, fields []http1.Field) []http1.Field {
	if d.cookie == nil || d.Identity != "" || d.random == nil || status < 200 || status == 304 {
		return d.AddResponse
	}
	if !private(method, fields) || d.cookie.setBy(fields) {
		return d.AddResponse
	}
	d.Identity = newIdentity(d.random())
	set := http1.Field{Name: "Set-Cookie", Value: d.cookie.before + d.Identity + d.cookie.after}
	return append(d.AddResponse[:len(d.AddResponse):len(d.AddResponse)], set)
}

// setBy says whether the application sets a cookie of the same name itself.
func (k *cookie) setBy(fields []http1.Field) bool {
	for i := range fields {
		if equalFold(fields[i].Name, "set-cookie") && strings.HasPrefix(fields[i].Value, k.before) {
			return true
		}
	}
	return false
}

// private says whether no shared cache may keep a response (RFC 9111 section 3). One that says nothing may be kept by a
// cache's own judgement where the method is GET or HEAD. What speaks to caches by another header than Cache-Control
// (RFC 9213, Surrogate-Control, X-Accel-Expires) is taken for a yes, whatever it says.
func private(method string, fields []http1.Field) bool {
	closed, open := false, false
	for i := range fields {
		name := fields[i].Name
		switch {
		case equalFold(name, "cache-control"):
			mine, theirs := cacheDirectives(fields[i].Value)
			closed, open = closed || mine, open || theirs
		case equalFold(name, "surrogate-control"), equalFold(name, "x-accel-expires"), targeted(name):
			return false
		case equalFold(name, "expires") && method != "GET" && method != "HEAD":
			open = true
		}
	}
	return !open && (closed || method != "GET" && method != "HEAD")
}

// targeted says whether a name is that of a targeted cache control: CDN-Cache-Control or a maker's own.
func targeted(name string) bool {
	const suffix = "cdn-cache-control"
	return len(name) >= len(suffix) && equalFold(name[len(name)-len(suffix):], suffix)
}

// cacheDirectives says whether Cache-Control closes a response to shared caches, and whether it opens it to any. "private"
// with an argument is about single headers, and not all caches understand it. "must-understand" lets a cache disregard
// "no-store".
func cacheDirectives(value string) (closed, open bool) {
	for item := range strings.SplitSeq(value, ",") {
		name, _, argument := strings.Cut(strings.Trim(item, " \t"), "=")
		name = strings.TrimRight(name, " \t")
		switch {
		case equalFold(name, "no-store"), equalFold(name, "private") && !argument:
			closed = true
		case equalFold(name, "public"), equalFold(name, "s-maxage"), equalFold(name, "must-understand"):
			open = true
		}
	}
	return closed, open
}
