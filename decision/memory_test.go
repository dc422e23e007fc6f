package decision

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

var errDisk = errors.New("the disk is full")

// memory is a Ledger for tests. What goes in and out is copied through JSON, as a real one does.
type memory struct {
	mu           sync.Mutex
	entries      map[event.ID][]byte
	events       map[string][]byte
	messages     map[string]event.Delivery
	order        []string
	rulesets     map[event.ID]ruleset.Ruleset
	values       map[event.ID]ListValue
	interceptors map[event.ID]interceptor.Interceptor
	clients      map[string]Client
	integrations map[event.ID]Integration
	endpoints    map[event.ID]Endpoint
	broken       bool
	records      int
	amends       int
	sets         int
	searches     int
}

func newMemory() *memory {
	return &memory{
		entries: map[event.ID][]byte{}, events: map[string][]byte{}, messages: map[string]event.Delivery{}, rulesets: map[event.ID]ruleset.Ruleset{},
		values: map[event.ID]ListValue{}, interceptors: map[event.ID]interceptor.Interceptor{}, clients: map[string]Client{},
		integrations: map[event.ID]Integration{}, endpoints: map[event.ID]Endpoint{},
	}
}

func (m *memory) enter() (leave func(), err error) {
	m.mu.Lock()
	if m.broken {
		m.mu.Unlock()
		return func() {}, errDisk
	}
	return m.mu.Unlock, nil
}

func (m *memory) breakDisk(broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = broken
}

func packed(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func unpacked[T any](b []byte) (v T) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

func (m *memory) put(e Entry) {
	for _, d := range e.Messages {
		if _, there := m.messages[d.Key]; !there {
			m.messages[d.Key] = d
			m.order = append(m.order, d.Key)
		}
	}
	e.Messages = nil
	m.entries[e.Decision.ID] = packed(e)
}

func (m *memory) sorted() []Entry {
	list := make([]Entry, 0, len(m.entries))
	for _, b := range m.entries {
		list = append(list, unpacked[Entry](b))
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(a.Decision.EvaluatedAt.Compare(b.Decision.EvaluatedAt), cmp.Compare(a.Decision.ID, b.Decision.ID))
	})
	return list
}

func (m *memory) Record(_ context.Context, e Entry) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	if e.IdempotencyKey != "" {
		for _, other := range m.sorted() {
			if other.Client == e.Client && other.IdempotencyKey == e.IdempotencyKey {
				return ErrIdempotency
			}
		}
	}
	m.records++
	m.put(e)
	return nil
}

func (m *memory) Amend(_ context.Context, _ event.Environment, id event.ID, change func(e *Entry) error) (bool, error) {
	leave, err := m.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	b, found := m.entries[id]
	if !found {
		return false, nil
	}
	e := unpacked[Entry](b)
	if err := change(&e); err != nil {
		return true, err
	}
	m.amends++
	m.put(e)
	return true, nil
}

func (m *memory) Decision(_ context.Context, _ event.Environment, id event.ID) (e Entry, found bool, err error) {
	leave, err := m.enter()
	if err != nil {
		return e, false, err
	}
	defer leave()
	b, found := m.entries[id]
	if found {
		e = unpacked[Entry](b)
	}
	return e, found, nil
}

func (m *memory) Idempotent(_ context.Context, _ event.Environment, client, key string) (event.ID, string, bool, error) {
	leave, err := m.enter()
	if err != nil {
		return "", "", false, err
	}
	defer leave()
	for _, e := range m.sorted() {
		if e.Client == client && e.IdempotencyKey == key {
			return e.Decision.ID, e.Digest, true, nil
		}
	}
	return "", "", false, nil
}

func (m *memory) Search(_ context.Context, q Query) (Page, error) {
	leave, err := m.enter()
	if err != nil {
		return Page{}, err
	}
	defer leave()
	m.searches++
	var page Page
	for _, e := range slices.Backward(m.sorted()) {
		d, asks := &e.Decision, true
		for want, is := range map[*string]string{&q.Context: d.Context, (*string)(&q.Outcome): string(d.Decision), &q.CustomerID: d.CustomerID,
			&q.Fingerprint: e.Values[fingerprintPath], &q.DeviceIP: e.Values["$.device.ip"], &q.Email: e.Values["$.customer.email"]} {
			asks = asks && (*want == "" || *want == is)
		}
		if !asks || d.EvaluatedAt.Before(q.From) || !q.To.IsZero() && !d.EvaluatedAt.Before(q.To) {
			continue
		}
		if len(page.Entries) == q.Limit {
			page.More = true
			break
		}
		page.Entries = append(page.Entries, e)
	}
	return page, nil
}

func (m *memory) Each(_ context.Context, _ event.Environment, from, to time.Time, visit func(*Entry) error) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	all := m.sorted()
	leave()
	for i := range all {
		if at := all[i].Decision.EvaluatedAt; !at.Before(from) && at.Before(to) {
			if err := visit(&all[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) Pending(_ context.Context, _ event.Environment, limit int) (list []Entry, err error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	for _, e := range m.sorted() {
		if e.Waiting && len(list) < limit {
			list = append(list, e)
		}
	}
	return list, nil
}

func (m *memory) AppendEvent(_ context.Context, _ event.Environment, e payment.LifecycleEvent, key string) (payment.LifecycleEvent, bool, error) {
	leave, err := m.enter()
	if err != nil {
		return e, false, err
	}
	defer leave()
	if b, there := m.events[key]; there {
		return unpacked[payment.LifecycleEvent](b), true, nil
	}
	m.events[key] = packed(e)
	return e, false, nil
}

func (m *memory) SetNotifications(_ context.Context, _ event.Environment, id event.ID, list []payment.Notification) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	m.sets++
	for key, b := range m.events {
		if e := unpacked[payment.LifecycleEvent](b); e.ID == id {
			e.Notifications = list
			m.events[key] = packed(e)
		}
	}
	return nil
}

func (m *memory) LifecycleEvent(_ context.Context, _ event.Environment, id event.ID) (payment.LifecycleEvent, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.events {
		if e := unpacked[payment.LifecycleEvent](b); e.ID == id {
			return e, true, nil
		}
	}
	return payment.LifecycleEvent{}, false, nil
}

func (m *memory) Forget(_ context.Context, decisionsBefore, payloadsBefore time.Time) (decisions, payloads int64, err error) {
	leave, err := m.enter()
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	for _, e := range m.sorted() {
		switch at := e.Decision.EvaluatedAt; {
		case at.Before(decisionsBefore):
			delete(m.entries, e.Decision.ID)
			decisions++
		case at.Before(payloadsBefore) && e.Tree != nil:
			e.Tree = nil
			m.put(e)
			payloads++
		}
	}
	return decisions, payloads, nil
}

func (m *memory) Erase(_ context.Context, _ event.Environment, customerID string) (n int64, err error) {
	leave, err := m.enter()
	if err != nil {
		return 0, err
	}
	defer leave()
	for _, e := range m.sorted() {
		if e.Decision.CustomerID == customerID {
			delete(m.entries, e.Decision.ID)
			n++
		}
	}
	return n, nil
}

func (m *memory) CreateRuleset(_ context.Context, _ event.Environment, r ruleset.Ruleset) (ruleset.Ruleset, error) {
	leave, err := m.enter()
	if err != nil {
		return r, err
	}
	defer leave()
	for _, other := range m.rulesets {
		if other.Context == r.Context {
			r.Version = max(r.Version, other.Version)
		}
	}
	r.Version++
	m.rulesets[r.ID] = r
	return r, nil
}

func (m *memory) Ruleset(_ context.Context, _ event.Environment, id event.ID) (ruleset.Ruleset, bool, error) {
	leave, err := m.enter()
	if err != nil {
		return ruleset.Ruleset{}, false, err
	}
	defer leave()
	r, found := m.rulesets[id]
	return r, found, nil
}

func (m *memory) UpdateRuleset(_ context.Context, _ event.Environment, r ruleset.Ruleset) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	if m.rulesets[r.ID].Status != ruleset.Draft {
		return ErrStatus
	}
	m.rulesets[r.ID] = r
	return nil
}

func (m *memory) ActivateRuleset(_ context.Context, _ event.Environment, id event.ID, from ruleset.Status, at time.Time) (ruleset.Ruleset, error) {
	leave, err := m.enter()
	if err != nil {
		return ruleset.Ruleset{}, err
	}
	defer leave()
	r := m.rulesets[id]
	if r.Status != from {
		return r, ErrStatus
	}
	for other, o := range m.rulesets {
		if o.Context == r.Context && o.Status == ruleset.Active {
			o.Status = ruleset.Inactive
			m.rulesets[other] = o
		}
	}
	r.Status, r.ActivatedAt = ruleset.Active, &at
	m.rulesets[id] = r
	return r, nil
}

func (m *memory) ActiveRulesets(context.Context, event.Environment) (list []ruleset.Ruleset, err error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	for _, r := range m.rulesets {
		if r.Status == ruleset.Active {
			list = append(list, r)
		}
	}
	return list, nil
}

func (m *memory) RulesetPage(_ context.Context, _ event.Environment, contextName string, after event.ID, limit int) ([]ruleset.Ruleset, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return newest(m.rulesets, func(r ruleset.Ruleset) bool { return contextName == "" || r.Context == contextName }, after, limit), nil
}

// newest pages through a map by id, newest first.
func newest[T any](all map[event.ID]T, wanted func(T) bool, after event.ID, limit int) (list []T) {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(all))) {
		if wanted(all[id]) && (after == "" || id < after) && len(list) < limit {
			list = append(list, all[id])
		}
	}
	return list
}
