package decision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

func (s *Service) checkInterceptor(i interceptor.Interceptor) error {
	problems := slices.Concat(checkContext(i.Context), checkDescription(i.Description))
	var more []payment.Problem
	if !s.guard("compiling an interceptor", func() { _, more = interceptor.Compile(i, s.deps.Acceptance.PCI) }) {
		return fmt.Errorf("compile the interceptor: %w", ErrUnavailable)
	}
	for _, p := range more {
		if !slices.ContainsFunc(problems, func(known payment.Problem) bool { return known.Field == p.Field }) {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return &InvalidError{problems}
	}
	return nil
}

// CreateInterceptor makes a DRAFT: the next version of Ref, or the first of a new one where Ref is empty or unknown. Status, version,
// times and discovered keys are not taken.
func (s *Service) CreateInterceptor(ctx context.Context, i interceptor.Interceptor, by string) (interceptor.Interceptor, error) {
	at := s.deps.Now().UTC()
	i.ID, i.Status, i.InsertedAt, i.UpdatedAt, i.Version = s.deps.NewID(at), ruleset.Draft, at, at, 0
	i.Discovered = []interceptor.DiscoveredKey{}
	if i.Ref == "" {
		i.Ref = string(s.deps.NewID(at))
	}
	if !contextPattern.MatchString(i.Ref) {
		return i, invalid("$.ref", "format", "has 1 to 64 letters, digits, '_', '.', ':' and '-', and begins with a letter or digit")
	}
	if err := s.checkInterceptor(i); err != nil {
		return i, err
	}
	i.FieldMapping = present(i.FieldMapping)
	made, err := s.deps.Ledger.CreateInterceptor(ctx, s.deps.Environment, i)
	if err != nil {
		return made, s.kept("keep the interceptor", err)
	}
	s.audit(ctx, by, "create", "interceptor", string(made.ID))
	return made, nil
}

// UpdateInterceptor lets change edit a DRAFT; ErrStatus where it is none. ifMatch is its InterceptorTag, as in UpdateRuleset.
func (s *Service) UpdateInterceptor(ctx context.Context, id event.ID, change func(*interceptor.Interceptor) error, ifMatch, by string) (interceptor.Interceptor, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	now, err := s.Interceptor(ctx, id)
	if err != nil {
		return now, err
	}
	if now.Status != ruleset.Draft {
		return now, ErrStatus
	}
	if !matches(ifMatch, InterceptorTag(now)) {
		return now, ErrConflict
	}
	edited := now
	edited.FieldMapping = slices.Clone(now.FieldMapping)
	if err := change(&edited); err != nil {
		return now, err
	}
	edited.ID, edited.Ref, edited.Status, edited.Version = now.ID, now.Ref, now.Status, now.Version
	edited.InsertedAt, edited.UpdatedAt, edited.Discovered = now.InsertedAt, s.deps.Now().UTC(), now.Discovered
	edited.FieldMapping = present(edited.FieldMapping)
	if err := s.checkInterceptor(edited); err != nil {
		return now, err
	}
	if err := s.deps.Ledger.UpdateInterceptor(ctx, s.deps.Environment, edited); err != nil {
		return now, s.kept("keep the interceptor", err)
	}
	s.audit(ctx, by, "update", "interceptor", string(id))
	return edited, nil
}

// InterceptorTag is the entity tag of an interceptor, with its quotation marks. Fields that were discovered do not change it.
func InterceptorTag(i interceptor.Interceptor) string {
	i.Discovered = nil
	return tagOf(i)
}

// ActivateInterceptor puts a DRAFT in force, and the version before it out of it; unless contexts may be shared, the context's other
// interceptors too.
func (s *Service) ActivateInterceptor(ctx context.Context, id event.ID, by string) (interceptor.Interceptor, error) {
	return s.putInterceptor(ctx, id, ruleset.Draft, "activate", by)
}

// RollbackInterceptor puts an INACTIVE one in force again.
func (s *Service) RollbackInterceptor(ctx context.Context, id event.ID, by string) (interceptor.Interceptor, error) {
	return s.putInterceptor(ctx, id, ruleset.Inactive, "rollback", by)
}

func (s *Service) putInterceptor(ctx context.Context, id event.ID, from ruleset.Status, action, by string) (interceptor.Interceptor, error) {
	s.changing.Lock()
	i, err := s.Interceptor(ctx, id)
	if err == nil && i.Status != from {
		err = ErrStatus
	}
	if err == nil {
		err = s.checkInterceptor(i)
	}
	if err == nil {
		i, err = s.deps.Ledger.ActivateInterceptor(ctx, s.deps.Environment, id, from, s.limits.SharedContext, s.deps.Now().UTC())
		err = s.kept("put the interceptor in force", err)
	}
	s.changing.Unlock()
	if err != nil {
		return i, err
	}
	s.changed(ctx)
	s.audit(ctx, by, action, "interceptor", string(id))
	return i, nil
}

// DeleteInterceptor takes a DRAFT or INACTIVE one away; ErrStatus for an ACTIVE one.
func (s *Service) DeleteInterceptor(ctx context.Context, id event.ID, by string) error {
	found, err := s.deps.Ledger.DeleteInterceptor(ctx, s.deps.Environment, id)
	if isOurs(err) {
		return err
	}
	if err := s.looked("interceptor", found, err); err != nil {
		return err
	}
	s.audit(ctx, by, "delete", "interceptor", string(id))
	return nil
}

// Interceptor finds an interceptor, or ErrNotFound.
func (s *Service) Interceptor(ctx context.Context, id event.ID) (interceptor.Interceptor, error) {
	i, found, err := s.deps.Ledger.Interceptor(ctx, s.deps.Environment, id)
	return i, s.looked("interceptor", found, err)
}

// Interceptors lists interceptors, newest first; more says that there are others after them.
func (s *Service) Interceptors(ctx context.Context, after event.ID, limit int) (list []interceptor.Interceptor, more bool, err error) {
	limit = pageSize(limit)
	list, err = s.deps.Ledger.InterceptorPage(ctx, s.deps.Environment, after, limit+1)
	list, more = cut(list, limit)
	return list, more, s.kept("list interceptors", err)
}

// discovered are fields that were seen and are not yet written.
type discovered struct {
	mu   sync.Mutex
	seen map[event.ID]*discovery
}

type discovery struct {
	keys []interceptor.DiscoveredKey
	// loaded says that keys hold what the ledger has as well; fresh that they hold what it has not.
	loaded, fresh bool
}

// Discover notes fields that an interceptor in force saw. They are written every few seconds.
func (s *Service) Discover(id event.ID, keys []interceptor.DiscoveredKey) {
	if len(keys) == 0 || !s.intercepts(id) {
		return
	}
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	if s.seen.seen == nil {
		s.seen.seen = make(map[event.ID]*discovery)
	}
	d := s.seen.seen[id]
	if d == nil {
		d = &discovery{}
		s.seen.seen[id] = d
	}
	d.keys, d.fresh = interceptor.Merge(d.keys, keys, s.deps.Now().UTC()), true
}

func (s *Service) intercepts(id event.ID) bool {
	for _, a := range s.force.Load().interceptors {
		if a.interceptor.ID == id {
			return true
		}
	}
	return false
}

// keepDiscovered writes what was seen. What cannot be written stays for the next time.
func (s *Service) keepDiscovered(ctx context.Context) {
	s.seen.mu.Lock()
	ids := slices.Collect(maps.Keys(s.seen.seen))
	s.seen.mu.Unlock()
	for _, id := range ids {
		if err := s.keepKeys(ctx, id); err != nil && ctx.Err() == nil {
			s.deps.Logger.Error("discovered fields could not be written", "interceptor", id, "error", err)
		}
	}
}

func (s *Service) keepKeys(ctx context.Context, id event.ID) error {
	s.seen.mu.Lock()
	d := s.seen.seen[id]
	loaded, fresh := d.loaded, d.fresh
	s.seen.mu.Unlock()
	if !fresh {
		if !s.intercepts(id) {
			s.seen.mu.Lock()
			delete(s.seen.seen, id)
			s.seen.mu.Unlock()
		}
		return nil
	}
	var before []interceptor.DiscoveredKey
	if !loaded {
		kept, err := s.Interceptor(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		before = kept.Discovered
	}
	s.seen.mu.Lock()
	if !d.loaded {
		d.keys, d.loaded = merged(before, d.keys), true
	}
	keys := slices.Clone(d.keys)
	d.fresh = false
	s.seen.mu.Unlock()
	if err := s.deps.Ledger.SetDiscovered(ctx, s.deps.Environment, id, keys); err != nil {
		s.seen.mu.Lock()
		d.fresh = true
		s.seen.mu.Unlock()
		return err
	}
	return nil
}

// merged adds what was seen since the start to what the ledger has, with counts and times of both.
func merged(before, since []interceptor.DiscoveredKey) []interceptor.DiscoveredKey {
	type name struct{ key, kind string }
	all, place := slices.Clone(before), make(map[name]int, len(before))
	for i, k := range all {
		place[name{k.Key, k.Type}] = i
	}
	for _, k := range since {
		if i, there := place[name{k.Key, k.Type}]; there {
			all[i].Count += k.Count
			if k.LastSeen.After(all[i].LastSeen) {
				all[i].LastSeen = k.LastSeen
			}
		} else if len(all) < interceptor.MaxDiscovered {
			all = append(all, k)
		}
	}
	return all
}
