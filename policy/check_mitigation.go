package policy

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/event"
)

// The bounds of what holds for all policies.
const (
	mostLists      = 500
	mostEntries    = 10_000
	mostDecoys     = 64
	longestPath    = 200
	shortestSecret = 16
	shortestKeep   = time.Hour
	longestKeep    = 400 * 24 * time.Hour
)

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// plainPath is a path that no two readers read differently.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_.~-]+)+/?$`)

var cookieForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Check tells every problem of what holds for all policies, and what the actions need of it. No secret is told.
func (c MitigationConfig) Check(actions []ActionConfig, n Names) document.Problems {
	k := &checker{actions: actions, names: n}
	k.allow(c)
	k.checkPath(c)
	k.captcha(c.Captcha)
	k.secondFactor(c)
	k.decoys(c)
	k.sink(c.Sink)
	return k.problems
}

func (c *checker) allow(m MitigationConfig) {
	if len(m.Allow) > mostLists {
		c.problem(m.At, "allow", fmt.Sprintf("there are more than %d lists", mostLists), "")
		return
	}
	taken := map[string]document.Mark{}
	for i := range m.Allow {
		c.allowed(&m.Allow[i], taken)
	}
}

// allowed checks one list. A list that says only where it holds would let everybody through.
func (c *checker) allowed(a *AllowConfig, taken map[string]document.Mark) {
	c.name(a.At, "a list", a.Name, taken)
	entries := len(a.Addresses) + len(a.Crawlers) + len(a.Agents) + len(a.Labels)
	for _, values := range a.Elements {
		entries += len(values)
	}
	if entries == 0 {
		c.problem(a.At, "", "the list is empty: it would let everybody through, or nobody", "addresses, crawlers, agents, labels or elements")
	}
	if entries > mostEntries {
		c.problem(a.At, "", fmt.Sprintf("the list has more than %d entries", mostEntries), "")
		return
	}
	for n, text := range a.Addresses {
		c.prefix(a.At, fmt.Sprintf("addresses[%d]", n), text)
	}
	c.words(a.At, "crawlers", a.Crawlers)
	c.words(a.At, "agents", a.Agents)
	labels := slices.Concat(c.names.Labels, c.names.Signatures)
	for n, name := range a.Labels {
		if !slices.Contains(labels, name) {
			c.problem(a.At, fmt.Sprintf("labels[%d]", n), fmt.Sprintf("no rule places the label %q", name), document.DidYouMean(name, labels))
		}
	}
	for _, name := range keysInOrder(a.Elements) {
		if len(c.names.Elements) > 0 && !slices.Contains(c.names.Elements, name) {
			c.problem(a.At, "elements."+name, "there is no such element", document.DidYouMean(name, c.names.Elements))
		}
		c.words(a.At, "elements."+name, a.Elements[name])
	}
	c.specs(a.At, a.Specs)
	if _, err := time.Parse(time.RFC3339, a.Until); a.Until != "" && err != nil {
		c.problem(a.At, "until", "a list ends at a moment, with its zone", `such as "2026-12-31T18:00:00Z"`)
	}
}

// words refuses entries that nobody meets. They may be people's names, and are not told.
func (c *checker) words(at document.Mark, path string, words []string) {
	for n, word := range words {
		if strings.TrimSpace(word) != word || word == "" || !printable(word) {
			c.problem(at, fmt.Sprintf("%s[%d]", path, n), "an entry is one line, without spaces around it", "")
		}
	}
}

func (c *checker) prefix(at document.Mark, path, text string) {
	prefix, err := ParsePrefix(text)
	switch {
	case err != nil:
		c.problem(at, path, fmt.Sprintf("%.60q is no address and no prefix", text), "such as 192.0.2.7 or 192.0.2.0/24")
	case prefix.Bits() == 0:
		c.problem(at, path, "this is every address: the list would let everybody through", "")
	}
}

// ParsePrefix reads an address or a prefix as allow lists have them; an address is a prefix of its full length. Bits beyond
// the prefix are dropped, and IPv4 written as IPv6 is IPv4.
func ParsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		if address.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%.60q has a zone", text)
		}
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

func (c *checker) checkPath(m MitigationConfig) {
	if m.CheckPath != "" && (!plainPath.MatchString(m.CheckPath) || !strings.HasSuffix(m.CheckPath, "/") || dotted(m.CheckPath)) {
		c.problem(m.At, "check_path", "the path of our own pages begins and ends with a slash, and is not all of the site", DefaultCheckPath)
	}
	if m.Cookie != "" && !cookieForm.MatchString(m.Cookie) {
		c.problem(m.At, "cookie", "a cookie's name is letters, digits, dashes and underscores, at most 40 of them", "")
	}
}

// dotted says that a path has a segment that browsers resolve, or is too long.
func dotted(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return len(path) > longestPath
}

func (c *checker) captcha(p CaptchaConfig) {
	providers := []string{BuiltInCaptcha, HCaptcha, Turnstile}
	switch {
	case p.Provider != "" && !slices.Contains(providers, p.Provider):
		c.problem(p.At, "provider", fmt.Sprintf("there is no provider %.100q", p.Provider), oneOf(p.Provider, providers))
	case p.Provider == HCaptcha || p.Provider == Turnstile:
		c.needed(p.At, "site_key", p.SiteKey, "the provider needs the site's key")
		c.needed(p.At, "secret", p.Secret, "the provider needs the secret that answers are verified with")
	case p.SiteKey != "" || p.Secret != "":
		c.problem(p.At, "provider", "the built-in check has no keys", "hcaptcha or turnstile")
	}
}

// secondFactor checks how the application takes over, and that it does where an action says so.
func (c *checker) secondFactor(m MitigationConfig) {
	s := m.SecondFactor
	if s.URL == "" && s.Secret == "" {
		for i := range c.actions {
			if a := &c.actions[i]; a.Kind == event.SecondFactor || a.Check == string(event.SecondFactor) {
				c.problem(a.At, "kind", "a second factor needs mitigation.second_factor, with url and secret", "")
			}
		}
		return
	}
	// The parts in braces are no address yet.
	parsed, err := url.Parse(strings.NewReplacer("{return}", "r", "{state}", "s").Replace(s.URL))
	switch {
	case err != nil || !web(parsed) && !local(s.URL) || !printable(s.URL) || len(s.URL) > longestAnswer:
		c.problem(s.At, "url", "the application's address is an https address, or a path that begins with one slash", "/second-factor?return={return}&state={state}")
	case !strings.Contains(s.URL, "{return}") || !strings.Contains(s.URL, "{state}"):
		c.problem(s.At, "url", "the application must learn where to send the visitor back, and the one-time word to sign", "put {return} and {state} in it")
	}
	if len(s.Secret) < shortestSecret {
		c.problem(s.At, "secret", fmt.Sprintf("the secret that signs the return has at least %d characters", shortestSecret), "")
	}
}

func (c *checker) decoys(m MitigationConfig) {
	if len(m.Decoys) > mostDecoys {
		c.problem(m.At, "decoys", fmt.Sprintf("there are more than %d decoys", mostDecoys), "")
		return
	}
	taken, places := map[string]document.Mark{}, map[string]string{}
	for i := range m.Decoys {
		d := &m.Decoys[i]
		c.name(d.At, "a decoy", d.Name, taken)
		c.decoy(d, m.Complete().CheckPath)
		if earlier, known := places[d.Path+"\x00"+d.Field]; known {
			c.problem(d.At, "", fmt.Sprintf("this is the decoy %q once more", earlier), "")
			continue
		}
		places[d.Path+"\x00"+d.Field] = d.Name
	}
}

func (c *checker) decoy(d *DecoyConfig, own string) {
	switch {
	case (d.Path == "") == (d.Field == ""):
		c.problem(d.At, "", "a decoy is a link (path) or a form field (field), one of them", "")
	case d.Path != "" && (!plainPath.MatchString(d.Path) || strings.Contains(d.Path, "..") || dotted(d.Path)):
		c.problem(d.At, "path", "a decoy's path is one that the site does not have, such as /account/export-all", "")
	case d.Path != "" && strings.HasPrefix(d.Path, own):
		c.problem(d.At, "path", "this path is below check_path, and answered by the checks", "")
	case d.Field != "" && !fieldName.MatchString(d.Field):
		c.problem(d.At, "field", "a form field's name is letters, digits, dashes and underscores, and begins with a letter", "")
	}
	if len(d.Pages) == 0 {
		c.problem(d.At, "pages", "a decoy needs the pages that get it", `"/{rest...}" is all of them`)
	}
	for n, page := range d.Pages {
		if !local(page) || !printable(page) || len(page) > longestPath || strings.ContainsAny(page, " ?#") {
			c.problem(d.At, fmt.Sprintf("pages[%d]", n), "a page's path begins with one slash", `such as "/account/{rest...}"`)
		}
	}
}

func (c *checker) sink(s SinkConfig) {
	if s.Keep != "" && s.Keep != KeepHashes && s.Keep != KeepNothing {
		c.problem(s.At, "keep", fmt.Sprintf("the sink does not keep %.100q", s.Keep), "write hashes or nothing")
	}
	if s.For != 0 && (s.For < shortestKeep || s.For > longestKeep) {
		c.problem(s.At, "for", "the sink keeps what was submitted for 1h to 400d", "")
	}
}
