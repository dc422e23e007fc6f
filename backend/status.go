package backend

import (
	"slices"
	"strings"
	"time"

	"wayguard/payment"
)

// Status tells of a backend, or of an integration that has none to show.
type Status struct {
	// Name is "slug/id", or the slug alone of an integration that told no backends.
	Name string `json:"name"`
	// Integration is the slug, Type "link" or "http".
	Integration string `json:"integration"`
	Type        string `json:"type"`
	ID          string `json:"id,omitempty"`
	Title       string `json:"title,omitempty"`
	// Enabled says that it is asked: it is switched on, and so is its integration.
	Enabled bool `json:"enabled"`
	// Assesses are the credential types it can be asked about, Receives those whose whole account number it is told.
	Assesses []payment.CredentialType `json:"assesses"`
	Receives []payment.CredentialType `json:"receives_account_numbers"`
	// Requires are paths without which it is not asked; Notified are the kinds of event it is told, nil where that is not known.
	Requires []string `json:"requires"`
	Notified []string `json:"notified"`
	// DiscoveredAt is when a Link integration told of it last; Problem is why an integration cannot be used, or could not be asked last.
	DiscoveredAt time.Time `json:"discovered_at,omitzero"`
	Problem      string    `json:"problem,omitempty"`
	// Breaker is "closed", "half-open" or "open", Opened how often it opened.
	Breaker string `json:"breaker,omitempty"`
	Opened  int64  `json:"opened"`
	// Calls are counted since the start, UnderWay are those of the moment, Failures are by error code.
	Calls       int64            `json:"calls"`
	UnderWay    int              `json:"under_way"`
	Failures    map[string]int64 `json:"failures"`
	LastError   string           `json:"last_error,omitempty"`
	LastErrorAt time.Time        `json:"last_error_at,omitzero"`
	LastOKAt    time.Time        `json:"last_ok_at,omitzero"`
}

// List tells of every backend, and of every integration that has none, by name.
func (p *Pool) List() []Status {
	v := p.view.Load()
	list := []Status{}
	for _, l := range v.all() {
		list = append(list, l.status())
	}
	for _, s := range v.sites {
		if len(*s.lines.Load()) == 0 {
			list = append(list, s.status())
		}
	}
	for slug, b := range v.broken {
		list = append(list, Status{Name: slug, Integration: slug, Type: b.of.of.Type, Problem: b.why, Failures: map[string]int64{}}.whole())
	}
	slices.SortFunc(list, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// whole has empty lists instead of nil ones.
func (s Status) whole() Status {
	s.Assesses = append([]payment.CredentialType{}, s.Assesses...)
	s.Receives = append([]payment.CredentialType{}, s.Receives...)
	s.Requires = append([]string{}, s.Requires...)
	return s
}

func (s *site) status() Status {
	made := Status{Name: s.of.Slug, Integration: s.of.Slug, Type: s.of.Type, Enabled: s.of.Enabled, Failures: map[string]int64{}}
	if at := s.discovered.Load(); at != nil {
		made.DiscoveredAt = *at
	}
	if why := s.trouble.Load(); why != nil {
		made.Problem = *why
	}
	return made.whole()
}

func (l *line) status() Status {
	made, f := l.site.status(), l.facts.Load()
	made.Name, made.ID, made.Title, made.Enabled = l.name, l.id, f.title, l.site.of.Enabled && f.enabled
	for _, t := range []payment.CredentialType{payment.PAN, payment.MaskedPAN, payment.SEPA} {
		if f.assesses(t) {
			made.Assesses = append(made.Assesses, t)
		}
		for _, n := range f.needs[t] {
			made.Requires = append(made.Requires, n.text)
		}
	}
	for _, n := range f.needs[""] {
		made.Requires = append(made.Requires, n.text)
	}
	slices.Sort(made.Requires)
	made.Requires = slices.Compact(made.Requires)
	made.Receives = append(made.Receives, l.site.speaker.receives(f)...)
	if f.actions != nil {
		made.Notified = []string{}
		for _, action := range sortedKeys(f.actions) {
			if kind, ok := strings.CutPrefix(action, "notify."); ok {
				made.Notified = append(made.Notified, kind)
			}
		}
	}
	made.Breaker, made.Opened, made.UnderWay = l.breaker.State().String(), l.tally.opened.Load(), len(l.places)
	l.tally.mu.Lock()
	defer l.tally.mu.Unlock()
	made.Calls, made.LastError, made.LastErrorAt, made.LastOKAt = l.tally.calls, l.tally.failure, l.tally.failed, l.tally.lastOK
	for code, n := range l.tally.failures {
		made.Failures[code] = n
	}
	return made
}
