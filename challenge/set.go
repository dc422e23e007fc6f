package challenge

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"wayguard/capture"
	"wayguard/document"
	"wayguard/event"
	"wayguard/policy"
)

// Verifier asks a captcha provider ("hcaptcha", "turnstile") whether a response is good. It has a deadline of its own, of seconds. An
// error means that the provider could not be asked, not that the response is bad.
type Verifier interface {
	Verify(provider, secret, response string, address netip.Addr) (bool, error)
}

// Ask is what a visitor is asked to prove.
type Ask struct {
	// Kind is one of policy.Checks(); empty follows the rating (see ForRating).
	Kind string
	// Rating makes proof and captcha harder.
	Rating event.Rating
	// Valid is how long a pass counts: 1 hour when 0.
	Valid time.Duration
	// Again says that the visitor's last solution was refused (Resumed.Outcome): the page says so, and does not go on by itself.
	Again bool
}

// Page is an answer of our own to a request.
type Page struct {
	Status int
	// Header holds everything but framing.
	Header []capture.Field
	Body   []byte
	// Trailer is for gRPC.
	Trailer []capture.Field
}

// Held is the strongest check that a visitor's cookie proves. The zero Held proves nothing.
type Held struct {
	// Kind is one of policy.Checks(), or empty.
	Kind string
	// Until is when that ends.
	Until time.Time
}

// Result is what became of a request to a path of our own.
type Result string

// The results. The empty Result is of requests that decide nothing: scripts, pictures, paths that do not exist.
const (
	Offered Result = "offered"
	Passed  Result = "passed"
	Refused Result = "refused"
)

// Outcome is a result with its circumstances, for people and for the measure of how many solve a check.
type Outcome struct {
	Check  string
	Result Result
	// Detail says why, such as "too fast" or "provider cannot be reached". Never a value of the visitor's.
	Detail string
	// Rating is the one that the check was offered for.
	Rating event.Rating
	// Took is the time from the offer to the solution.
	Took time.Duration
}

// Resumed is a form that goes on after a check.
type Resumed struct {
	// Body and ContentType are the original's, and replace the request's.
	Body        []byte
	ContentType string
	// SetCookie is the value of the Set-Cookie header for the answer; empty when the check was not passed now. Carry puts it into
	// the request that goes on.
	SetCookie string
	// Outcome says whether the check was passed. The original body comes back even when it was not: who is to be asked again is.
	Outcome Outcome
}

// ResumeLimit is the largest body, in bytes, of a request that Resume may be of interest for.
const ResumeLimit = 112 << 10

var (
	checkPath  = regexp.MustCompile(`^/([A-Za-z0-9._~-]+/)+$`)
	cookieName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
)

// validMost is the longest that a passed check counts.
const validMost = 30 * 24 * time.Hour

// Set offers checks and verifies them, for one configuration. It is safe for concurrent use.
type Set struct {
	keys     []keyring // the current one first
	memory   *memory
	pages    *pages
	verify   Verifier
	path     string
	cookie   string
	names    names
	provider *provider // nil: the built-in captcha
	factor   policy.SecondFactorConfig
}

// New makes the Set of a configuration. key is the installation's secret of 32 bytes; what earlier keys signed stays good until it
// expires. verify may be nil: then captcha providers other than the built-in one are a problem.
func New(key []byte, c policy.MitigationConfig, verify Verifier, earlier ...[]byte) (*Set, document.Problems) {
	s := &Set{memory: newMemory(), verify: verify}
	for _, k := range append([][]byte{key}, earlier...) {
		if len(k) < keyLeast {
			return nil, document.Problems{c.At.Problem("", fmt.Sprintf("the installation's key is %d bytes long, at least %d are needed", len(k), keyLeast), "")}
		}
		ring, err := newKeyring(k)
		if err != nil {
			return nil, document.Problems{c.At.Problem("", err.Error(), "")}
		}
		s.keys = append(s.keys, ring)
	}
	var err error
	if s.pages, err = newPages(); err != nil {
		return nil, document.Problems{c.At.Problem("", err.Error(), "")}
	}
	return s.With(c)
}

// keyLeast is the shortest installation key, in bytes.
const keyLeast = 16

// With is a Set with another configuration that shares what s remembers, so that no solution counts twice across a reload. With
// problems there is no Set.
func (s *Set) With(c policy.MitigationConfig) (*Set, document.Problems) {
	path, cookie := c.CheckPath, c.Cookie
	if path == "" {
		path = "/.well-known/visit/"
	}
	if cookie == "" {
		cookie = "visit"
	}
	var problems document.Problems
	if !checkPath.MatchString(path) {
		problems = append(problems, c.At.Problem("check_path", "must be a path that begins and ends with /, of letters, digits and . _ ~ -", "/.well-known/visit/"))
	}
	if !cookieName.MatchString(cookie) {
		problems = append(problems, c.At.Problem("cookie", "must be 1 to 40 letters, digits, _ or -", "visit"))
	}
	problems = append(problems, s.captchaProblems(c.Captcha)...)
	problems = append(problems, factorProblems(c.SecondFactor)...)
	if len(problems) > 0 {
		return nil, problems
	}
	return &Set{keys: s.keys, memory: s.memory, pages: s.pages, verify: s.verify, path: path, cookie: cookie, names: namesFor(cookie),
		provider: providerFor(c.Captcha.Provider, c.Captcha.SiteKey, c.Captcha.Secret), factor: c.SecondFactor}, nil
}

func (s *Set) captchaProblems(c policy.CaptchaConfig) (problems document.Problems) {
	switch c.Provider {
	case "", "built-in":
		return nil
	case "hcaptcha", "turnstile":
	default:
		return document.Problems{c.At.Problem("provider", fmt.Sprintf("no captcha provider is called %q", c.Provider),
			document.DidYouMean(c.Provider, []string{"built-in", "hcaptcha", "turnstile"}))}
	}
	if c.SiteKey == "" || c.Secret == "" {
		problems = append(problems, c.At.Problem("provider", c.Provider+" needs site_key and secret", ""))
	}
	if s.verify == nil {
		problems = append(problems, c.At.Problem("provider", c.Provider+" cannot be asked here", "use built-in"))
	}
	return problems
}

func factorProblems(c policy.SecondFactorConfig) (problems document.Problems) {
	if c.URL == "" {
		return nil
	}
	u, err := url.Parse(strings.NewReplacer("{return}", "", "{state}", "").Replace(c.URL))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" && (u.Scheme != "" || !strings.HasPrefix(c.URL, "/") || strings.HasPrefix(c.URL, "//")) {
		problems = append(problems, c.At.Problem("url", "must be an http or https address or a path of the site", "/second-factor?return={return}&state={state}"))
	}
	if !strings.Contains(c.URL, "{return}") || !strings.Contains(c.URL, "{state}") {
		problems = append(problems, c.At.Problem("url", "must contain {return} and {state}", "/second-factor?return={return}&state={state}"))
	}
	if len(c.Secret) < keyLeast {
		problems = append(problems, c.At.Problem("secret", fmt.Sprintf("must be at least %d characters long", keyLeast), ""))
	}
	return problems
}
