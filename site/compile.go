package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/http1"
)

// The bounds of a configuration.
const (
	mostSites  = 1000
	mostRoutes = 200
	mostHosts  = 10000
	mostKeys   = 8
)

// Set is the compiled sites. A nil Set is one without sites.
type Set struct {
	hosts hostIndex
	// appended holds every appended domain of any site.
	appended map[string]bool
	unknown  UnknownHost
	// drop is for requests to hosts that no site names: nobody's control headers leave the house.
	drop    func(name string) bool
	origins []originUse
	answers setAnswers
}

// setAnswers are those that belong to no site.
type setAnswers struct{ badHost, unknownHost, unsigned *Answer }

// originUse is where an origin is named.
type originUse struct {
	name string
	at   document.Mark
	path string
}

// site is one compiled site.
type site struct {
	name      string
	mode      Mode
	origin    string
	keepHost  bool
	host      string
	routes    []route
	appended  map[string]bool
	controls  controls
	required  string
	health    string
	anywhere  bool
	pauseTo   string
	answers   siteAnswers
	handled   []http1.Field
	cookie    *cookie
	hints     bool
	sidechain *sidechainUse
}

// siteAnswers are the ones made once for all requests; nil where there is none.
type siteAnswers struct{ health, mirror, refusal, pause, failure, loop *Answer }

type route struct {
	name    string
	path    pattern
	methods []string
	mode    Mode
	origin  string
}

// Compile checks the sites whole and builds the set of them. With any problem the set is of no use.
func Compile(configs []Config, unknown UnknownHost) (*Set, document.Problems) {
	c := &compiler{names: map[string]document.Mark{}, hosts: map[string]document.Mark{}}
	if unknown == "" {
		unknown = ForwardUnknown
	}
	if unknown != ForwardUnknown && unknown != RefuseUnknown {
		c.tell(document.At("").Problem("unknown_host", "must be forward or refuse", ""))
	}
	if unknown == RefuseUnknown && len(configs) == 0 {
		c.tell(document.At("").Problem("unknown_host", "without sites every host is unknown, and all would be refused", ""))
	}
	if len(configs) > mostSites {
		c.tell(document.At("").Problem("sites", fmt.Sprintf("there are more than %d sites", mostSites), ""))
		configs = configs[:mostSites]
	}
	c.set = &Set{unknown: unknown, appended: map[string]bool{},
		hosts:   hostIndex{exact: map[string]*site{}, below: map[string]*site{}},
		answers: setAnswers{badHost: plainAnswer(400), unknownHost: plainAnswer(421), unsigned: plainAnswer(503)}}
	configs = slices.Clone(configs)
	for i := range configs {
		place(&configs[i].At, document.At(fmt.Sprintf("sites[%d]", i)))
		c.site(&configs[i])
	}
	c.separate(configs)
	c.set.drop = dropper(c.control)
	return c.set, c.problems
}

// place gives a configuration made in Go a mark to tell problems by.
func place(at *document.Mark, otherwise document.Mark) {
	if *at == (document.Mark{}) {
		*at = otherwise
	}
}

// compiler collects the problems of one configuration.
type compiler struct {
	set          *Set
	names, hosts map[string]document.Mark
	control      []string
	problems     document.Problems
}

func (c *compiler) tell(p document.Problem) { c.problems = append(c.problems, p) }

func (c *compiler) site(config *Config) {
	s := &site{origin: config.Origin, appended: map[string]bool{}}
	c.identity(config, s)
	c.hostNames(config, s)
	s.mode = c.mode(config.At, config.Mode, Active)
	c.use(config.At, "origin", config.Origin)
	c.upstreamHost(config, s)
	c.routes(config, s)
	c.appendedDomains(config, s)
	c.worker(config, s)
	c.healthCheck(config, s)
	s.cookie = c.cookie(config)
	s.hints = config.ClientHints
	c.sidechain(config, s)
	c.pages(config, s)
	for _, name := range s.controls.names() {
		if !slices.Contains(c.control, name) {
			c.control = append(c.control, name)
		}
	}
}

func (c *compiler) identity(config *Config, s *site) {
	s.name = config.Name
	if s.name == "" && len(config.Hosts) > 0 {
		s.name = config.Hosts[0]
	} else if s.name == "" {
		s.name = "*"
	}
	if len(s.name) > 128 || strings.ContainsFunc(s.name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		c.tell(config.At.Problem("name", "must be at most 128 bytes of plain text", ""))
	}
	if earlier, taken := c.names[s.name]; taken {
		c.tell(config.At.Problem("name", fmt.Sprintf("the name %q is taken by the site at %s", s.name, earlier), ""))
	}
	c.names[s.name] = config.At
}

func (c *compiler) hostNames(config *Config, s *site) {
	hosts := config.Hosts
	if len(hosts) == 0 {
		hosts = document.Strings{"*"}
	}
	for i, text := range hosts {
		at := fmt.Sprintf("hosts[%d]", i)
		if len(config.Hosts) == 0 {
			at = "hosts"
		}
		form, err := parseHost(text)
		if err != nil {
			c.tell(config.At.Problem(at, err.Error(), ""))
			continue
		}
		key := fmt.Sprintf("%s %t %t", form.name, form.below, form.any)
		if earlier, taken := c.hosts[key]; taken {
			c.tell(config.At.Problem(at, fmt.Sprintf("never reached: the host %q is taken by the site at %s", text, earlier), ""))
			continue
		}
		if c.hosts[key] = config.At; len(c.hosts) == mostHosts+1 {
			c.tell(config.At.Problem(at, fmt.Sprintf("the sites have more than %d hosts", mostHosts), ""))
		}
		switch {
		case form.any:
			c.set.hosts.any = s
		case form.below:
			c.set.hosts.below[form.name] = s
		default:
			c.set.hosts.exact[form.name] = s
		}
	}
}

func (c *compiler) mode(at document.Mark, mode, otherwise Mode) Mode {
	if mode == "" {
		return otherwise
	}
	if !slices.Contains(modes(), string(mode)) {
		c.tell(at.Problem("mode", fmt.Sprintf("no such mode %q", mode), suggestMode(string(mode))))
	}
	return mode
}

func suggestMode(mode string) string {
	if near := document.DidYouMean(mode, modes()); near != "" {
		return near
	}
	return "known: " + strings.Join(modes(), ", ")
}

func (c *compiler) use(at document.Mark, path, origin string) {
	if origin != "" {
		c.set.origins = append(c.set.origins, originUse{name: origin, at: at, path: path})
	}
}

// keepWord in place of a host's name means the visitor's.
const keepWord = "keep"

func (c *compiler) upstreamHost(config *Config, s *site) {
	switch config.Host {
	case "":
	case keepWord:
		s.keepHost = true
	default:
		s.host = config.Host
		name, ok := bareName(config.Host)
		if !ok || !wellFormed(strings.ToLower(name)) && !strings.HasPrefix(name, "[") {
			c.tell(config.At.Problem("host", `must be "keep" or a host name, with a port where it needs one`, ""))
		}
	}
}

func (c *compiler) routes(config *Config, s *site) {
	if len(config.Routes) > mostRoutes {
		c.tell(config.At.Problem("routes", fmt.Sprintf("there are more than %d routes", mostRoutes), ""))
		return
	}
	names := map[string]bool{}
	for i := range config.Routes {
		r := &config.Routes[i]
		place(&r.At, config.At.Child(fmt.Sprintf("routes[%d]", i)))
		one := route{name: r.Name, methods: r.Methods, origin: r.Origin}
		if one.name == "" {
			one.name = strings.Join(append(slices.Clone(r.Methods), r.Path), " ")
		}
		if names[one.name] && r.Name != "" {
			c.tell(r.At.Problem("name", fmt.Sprintf("another route of the site is named %q", one.name), ""))
		}
		names[one.name] = true
		one.mode = c.mode(r.At, r.Mode, "")
		c.use(r.At, "origin", r.Origin)
		if r.Mode == "" && r.Origin == "" {
			c.tell(r.At.Problem("", "changes nothing: a route needs a mode or an origin", ""))
		}
		for j, method := range r.Methods {
			if method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
				c.tell(r.At.Problem(fmt.Sprintf("methods[%d]", j), fmt.Sprintf("%q is no method", method),
					fmt.Sprintf("write %q", strings.ToUpper(method))))
			}
		}
		var err error
		if one.path, err = parsePattern(r.Path); err != nil {
			c.tell(r.At.Problem("path", err.Error(), ""))
			continue
		}
		for j := range s.routes {
			if s.routes[j].covers(&one) {
				c.tell(r.At.Problem("", fmt.Sprintf("never reached: the route %q before it takes all its requests", s.routes[j].name),
					"put the narrower route first"))
				break
			}
		}
		s.routes = append(s.routes, one)
	}
}

// covers says whether every request that fits other also fits r. A false may be wrong, a true never is.
func (r *route) covers(other *route) bool {
	if len(r.methods) > 0 {
		if len(other.methods) == 0 {
			return false
		}
		for _, method := range other.methods {
			if !slices.Contains(r.methods, method) {
				return false
			}
		}
	}
	return r.path.covers(other.path)
}

// Origins are the names of origins that the sites use, sorted.
func (s *Set) Origins() []string {
	names := map[string]bool{}
	for _, use := range s.origins {
		names[use.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// CheckOrigins tells every place that names an origin that is not among the known ones.
func (s *Set) CheckOrigins(known []string) document.Problems {
	var problems document.Problems
	for _, use := range s.origins {
		if !slices.Contains(known, use.name) {
			problems = append(problems, use.at.Problem(use.path, fmt.Sprintf("no such origin %q", use.name),
				document.DidYouMean(use.name, known)))
		}
	}
	return problems
}
