package decision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/ruleset"
)

// The bounds of what people write.
const (
	longestDescription = 2000
	longestName        = 200
)

// contextPattern is a context: a word that stands in paths and metrics.
var contextPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$`)

func checkContext(name string) []payment.Problem {
	switch {
	case name == "":
		return []payment.Problem{{Field: "$.context", Code: "required", Message: "is missing"}}
	case !contextPattern.MatchString(name):
		return []payment.Problem{{Field: "$.context", Code: "format", Message: "has 1 to 64 letters, digits, '_', '.', ':' and '-', and begins with a letter or digit"}}
	}
	return nil
}

func checkDescription(text *string) []payment.Problem {
	if text != nil && len(*text) > longestDescription {
		return []payment.Problem{{Field: "$.description", Code: "range", Message: fmt.Sprintf("has at most %d bytes", longestDescription)}}
	}
	return nil
}

// compile checks a ruleset as strictly as it must be to come into force: its backends and lists are there.
func (s *Service) compile(r ruleset.Ruleset) (program *ruleset.Program, err error) {
	var problems []payment.Problem
	options := ruleset.Options{Backends: s.deps.KnownBackend, Lists: s.lists.known}
	if !s.guard("compiling a ruleset", func() { program, problems = ruleset.Compile(r, options) }) {
		return nil, fmt.Errorf("compile the ruleset: %w", ErrUnavailable)
	}
	if len(problems) > 0 {
		return nil, &InvalidError{problems}
	}
	return program, nil
}

func (s *Service) checkRuleset(r ruleset.Ruleset) error {
	problems := slices.Concat(checkContext(r.Context), checkDescription(r.Description))
	var rules *InvalidError
	if _, err := s.compile(r); errors.As(err, &rules) {
		problems = append(problems, rules.Problems...)
	} else if err != nil {
		return err
	}
	if len(problems) > 0 {
		return &InvalidError{problems}
	}
	return nil
}

// kept is the error of a change in the ledger.
func (s *Service) kept(doing string, err error) error {
	if err == nil || isOurs(err) {
		return err
	}
	return s.unavailable(doing, err)
}

// CreateRuleset makes a DRAFT of Context, Description, Rules and Score.
func (s *Service) CreateRuleset(ctx context.Context, r ruleset.Ruleset, by string) (ruleset.Ruleset, error) {
	if err := s.checkRuleset(r); err != nil {
		return r, err
	}
	at := s.deps.Now()
	made := ruleset.Ruleset{
		ID: s.deps.NewID(at), Context: r.Context, Description: r.Description, CreatedBy: optional(by), CreatedAt: at.UTC(),
		Rules: present(r.Rules), Status: ruleset.Draft, Score: r.Score,
	}
	made, err := s.deps.Ledger.CreateRuleset(ctx, s.deps.Environment, made)
	if err != nil {
		return made, s.kept("keep the ruleset", err)
	}
	s.audit(ctx, by, "create", "ruleset", string(made.ID))
	return made, nil
}

// UpdateRuleset lets change edit Description, Rules and Score of a DRAFT; ErrStatus where it is none. ifMatch is its RulesetTag as the
// caller knew it, ErrConflict where somebody changed it meanwhile; empty or "*" is any.
func (s *Service) UpdateRuleset(ctx context.Context, id event.ID, change func(*ruleset.Ruleset) error, ifMatch, by string) (ruleset.Ruleset, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	now, err := s.Ruleset(ctx, id)
	if err != nil {
		return now, err
	}
	if now.Status != ruleset.Draft {
		return now, ErrStatus
	}
	if !matches(ifMatch, RulesetTag(now)) {
		return now, ErrConflict
	}
	edited := now
	edited.Rules = slices.Clone(now.Rules)
	if err := change(&edited); err != nil {
		return now, err
	}
	now.Description, now.Rules, now.Score = edited.Description, present(edited.Rules), edited.Score
	if err := s.checkRuleset(now); err != nil {
		return now, err
	}
	if err := s.deps.Ledger.UpdateRuleset(ctx, s.deps.Environment, now); err != nil {
		return now, s.kept("keep the ruleset", err)
	}
	s.audit(ctx, by, "update", "ruleset", string(id))
	return now, nil
}

func matches(ifMatch, tag string) bool { return ifMatch == "" || ifMatch == "*" || ifMatch == tag }

// RulesetTag is the entity tag of a ruleset (RFC 9110, section 8.8.3), with its quotation marks.
func RulesetTag(r ruleset.Ruleset) string {
	return tagOf(r.ID, r.Status, r.Description, r.Rules, r.Score)
}

func tagOf(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		return ""
	}
	digest := sha256.Sum256(text)
	return `"` + hex.EncodeToString(digest[:8]) + `"`
}

// ActivateRuleset puts a DRAFT in force, and what was in force in its context out of it. It is checked again: a backend or a list may
// have gone since it was written.
func (s *Service) ActivateRuleset(ctx context.Context, id event.ID, by string) (ruleset.Ruleset, error) {
	return s.putInForce(ctx, id, ruleset.Draft, "activate", by)
}

// RollbackRuleset puts an INACTIVE one in force again.
func (s *Service) RollbackRuleset(ctx context.Context, id event.ID, by string) (ruleset.Ruleset, error) {
	return s.putInForce(ctx, id, ruleset.Inactive, "rollback", by)
}

func (s *Service) putInForce(ctx context.Context, id event.ID, from ruleset.Status, action, by string) (ruleset.Ruleset, error) {
	s.changing.Lock()
	r, err := s.Ruleset(ctx, id)
	if err == nil && r.Status != from {
		err = ErrStatus
	}
	if err == nil {
		err = s.checkRuleset(r)
	}
	if err == nil {
		r, err = s.deps.Ledger.ActivateRuleset(ctx, s.deps.Environment, id, from, s.deps.Now().UTC())
		err = s.kept("put the ruleset in force", err)
	}
	s.changing.Unlock()
	if err != nil {
		return r, err
	}
	s.changed(ctx)
	s.audit(ctx, by, action, "ruleset", string(id))
	return r, nil
}

// CloneRuleset makes a DRAFT with the rules of another version.
func (s *Service) CloneRuleset(ctx context.Context, id event.ID, by string) (ruleset.Ruleset, error) {
	r, err := s.Ruleset(ctx, id)
	if err != nil {
		return r, err
	}
	return s.CreateRuleset(ctx, r, by)
}

// Ruleset finds a ruleset, or ErrNotFound.
func (s *Service) Ruleset(ctx context.Context, id event.ID) (ruleset.Ruleset, error) {
	r, found, err := s.deps.Ledger.Ruleset(ctx, s.deps.Environment, id)
	return r, s.looked("ruleset", found, err)
}

// looked is the error of looking for something.
func (s *Service) looked(what string, found bool, err error) error {
	if err != nil {
		return s.unavailable("find the "+what, err)
	}
	if !found {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return nil
}

// Rulesets lists rulesets, newest first, of one context or, where it is empty, of all; more says that there are others after them.
func (s *Service) Rulesets(ctx context.Context, contextName string, after event.ID, limit int) (list []ruleset.Ruleset, more bool, err error) {
	limit = pageSize(limit)
	list, err = s.deps.Ledger.RulesetPage(ctx, s.deps.Environment, contextName, after, limit+1)
	list, more = cut(list, limit)
	return list, more, s.kept("list rulesets", err)
}

// cut shortens a list that was asked for with one more than is wanted.
func cut[T any](list []T, limit int) (page []T, more bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	return list, false
}
