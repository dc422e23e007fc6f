package site

import (
	"strings"
)

// Decide says what is to be done with a request. It allocates nothing for a request that is forwarded as it came.
func (s *Set) Decide(r *Request) Directive {
	d := Directive{Mode: Active, Host: r.Host, Inspect: true, ForwardedFor: r.PeerTrusted, random: r.Random}
	if s == nil || s.hosts.any == nil && len(s.hosts.exact)+len(s.hosts.below) == 0 {
		return d
	}
	d.Drop = s.drop
	found := s.locate(r.Host)
	if found.refuse != nil {
		return d.answered(found.refuse, found.reason)
	}
	if found.site == nil {
		if s.unknown == RefuseUnknown {
			return d.answered(s.answers.unknownHost, ReasonUnknownHost)
		}
		return d
	}
	if found.appended {
		d.Host = strings.ToLower(found.name)
	}
	found.site.decide(r, &d, found.appended, s)
	return d
}

// answered is a directive to answer and not to look.
func (d Directive) answered(answer *Answer, reason Reason) Directive {
	d.Answer, d.Reason, d.Inspect = answer, reason, false
	return d
}

// location is whose host a host is: a site's, nobody's (no site), or one that cannot be (an answer).
type location struct {
	site     *site
	name     string
	appended bool
	refuse   *Answer
	reason   Reason
}

// locate finds the site of an authority. A host that ends in an appended domain is the visitor's host with that taken
// away, once; what is left must be the host of a site that has this domain.
func (s *Set) locate(authority string) location {
	name, ok := bareName(authority)
	if !ok || len(name) > longestHost {
		return location{refuse: s.answers.badHost, reason: ReasonBadHost}
	}
	var room [longestHost]byte
	folded := appendLower(room[:0], name)
	if len(s.appended) > 0 {
		if s.appended[string(folded)] {
			return location{refuse: s.answers.unknownHost, reason: ReasonUnknownHost}
		}
		if at := s.suffix(folded); at >= 0 {
			return s.strip(name[:at], folded[:at], folded[at+1:])
		}
	}
	return location{site: s.hosts.find(folded), name: name}
}

// suffix is where the longest appended domain's dot stands, -1 when the name ends in none.
func (s *Set) suffix(name []byte) int {
	for i, c := range name {
		if c == '.' && s.appended[string(name[i+1:])] {
			return i
		}
	}
	return -1
}

// strip finds the site of a name that a domain was appended to. An address is no visitor's host unless a site names it,
// and neither is a name with the domain appended twice.
func (s *Set) strip(name string, folded, domain []byte) location {
	if !wellFormed(folded) {
		return location{refuse: s.answers.badHost, reason: ReasonBadHost}
	}
	refused := location{refuse: s.answers.unknownHost, reason: ReasonUnknownHost}
	if s.appended[string(folded)] || s.suffix(folded) >= 0 {
		return refused
	}
	found := s.hosts.find(folded)
	if found == nil || !found.appended[string(domain)] || numeric(folded) && s.hosts.exact[string(folded)] == nil {
		return refused
	}
	return location{site: found, name: name, appended: true}
}

// decide is the site's part. What it says first ends it: health check, customer key, loop, mirror, maintenance.
func (s *site) decide(r *Request, d *Directive, appended bool, set *Set) {
	d.Site, d.Mode, d.Origin, d.ErrorPage = s.name, s.mode, s.origin, s.answers.failure
	// A site drops what is its own: another site's names may be headers of this one's application.
	d.Drop, d.DropResponse = s.controls.drop, s.controls.dropResponse
	d.UpstreamHost = s.upstream(d.Host, appended)
	if s.health != "" && r.Path == s.health && (appended || s.anywhere) && (r.Method == "GET" || r.Method == "HEAD") {
		d.Health = true
		*d = d.answered(s.answers.health, ReasonHealth)
		return
	}
	said := s.controls.read(r.Fields)
	d.Worker = s.controls.right(said)
	d.Spoofed = said.any() && !d.Worker
	if !d.Worker && (s.required == RequiredAlways || appended && s.required == RequiredAppended) {
		*d = d.answered(s.answers.refusal, ReasonCustomerKey)
		return
	}
	if d.Worker {
		d.ForwardedFor, d.AddResponse = true, s.handled
	}
	d.hints = s.hints
	if s.cookie != nil {
		d.cookie, d.Identity = s.cookie, s.cookie.sent(r.Fields)
	}
	if s.sidechain != nil && s.loops(r, d) {
		*d = d.answered(s.answers.loop, ReasonLoop)
		return
	}
	s.route(r, d)
	if d.Worker {
		d.Mode = said.asked().mode(d.Mode)
	}
	s.finish(r, d, set)
}

// finish says where the request goes, or that it goes nowhere.
func (s *site) finish(r *Request, d *Directive, set *Set) {
	switch {
	case d.Mode == Mirror:
		// Nobody waits for this answer but the one who made the copy: no cookie, no error page.
		d.Answer, d.Reason, d.cookie, d.hints = s.answers.mirror, ReasonMirror, nil, false
		return
	case s.answers.pause != nil:
		d.Answer, d.Reason = s.answers.pause, ReasonMaintenance
		return
	case s.pauseTo != "":
		d.Origin = s.pauseTo
		return
	}
	if s.sidechain == nil {
		return
	}
	if r.Random != nil {
		if fields, ok := s.sidechain.sign(r, d.UpstreamHost, r.Random(), r.Now); ok {
			d.AddRequest = fields
			return
		}
	}
	// Without a signature the request would come round for ever.
	d.Answer, d.Reason = set.answers.unsigned, ReasonUnsigned
}

// upstream is the Host that the site wants the origin to get.
func (s *site) upstream(host string, appended bool) string {
	switch {
	case s.host != "":
		return s.host
	case s.keepHost || appended:
		return host
	}
	return ""
}

func (s *site) loops(r *Request, d *Directive) bool {
	again, claimed := s.sidechain.roundAgain(r, d.UpstreamHost)
	if claimed {
		d.Drop, d.Spoofed = s.sidechain.drop, true
	}
	return again
}

// mode is what a worker's word makes of the mode: a copy is never forwarded, and what a visitor waits for is, but
// nothing is done to it where the operator wants a mirror.
func (f forwarding) mode(mode Mode) Mode {
	switch {
	case f == copyOnly:
		return Mirror
	case f == forwardIt && mode == Mirror:
		return PassThrough
	}
	return mode
}

// route applies the first route that fits.
func (s *site) route(r *Request, d *Directive) {
	if len(s.routes) == 0 {
		return
	}
	var text [512]byte
	var ends [48]int
	path := splitPath(segments{text: text[:0], ends: ends[:0]}, r.Path)
	for i := range s.routes {
		found := &s.routes[i]
		if !found.takes(r.Method) || !found.path.matches(&path) {
			continue
		}
		d.Route = found.name
		if found.origin != "" {
			d.Origin = found.origin
		}
		// Where the application may read another path, nobody may talk himself out of the active mode.
		if found.mode != "" && !(path.doubtful && d.Mode == Active && found.mode == PassThrough) {
			d.Mode = found.mode
		}
		return
	}
}

func (r *route) takes(method string) bool {
	if len(r.methods) == 0 {
		return true
	}
	for _, one := range r.methods {
		if one == method {
			return true
		}
	}
	return false
}
