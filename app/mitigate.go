package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/decoy"
	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
	"wayguard/integration"
	"wayguard/mitigation"
	"wayguard/origin"
	"wayguard/policy"
	"wayguard/rule"
)

// mitigator is what plans carry out actions with. It outlives reloads: who is dealt with, what was learned of the origin's answers,
// what services have answered.
type mitigator struct {
	control *mitigation.Control
	decoys  *decoy.Set
	enrich  *integration.Enrichers
	// forms gives values the form in which events have them: that of the plan made last.
	forms atomic.Pointer[element.Normaliser]

	// payments decides about payments on their way through the proxy; nil while nothing does.
	payments atomic.Pointer[payments]
	// unpaid counts payments on their way through the proxy for which no decision was made, paying those that are being decided about.
	unpaid, paying atomic.Int64

	// stuck says that the stop file cannot be removed.
	stuck   atomic.Bool
	writing sync.Mutex
	written map[string][]byte // what stands in each file
	now     func() time.Time
}

// canaryElements are the elements in which what a feigned answer gave out is likely to come back.
func canaryElements() []string {
	return []string{"order_id", "refund_id", "gift_card", "promo_code", "email", "username", "payment_from", "session_id", "tracking_number"}
}

// newMitigator makes one that deals with nobody yet. secret is the installation's.
func newMitigator(secret []byte, c config.Config, now func() time.Time) (*mitigator, error) {
	m := &mitigator{written: map[string][]byte{}, now: now}
	key := subkey(secret, "mitigation")
	m.decoys = decoy.New(subkey(secret, "decoys"), decoy.Settings{Elements: canaryElements(), Canonical: m.form})
	captcha, err := integration.NewCaptcha(integration.CaptchaConfig{AllowPrivate: c.Webhooks.AllowPrivate, Now: now})
	if err != nil {
		return nil, fmt.Errorf("captcha: %w", err)
	}
	m.control = mitigation.New(mitigation.Deps{Key: key, Verify: verifier{captcha}, Decoys: m.decoys, Now: now, Element: m.form})
	m.enrich = integration.NewEnrichers(integration.EnricherDeps{AllowPrivate: c.Webhooks.AllowPrivate, Budget: c.Proxy.Inline.Budget,
		Normalise: m.element, Now: now})
	return m, nil
}

// compileForTrial makes a plan for checks, tests and replays, where nothing is done to anybody.
func compileForTrial(c config.Config, keys element.Keys) (*plan, document.Problems) {
	m, err := newMitigator([]byte("for trials"), c, time.Now)
	if err != nil {
		return nil, document.Problems{{Message: err.Error()}}
	}
	return compile(c, keys, m)
}

// subkey derives a key of 32 bytes for one purpose (HMAC-SHA-256 as the expand step of RFC 5869 uses it).
func subkey(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("wayguard " + purpose))
	return mac.Sum(nil)
}

// form is how events have a value of an element.
func (m *mitigator) form(name, value string) string {
	forms := m.forms.Load()
	if forms == nil {
		return value
	}
	return forms.SearchForm(name, value)
}

// element makes an element of what a service said.
func (m *mitigator) element(name, text string) (event.Element, bool) {
	return m.elementOf(name, element.Raw{Text: text})
}

// elementOf makes an element of a value.
func (m *mitigator) elementOf(name string, raw element.Raw) (event.Element, bool) {
	forms := m.forms.Load()
	if forms == nil {
		return event.Element{}, false
	}
	definition, known := forms.Catalogue().Find(name)
	if !known {
		return event.Element{}, false
	}
	value, err := forms.Normalise(definition, raw)
	if err != nil {
		return event.Element{}, false
	}
	parts := make(map[string]string, len(value.Parts))
	for _, part := range value.Parts {
		parts[part.Name] = part.Text
	}
	return event.Element{Name: name, Kind: event.Kind(definition.Kind), Type: string(definition.Type), Value: value.Text,
		Display: value.Display, Parts: event.PartsOf(parts)}, true
}

// compile makes the plan's part that carries out. It comes last of a plan: from here on the mitigator is this configuration's.
func (m *mitigator) compile(c config.Config, v rule.Vocabulary, forms *element.Normaliser) (*mitigation.Plan, document.Problems) {
	problems := c.Mitigation.Check(c.Actions, rule.Names(c.Config, v))
	groups := []string{origin.DefaultName}
	for _, o := range c.Origins {
		groups = append(groups, o.Name)
	}
	problems = append(problems, policy.Unknown(policy.Origins(c.Actions), groups, "group of origins")...)
	problems = append(problems, policy.Unknown(policy.Integrations(c.Actions), c.Integrations.Notifying(), "integration that is told")...)
	if len(problems) > 0 {
		return nil, problems
	}
	before := m.forms.Swap(forms)
	p, problems := m.control.Compile(mitigation.Rules{Actions: c.Actions, Policies: c.Policies, Mitigation: c.Mitigation})
	if len(problems) > 0 {
		m.forms.Store(before)
	}
	return p, problems
}

// trapSpecs are the specs that make events of requests for decoy links.
func (m *mitigator) trapSpecs(c config.Config) ([]capture.SpecConfig, document.Problems) {
	traps, problems := m.decoys.Traps(c.Mitigation.Decoys)
	if traps == nil {
		return nil, problems
	}
	return traps.Specs(), problems
}

// verifier asks captcha providers; the question has a deadline of its own.
type verifier struct{ captcha *integration.Captcha }

// Verify implements challenge.Verifier.
func (v verifier) Verify(provider, secret, response string, address netip.Addr) (bool, error) {
	return v.captcha.Verify(context.Background(), provider, secret, response, address)
}

// measures is what the data path asks: the plan's mitigation, and services about events.
type measures struct {
	*mitigation.Plan
	enrich *integration.Enrichers
	routes paymentRoutes
}

// Pays implements proxy.Payer.
func (m measures) Pays(spec string) bool { return m.routes.refs[spec] != "" }

// Pay implements proxy.Payer.
func (m measures) Pay(ctx context.Context, spec string, head *capture.Request, session event.ID, measure *mitigation.Measure) {
	m.routes.pay(ctx, m.routes.refs[spec], head, session, measure)
}

// Facts implements proxy.Policy. A service is waited for only where a request is held; other events take what is known already.
func (m measures) Facts(head *capture.Request, e *event.Event) {
	m.Plan.Facts(head, e)
	ctx := context.Background()
	if !e.HTTP.Inline {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx = ended
	}
	m.enrich.Enrich(ctx, e)
}

// The files in the data directory that mitigation has: what is kept of it, and an operator's word when the Hub cannot be reached.
const (
	mitigationFile = "mitigation.json"
	decoysFile     = "decoys.json"
	stopFile       = "mitigation.stop"
)

// mitigationEvery is how often what changed is written, stopFileEvery how often the stop file is looked for.
const (
	mitigationEvery = 5 * time.Second
	stopFileEvery   = 500 * time.Millisecond
)

// loadMitigation takes over what the process before kept. What cannot be read is told and left: nobody is dealt with for it.
func (h *house) loadMitigation() {
	for _, one := range h.mitigator.files() {
		text, err := os.ReadFile(filepath.Join(h.config.Data, one.name))
		if err == nil {
			err = one.load(text)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			h.world.Logger.Error("what mitigation knew cannot be read; it begins anew", "file", one.name, "error", err)
		}
	}
}

// watchStopFile reads what an operator says by the stop file, until ctx ends. It does so from the start: an operator who stops
// everything because storage cannot be opened must be heard.
func (h *house) watchStopFile(ctx context.Context) {
	tick := time.NewTicker(stopFileEvery)
	defer tick.Stop()
	for {
		h.obeyStopFile()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// keepMitigation writes what changed now and then, until ctx ends. What an operator does is written at once.
func (h *house) keepMitigation(ctx context.Context) {
	tick := time.NewTicker(mitigationEvery)
	defer tick.Stop()
	failing := false
	for ended := false; !ended; {
		err := h.saveMitigation()
		if err != nil && !failing {
			h.world.Logger.Error("what mitigation knows cannot be written; a restart would begin without it", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			ended = true
			_ = h.saveMitigation() // its failure was told, or is the disk's last word
		case <-tick.C:
		}
	}
}

// saveMitigation writes what changed since it was written last.
func (h *house) saveMitigation() error {
	m := h.mitigator
	m.writing.Lock()
	defer m.writing.Unlock()
	for _, one := range m.files() {
		text, err := one.save()
		if err != nil {
			return fmt.Errorf("mitigation: %w", err)
		}
		if bytes.Equal(text, m.written[one.name]) {
			continue
		}
		if err := writeWhole(filepath.Join(h.config.Data, one.name), text); err != nil {
			return fmt.Errorf("mitigation: %w", err)
		}
		m.written[one.name] = text
	}
	return nil
}

// keptFile is a file in the data directory with what is to survive a restart.
type keptFile struct {
	name string
	save func() ([]byte, error)
	load func([]byte) error
}

// files are what is kept: who is dealt with, and what decoys gave out and were given, as hashes.
func (m *mitigator) files() []keptFile {
	return []keptFile{
		{mitigationFile, m.control.Save, m.control.Load},
		{decoysFile, m.decoys.Save, func(text []byte) error { return m.decoys.Load(text, m.now()) }},
	}
}

// obeyStopFile does what the stop file says, once: it is taken away before.
func (h *house) obeyStopFile() {
	path := filepath.Join(h.config.Data, stopFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return // there is none
	}
	logger, control := h.world.Logger, h.mitigator.control
	// What cannot be taken away is obeyed all the same, for as long as it says so.
	if err := os.Remove(path); err != nil && !h.mitigator.stuck.Swap(true) {
		logger.Error("the file mitigation.stop cannot be removed; it counts until it is", "error", err)
	}
	stop, err := readStop(text)
	switch {
	case err != nil:
		logger.Error("the file mitigation.stop cannot be understood", "error", err)
	case stop.Go:
		control.Go()
		logger.Warn("mitigation goes on, says the file mitigation.stop", "who", stop.Who)
	case !stop.Until.After(h.world.Now()):
		// It has ended by itself.
	default:
		if err := control.Stop(stop.Until, stop.Why, stop.Who); err != nil {
			logger.Error("the file mitigation.stop cannot be obeyed", "error", err)
			return
		}
		logger.Warn("all mitigation is stopped, says the file mitigation.stop", "until", stop.Until, "why", stop.Why, "who", stop.Who)
	}
}
