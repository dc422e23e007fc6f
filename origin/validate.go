package origin

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"wayguard/document"
)

// DefaultName is how the default group is called where a name must be written: as a fallback, and in metrics.
const DefaultName = "default"

// Bounds on the configuration.
const (
	maxGroups      = 256
	maxEndpoints   = 256 // of one group, counted in addresses while it runs
	maxWeight      = 100
	maxRetries     = 5
	maxConnections = 1 << 20
)

var groupName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Validate tells every problem of the operator's list of groups. It reads no file. The default group, which is made from
// other keys, may be fallen back to by the name "default".
func Validate(configs []Config) document.Problems {
	return append(each(configs), fallbacks(configs)...)
}

// each tells the problems of every group by itself, and of names.
func each(configs []Config) document.Problems {
	var problems document.Problems
	if len(configs) > maxGroups {
		problems = append(problems, configs[maxGroups].At.Problem("", fmt.Sprintf("more than %d origins", maxGroups), ""))
	}
	first := map[string]document.Mark{}
	for _, c := range configs {
		v := &validation{mark: c.At}
		v.name(c.Name)
		if before, twice := first[c.Name]; twice && c.Name != "" {
			v.tell("name", fmt.Sprintf("%q is the name of another origin, at %s", c.Name, before), "")
		} else {
			first[c.Name] = c.At
		}
		v.group(c)
		problems = append(problems, v.problems...)
	}
	return problems
}

// fallbacks finds names that nobody has, and circles.
func fallbacks(configs []Config) document.Problems {
	var problems document.Problems
	next, names := map[string]string{}, []string{DefaultName}
	for _, c := range configs {
		next[c.Name] = c.Fallback
		names = append(names, c.Name)
	}
	for _, c := range configs {
		switch {
		case c.Fallback == "":
			continue
		case c.Fallback == c.Name:
			problems = append(problems, c.At.Problem("fallback", "an origin cannot be its own fallback", ""))
			continue
		case !slices.Contains(names, c.Fallback):
			problems = append(problems, c.At.Problem("fallback", fmt.Sprintf("there is no origin %q", c.Fallback),
				document.DidYouMean(c.Fallback, names)))
			continue
		}
		for steps, at := 0, c.Fallback; at != "" && steps <= len(configs); steps, at = steps+1, next[at] {
			if at == c.Name {
				problems = append(problems, c.At.Problem("fallback", "the fallbacks go round in a circle", "let one of them have none"))
				break
			}
		}
	}
	return problems
}

type validation struct {
	mark     document.Mark
	problems document.Problems
}

func (v *validation) tell(path, message, suggestion string) {
	v.problems = append(v.problems, v.mark.Problem(path, message, suggestion))
}

func (v *validation) name(name string) {
	switch {
	case name == "":
		v.tell("name", "missing: what sites and routes call this origin", "")
	case name == DefaultName:
		v.tell("name", "\"default\" is the origin of proxy.origin", "choose another name")
	case !groupName.MatchString(name):
		v.tell("name", "must be of a-z, 0-9, \"-\" and \"_\", at most 64, and begin with a letter or digit", "")
	}
}

// group checks everything but the name.
func (v *validation) group(c Config) {
	v.endpoints(c)
	v.word("balance", string(c.Balance), string(BalanceRandom), string(BalanceEven), string(BalanceLeastConnections))
	v.word("protocol", string(c.Protocol), string(ProtocolHTTP1), string(ProtocolH2), string(ProtocolH2C), string(ProtocolAuto))
	v.word("tls.min_version", c.TLS.MinVersion, "1.2", "1.3")
	v.security(c)
	v.sticky(c.Sticky)
	v.duration("connect_timeout", c.ConnectTimeout, time.Millisecond, time.Hour)
	v.duration("response_timeout", c.ResponseTimeout, 0, 24*time.Hour)
	v.duration("idle_timeout", c.IdleTimeout, time.Second, 24*time.Hour)
	v.duration("slow_start", c.SlowStart, 0, time.Hour)
	v.duration("resolve_interval", c.ResolveInterval, time.Second, 24*time.Hour)
	v.count("idle_connections", c.IdleConnections, 0, maxConnections)
	v.count("connections", c.Connections, 0, maxConnections)
	v.count("retries", c.Retries, 0, maxRetries)
	v.count("panic_percent", c.PanicPercent, 0, 100)
	v.health(c.Health)
	v.count("outlier.failures", c.Outlier.Failures, 0, 1_000_000)
	v.count("outlier.max_percent", c.Outlier.MaxPercent, 0, 100)
	v.duration("outlier.base_ejection", c.Outlier.BaseEjection, time.Second, 24*time.Hour)
	v.duration("outlier.max_ejection", c.Outlier.MaxEjection, max(time.Second, c.Outlier.BaseEjection), 24*time.Hour)
}

func (v *validation) endpoints(c Config) {
	if len(c.Endpoints) == 0 {
		v.tell("endpoints", "missing: where the application runs", "such as http://10.0.0.1:8080")
	}
	if len(c.Endpoints) > maxEndpoints {
		v.tell("endpoints", fmt.Sprintf("more than %d", maxEndpoints), "")
	}
	seen := map[string]bool{}
	for i, e := range c.Endpoints {
		at := fmt.Sprintf("endpoints[%d]", i)
		place, problem, suggestion := parsePlace(e.URL)
		if problem != "" {
			v.tell(at, problem, suggestion)
			continue
		}
		if seen[place.String()] {
			v.tell(at, "is named twice", "give it a weight instead")
		}
		seen[place.String()] = true
		v.count(at+".weight", e.Weight, 1, maxWeight)
		v.scheme(at, place, c)
	}
}

// scheme finds protocols that the URL contradicts.
func (v *validation) scheme(at string, p place, c Config) {
	switch {
	case c.Protocol == ProtocolH2 && !p.secure:
		v.tell(at, "h2 needs https", "protocol: h2c is HTTP/2 without TLS")
	case c.Protocol == ProtocolH2C && p.secure:
		v.tell(at, "h2c needs http", "protocol: h2 is HTTP/2 over TLS")
	}
}

func (v *validation) security(c Config) {
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		v.tell("tls", "certificate and key belong together", "")
	}
	if c.ServerName != "" && !validHost(c.ServerName) {
		v.tell("server_name", "is no host name", "such as origin.example.com, without scheme and port")
	}
	if c.ServerNameFromHost && c.ServerName != "" {
		v.tell("server_name_from_host", "cannot be had together with server_name", "")
	}
	if c.ServerNameFromHost && c.Protocol == ProtocolAuto {
		v.tell("server_name_from_host", "cannot be had with protocol auto", "write http1 or h2")
	}
}

func (v *validation) sticky(s StickyConfig) {
	if s.Cookie != "" && !httpguts.ValidHeaderFieldName(s.Cookie) {
		v.tell("sticky.cookie", "is no name of a cookie", "")
	}
	if s.Header != "" && !httpguts.ValidHeaderFieldName(s.Header) {
		v.tell("sticky.header", "is no name of a header", "")
	}
}

func (v *validation) health(h HealthConfig) {
	if h.Path == "" {
		if h.Host != "" {
			v.tell("health.path", "missing: nothing is asked without it", "such as /healthz")
		}
		return
	}
	if u, err := url.ParseRequestURI(h.Path); err != nil || h.Path[0] != '/' || u.Fragment != "" {
		v.tell("health.path", "must be a path", "such as /healthz")
	}
	if h.Host != "" && !httpguts.ValidHostHeader(h.Host) {
		v.tell("health.host", "is no host", "")
	}
	v.duration("health.interval", h.Interval, 250*time.Millisecond, time.Hour)
	v.duration("health.timeout", h.Timeout, 10*time.Millisecond, time.Hour)
	v.count("health.healthy", h.Healthy, 1, 1000)
	v.count("health.unhealthy", h.Unhealthy, 1, 1000)
	if len(h.Status) == 0 {
		v.tell("health.status", "missing: which answers are good", "such as 200-399")
	}
	for i, text := range h.Status {
		if _, err := parseStatuses([]string{text}); err != nil {
			v.tell(fmt.Sprintf("health.status[%d]", i), "must be a status or a range of them", "such as 200 or 200-399")
		}
	}
}

func (v *validation) word(path, word string, known ...string) {
	if slices.Contains(known, word) {
		return
	}
	suggestion := document.DidYouMean(word, known)
	if path == "balance" && word == "weighted" {
		suggestion = "weights count in each of them"
	}
	v.tell(path, "must be one of "+strings.Join(known, ", "), suggestion)
}

func (v *validation) duration(path string, d, least, most time.Duration) {
	if d < least || d > most {
		v.tell(path, fmt.Sprintf("must be between %s and %s", least, most), "")
	}
}

func (v *validation) count(path string, n, least, most int) {
	if n < least || n > most {
		v.tell(path, fmt.Sprintf("must be between %d and %d", least, most), "")
	}
}

// place is where a configured endpoint is.
type place struct {
	secure bool
	host   string // lower case, IPv6 without brackets
	port   uint16
}

func (p place) scheme() string {
	if p.secure {
		return "https"
	}
	return "http"
}

// authority is host and port as in a URL.
func (p place) authority() string { return p.withHost(p.host) }

// String is the URL with its port.
func (p place) String() string { return p.scheme() + "://" + p.authority() }

// withHost is host and port as in a URL, with another host.
func (p place) withHost(host string) string { return net.JoinHostPort(host, strconv.Itoa(int(p.port))) }

// hostHeader is the HTTP Host of the place's own: without a port that the scheme implies.
func (p place) hostHeader() string {
	if p.secure && p.port == 443 || !p.secure && p.port == 80 {
		if strings.Contains(p.host, ":") {
			return "[" + p.host + "]"
		}
		return p.host
	}
	return p.authority()
}

// parsePlace reads an endpoint's URL. What it complains about never quotes the URL, which may hold a password.
func parsePlace(text string) (p place, problem, suggestion string) {
	if text == "" {
		return p, "names no URL", "such as http://10.0.0.1:8080"
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Scheme == "" || parsed.Hostname() == "":
		return p, "not a URL with a host", "such as http://10.0.0.1:8080"
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		return p, "the scheme must be http or https", "HTTP/2 is chosen by protocol"
	case parsed.User != nil:
		return p, "must not hold a user name or a password", ""
	case parsed.Path != "" && parsed.Path != "/", parsed.RawQuery != "" || parsed.ForceQuery, parsed.Fragment != "":
		return p, "must end after host and port: paths are forwarded as they came", ""
	case !validHost(parsed.Hostname()):
		return p, "the host is no host name and no address", ""
	}
	p = place{secure: parsed.Scheme == "https", host: strings.ToLower(parsed.Hostname()), port: 80}
	if p.secure {
		p.port = 443
	}
	if text := parsed.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return p, "the port must be between 1 and 65535", ""
		}
		p.port = uint16(port)
	}
	return p, "", ""
}
