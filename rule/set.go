package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"wayguard/event"
)

// Set is a compiled configuration. It never changes and may be used from many goroutines.
type Set struct {
	version string
	// rules are in the order of their ids; byType holds those that a type of event concerns.
	rules      []*compiledRule
	byType     map[event.Type][]*compiledRule
	everywhere []*compiledRule
	signatures []*compiledSignature
	actions    []*compiledAction
	ratings    RatingsConfig
	// questions is the number of different things that the expressions look up.
	questions int
}

// compiledRule is a rule ready to run.
type compiledRule struct {
	config  RuleConfig
	version string
	when    evaluate[bool]
	traced  evaluate[bool]
	say     sentence
}

// compiledSignature is a signature ready to run.
type compiledSignature struct {
	config  SignatureConfig
	version string
}

// compiledAction is an action with its specs.
type compiledAction struct {
	config ActionConfig
}

// Version is a hash of everything that decides a verdict: rules with the settings in force, signatures, actions and
// the rating scale. Secrets are not in it.
func (s *Set) Version() string { return s.version }

// Rules lists the ids of all rules in order.
func (s *Set) Rules() []string {
	ids := make([]string, len(s.rules))
	for i, r := range s.rules {
		ids[i] = r.config.ID
	}
	return ids
}

// Action is the compiled form of the action of that name: its status, body, address and secret.
func (s *Set) Action(name string) (ActionConfig, bool) {
	for _, action := range s.actions {
		if action.config.Name == name {
			return action.config, true
		}
	}
	return ActionConfig{}, false
}

// concerning lists the rules that events of a type concern.
func (s *Set) concerning(t event.Type) []*compiledRule {
	if rules, known := s.byType[t]; known {
		return rules
	}
	return s.everywhere
}

// index sorts everything into the order of evaluation and finds the rules of each type.
func (s *Set) index() {
	slices.SortFunc(s.rules, func(a, b *compiledRule) int { return compareText(a.config.ID, b.config.ID) })
	slices.SortFunc(s.signatures, func(a, b *compiledSignature) int { return compareText(a.config.ID, b.config.ID) })
	slices.SortFunc(s.actions, func(a, b *compiledAction) int { return compareActions(a.config, b.config) })
	s.byType = map[event.Type][]*compiledRule{}
	for _, info := range event.Types() {
		for _, r := range s.rules {
			if len(r.config.On) == 0 || slices.Contains(r.config.On, string(info.Type)) {
				s.byType[info.Type] = append(s.byType[info.Type], r)
			}
		}
	}
	for _, r := range s.rules {
		if len(r.config.On) == 0 {
			s.everywhere = append(s.everywhere, r)
		}
	}
}

// fingerprint is a short content hash. Only values that encoding/json cannot refuse are given to it.
func fingerprint(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		return "unknown"
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:8])
}
