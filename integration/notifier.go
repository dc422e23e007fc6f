package integration

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/event"
)

// NotifierDeps is what notifications need of the world.
type NotifierDeps struct {
	// AllowPrivate are the networks that every integration may call, those of webhooks.allow_private.
	AllowPrivate []string
	// Host is this machine's name, for syslog; empty leaves it open.
	Host string
	Now  func() time.Time
}

// Notifiers are the integrations that are told of alerts. What they count outlives a change of the configuration.
type Notifiers struct {
	deps   NotifierDeps
	mu     sync.Mutex // held while a configuration is put in place
	tallys map[string]*tally
	// byName is replaced as a whole.
	byName atomic.Pointer[map[string]*Notifier]
}

// Notifier tells one integration.
type Notifier struct {
	config  IntegrationConfig
	words   wording
	carrier carrier
	post    *postOffice
	tally   *tally
}

// NewNotifiers makes an empty set, see Configure.
func NewNotifiers(deps NotifierDeps) *Notifiers {
	n := &Notifiers{deps: deps, tallys: map[string]*tally{}}
	n.byName.Store(&map[string]*Notifier{})
	return n
}

// Configure puts the integrations of a validated configuration in place, all of them or, with an error, none.
func (n *Notifiers) Configure(config IntegrationsConfig) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	next := map[string]*Notifier{}
	tallys := map[string]*tally{}
	for _, c := range config {
		if c.Kind == Enrich {
			continue
		}
		one, err := newNotifier(c.complete(), n.deps)
		if err != nil {
			return fmt.Errorf("integration %s: %w", c.Name, err)
		}
		key := string(c.Kind) + " " + c.Name
		one.tally = n.tallys[key]
		if one.tally == nil {
			one.tally = &tally{}
		}
		tallys[key], next[c.Name] = one.tally, one
	}
	old := n.byName.Swap(&next)
	n.tallys = tallys
	for _, one := range *old {
		one.post.client.CloseIdleConnections()
	}
	return nil
}

// Named is the notifier of a name, for Target.
func (n *Notifiers) Named(name string) (*Notifier, bool) {
	one, ok := (*n.byName.Load())[name]
	return one, ok
}

func newNotifier(c IntegrationConfig, deps NotifierDeps) (*Notifier, error) {
	office, err := newPostOffice(c, deps.AllowPrivate, deps.Now)
	if err != nil {
		return nil, err
	}
	words := wordingOf(c)
	return &Notifier{config: c, words: words, post: office, carrier: newCarrier(c, words, office, deps.Host)}, nil
}

// How receivers can tell a repetition.
const (
	knownByNobody  = "nobody: the receiver shows every copy; the id in the message's foot tells them apart"
	knownByDedup   = "dedup_key: PagerDuty takes both for one incident"
	knownByWebhook = "the Webhook-Id header"
	knownByUID     = "metadata.uid, and the Webhook-Id header"
	knownByParam   = `the parameter "id" of the structured data`
)

func newCarrier(c IntegrationConfig, words wording, office *postOffice, host string) carrier {
	switch c.Kind {
	case Slack:
		return &httpCarrier{config: c, post: office, knownBy: knownByNobody,
			compose: func(_ IntegrationConfig, l *letter) []byte { return composeSlack(words, l) }}
	case Teams:
		return &httpCarrier{config: c, post: office, knownBy: knownByNobody,
			compose: func(_ IntegrationConfig, l *letter) []byte { return composeTeams(words, l) }}
	case PagerDuty:
		return &httpCarrier{config: c, post: office, knownBy: knownByDedup, compose: composePagerDuty}
	case Jira:
		return &jiraCarrier{config: c, post: office}
	case Email:
		return &mailCarrier{config: c, post: office}
	case Syslog:
		return &syslogCarrier{config: c, post: office, host: host, compose: syslogText, knownBy: knownByParam}
	case OCSF:
		if c.Address != "" {
			return &syslogCarrier{config: c, post: office, host: host, brief: true, knownBy: "metadata.uid",
				compose: func(l *letter, _ int) string { return string(composeOCSF(l)) }}
		}
		return &httpCarrier{config: c, post: office, standard: true, knownBy: knownByUID,
			compose: func(_ IntegrationConfig, l *letter) []byte { return composeOCSF(l) }}
	}
	return &httpCarrier{config: c, post: office, standard: true, knownBy: knownByWebhook,
		compose: func(_ IntegrationConfig, l *letter) []byte {
			if body, ok := words.custom(l); ok {
				return body
			}
			return l.raw
		}}
}

// digests says whether several alerts may become one message: where people read them, not where machines count them.
func (n *Notifier) digests() bool {
	switch n.config.Kind {
	case Slack, Teams, Jira, PagerDuty, Email:
		return true
	}
	return false
}

// compose makes a letter of the deliveries that one message stands for.
func (n *Notifier) compose(members []event.Delivery) (*letter, error) {
	l := &letter{id: members[0].ID, raw: members[0].Body}
	var err error
	if l.alert, err = parseAlert(members[0].Body); err != nil {
		return nil, err
	}
	for _, d := range members[1:] {
		a, err := parseAlert(d.Body)
		if err != nil {
			a = Alert{Action: d.Action, Because: d.Action} // it is counted all the same
		}
		l.more = append(l.more, a)
	}
	if len(l.more) > 0 {
		ids := []string{"digest"}
		for _, d := range members {
			ids = append(ids, string(d.ID))
		}
		l.id = event.DeriveID(l.alert.Time, ids...)
	}
	n.words.write(l)
	return l, nil
}

// carry makes one attempt at sending members as one message.
func (n *Notifier) carry(ctx context.Context, members []event.Delivery) outcome {
	l, err := n.compose(members)
	if err != nil {
		return outcome{reason: err.Error(), final: true}
	}
	ctx, cancel := context.WithTimeout(ctx, n.config.Timeout)
	defer cancel()
	return n.carrier.carry(ctx, l)
}

// Preview is the message that an integration would send for an alert.
func Preview(c IntegrationConfig, a Alert) (Shown, error) {
	if problems := c.validate(); len(problems) > 0 {
		return Shown{}, problems
	}
	if c.Kind == Enrich {
		return showQuestion(c.complete())
	}
	c.CA = "" // it takes no part in what is shown
	n, err := newNotifier(c.complete(), NotifierDeps{Now: func() time.Time { return a.Time }})
	if err != nil {
		return Shown{}, err
	}
	l, err := n.compose([]event.Delivery{{ID: event.DeriveID(a.Time, "preview", string(a.SessionID), a.Action), Body: encode(a)}})
	if err != nil {
		return Shown{}, err
	}
	p := n.carrier.show(l)
	p.Integration, p.Kind = c.Name, c.Kind
	return p, nil
}
