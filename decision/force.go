package decision

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

// inForce is everything that decisions are made with but the lists. It is immutable: a change makes another one.
type inForce struct {
	rulesets     map[string]*activeRuleset // by context
	interceptors map[string]*activeInterceptor
	plan         *plan
	endpoints    []activeEndpoint
	integrations []Integration
}

type activeRuleset struct {
	ruleset ruleset.Ruleset
	// program is nil where the ruleset that the ledger keeps cannot be run: nothing is decided in its context then.
	program *ruleset.Program
	// asks says that it has rules that ask backends.
	asks bool
	// enforces says that it may hold back a payment.
	enforces bool
}

func newActive(r ruleset.Ruleset, program *ruleset.Program) *activeRuleset {
	asks := slices.ContainsFunc(r.Rules, func(rule ruleset.Rule) bool {
		return rule.Type == ruleset.BackendRule || rule.Type == ruleset.BackendGroupRule
	})
	return &activeRuleset{r, program, asks, enforces(r)}
}

// enforces says whether a ruleset has a rule, enabled and live, that may come to REVIEW or BLOCK.
func enforces(r ruleset.Ruleset) bool {
	points := r.Score != nil && (r.Score.ReviewAt != 0 || r.Score.BlockAt != 0)
	return slices.ContainsFunc(r.Rules, func(rule ruleset.Rule) bool {
		switch {
		case !unlessFalse(rule.Enabled) || !unlessFalse(rule.Live):
			return false
		case rule.Score != 0 && points:
			return true
		}
		switch rule.Type {
		case ruleset.BlacklistRule, ruleset.BackendRule:
			return true
		case ruleset.BackendGroupRule:
			return slices.ContainsFunc(rule.Members, func(m ruleset.Member) bool { return unlessFalse(m.Live) })
		}
		return rule.Action == payment.Review || rule.Action == payment.Block
	})
}

func unlessFalse(b *bool) bool { return b == nil || *b }

// Enforces says whether payments of a context may be held back: whether the rules in force there, be they the default context's, have one
// that is enabled and live and may come to REVIEW or BLOCK.
func (s *Service) Enforces(contextName string) bool {
	active := s.force.Load().of(contextName)
	return active != nil && active.enforces
}

type activeInterceptor struct {
	interceptor interceptor.Interceptor
	program     *interceptor.Program
}

type activeEndpoint struct {
	Endpoint
	keys   []sealedKey
	events map[string]struct{}
}

// of finds the ruleset of a context: its own, else that of the default context, else none.
func (f *inForce) of(contextName string) *activeRuleset {
	if r := f.rulesets[contextName]; r != nil {
		return r
	}
	return f.rulesets[payment.DefaultContext]
}

// reload reads what is in force from the ledger and puts it in the place of what was. On an error nothing changes.
func (s *Service) reload(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.reloadLocked(ctx)
}

func (s *Service) reloadLocked(ctx context.Context) error {
	env, before := s.deps.Environment, s.force.Load()
	if before == nil {
		before = &inForce{}
	}
	next := &inForce{rulesets: make(map[string]*activeRuleset), interceptors: make(map[string]*activeInterceptor)}
	rulesets, err := s.deps.Ledger.ActiveRulesets(ctx, env)
	if err != nil {
		return fmt.Errorf("load the active rulesets: %w", err)
	}
	for _, r := range rulesets {
		next.rulesets[r.Context] = s.activeRuleset(before.rulesets[r.Context], r)
	}
	interceptors, err := s.deps.Ledger.ActiveInterceptors(ctx, env)
	if err != nil {
		return fmt.Errorf("load the active interceptors: %w", err)
	}
	for _, i := range interceptors {
		if active := s.activeInterceptor(before.interceptors[i.Ref], i); active != nil {
			next.interceptors[i.Ref] = active
		}
	}
	if next.integrations, err = s.deps.Ledger.Integrations(ctx, env); err != nil {
		return fmt.Errorf("load the integrations: %w", err)
	}
	endpoints, err := s.deps.Ledger.Endpoints(ctx, env)
	if err != nil {
		return fmt.Errorf("load the webhooks: %w", err)
	}
	for _, w := range endpoints {
		next.endpoints = append(next.endpoints, s.activeEndpoint(w))
	}
	next.plan = s.planFor(before.plan, next.rulesets)
	s.force.Store(next)
	select {
	case s.restore <- struct{}{}:
	default:
	}
	return nil
}

// activeRuleset compiles a ruleset unless it is the one that is in force already: an active one never changes.
func (s *Service) activeRuleset(before *activeRuleset, r ruleset.Ruleset) *activeRuleset {
	if before != nil && before.ruleset.ID == r.ID && before.program != nil {
		return newActive(r, before.program)
	}
	program, err := s.compileKept(r)
	if err != nil {
		s.deps.Logger.Error("an active ruleset cannot be run; nothing is decided in its context", "context", r.Context, "id", r.ID, "error", err)
	}
	return newActive(r, program)
}

// compileKept compiles what was checked when it was put in force: a backend that has gone since is an error of each call, not of the
// whole ruleset.
func (s *Service) compileKept(r ruleset.Ruleset) (program *ruleset.Program, err error) {
	var problems []payment.Problem
	if !s.guard("compiling a ruleset", func() { program, problems = ruleset.Compile(r, ruleset.Options{}) }) {
		return nil, errors.New("compiling it panicked")
	}
	if len(problems) > 0 {
		return nil, &InvalidError{problems}
	}
	return program, nil
}

func (s *Service) activeInterceptor(before *activeInterceptor, i interceptor.Interceptor) *activeInterceptor {
	if before != nil && before.interceptor.ID == i.ID {
		return before
	}
	program, problems := interceptor.Compile(i, s.deps.Acceptance.PCI)
	if len(problems) > 0 {
		s.deps.Logger.Error("an active interceptor cannot be run", "ref", i.Ref, "id", i.ID, "error", &InvalidError{problems})
		return nil
	}
	return &activeInterceptor{i, program}
}

func (s *Service) activeEndpoint(w Endpoint) activeEndpoint {
	a := activeEndpoint{Endpoint: w, events: make(map[string]struct{}, len(w.Events))}
	for _, e := range w.Events {
		a.events[e] = struct{}{}
	}
	keys, err := s.openKeys(w.Sealed)
	if err != nil {
		s.deps.Logger.Error("a webhook's key cannot be opened", "id", w.ID, "error", err)
	}
	a.keys = keys
	return a
}

// InForce finds the active interceptor of a ref.
func (s *Service) InForce(ref string) (*interceptor.Program, bool) {
	if a := s.force.Load().interceptors[ref]; a != nil {
		return a.program, true
	}
	return nil, false
}

// IntegrationsInForce are all integrations, from memory.
func (s *Service) IntegrationsInForce() []Integration { return s.force.Load().integrations }

// EndpointKeys finds a webhook in memory, with the keys that sign for it, newest first.
func (s *Service) EndpointKeys(id event.ID) (w Endpoint, keys []string, found bool) {
	now := s.deps.Now()
	for _, a := range s.force.Load().endpoints {
		if a.ID != id {
			continue
		}
		for _, k := range a.keys {
			if k.Until == nil || now.Before(*k.Until) {
				keys = append(keys, k.Key)
			}
		}
		return a.Endpoint, keys, true
	}
	return Endpoint{}, nil, false
}
