package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"wayguard/event"
	"wayguard/policy"
)

// Set is a compiled configuration. It never changes and may be used from many goroutines.
type Set struct {
	version string
	// rules are in the order of their ids; byType holds those that a type of event concerns.
	rules      []*compiledRule
	byType     map[event.Type][]*compiledRule
	everywhere []*compiledRule
	signatures []*compiledSignature
	// actions and policies are what may be done, by name; asks are the conditions, in the order in which they are asked.
	actions  []policy.ActionConfig
	policies []policy.Config
	asks     []ask
	ratings  RatingsConfig
	// sequences are those of the rules, marching those that a type of event may move, row how long all their rows are together.
	sequences []*sequence
	marching  map[event.Type][]*sequence
	row       int
	// relieving are the rules whose labels relieve.
	relieving map[string]bool
	// questions is the number of different things that the expressions look up.
	questions int
}

// compiledRule is a rule ready to run.
type compiledRule struct {
	config  RuleConfig
	version string
	// settings are the thresholds in force.
	settings map[string]int64
	// when is nil where a sequence says everything.
	when     evaluate[bool]
	traced   evaluate[bool]
	sequence *sequence
	say      teller
	// operands say what the condition's operands are compared with.
	operands map[string]limit
}

// teller says in plain words why a rule fired.
type teller interface{ tell(*frame) string }

// about are the event types on which the rule can fire; empty means all.
func (r *compiledRule) about() []string {
	if r.sequence != nil {
		return r.sequence.stages[len(r.sequence.stages)-1].on
	}
	return r.config.On
}

// compiledSignature is a signature ready to run.
type compiledSignature struct {
	config  SignatureConfig
	version string
}

// Version is a hash of everything that decides a verdict: rules with the settings in force, signatures, actions,
// policies and the rating scale. Secrets are not in it.
func (s *Set) Version() string { return s.version }

// Rules lists the ids of all rules in order.
func (s *Set) Rules() []string {
	ids := make([]string, len(s.rules))
	for i, r := range s.rules {
		ids[i] = r.config.ID
	}
	return ids
}

// Action is the action of that name with its defaults filled in: its status, body, address and secret.
func (s *Set) Action(name string) (policy.ActionConfig, bool) {
	i, found := slices.BinarySearchFunc(s.actions, name, func(a policy.ActionConfig, name string) int { return compareText(a.Name, name) })
	if !found {
		return policy.ActionConfig{}, false
	}
	return s.actions[i], true
}

// Actions are all actions by name, with their defaults filled in. The slice is the caller's.
func (s *Set) Actions() []policy.ActionConfig { return slices.Clone(s.actions) }

// Policies are all policies by name, with their defaults filled in; those that actions with a condition of their own are
// are not among them (policy.ActionConfig.Own). The slice is the caller's.
func (s *Set) Policies() []policy.Config { return slices.Clone(s.policies) }

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
	slices.SortFunc(s.actions, func(a, b policy.ActionConfig) int { return compareText(a.Name, b.Name) })
	slices.SortFunc(s.policies, func(a, b policy.Config) int { return compareText(a.Name, b.Name) })
	slices.SortFunc(s.asks, compareAsks)
	s.byType, s.relieving = map[event.Type][]*compiledRule{}, map[string]bool{}
	for _, info := range event.Types() {
		for _, r := range s.rules {
			if on := r.about(); len(on) == 0 || slices.Contains(on, string(info.Type)) {
				s.byType[info.Type] = append(s.byType[info.Type], r)
			}
		}
	}
	for _, r := range s.rules {
		if len(r.about()) == 0 {
			s.everywhere = append(s.everywhere, r)
		}
		if r.config.Relieves {
			s.relieving[r.config.ID] = true
		}
	}
}

// indexSequences finds the sequences that each type of event may move.
func (s *Set) indexSequences() {
	s.marching = map[event.Type][]*sequence{}
	for _, info := range event.Types() {
		s.marching[info.Type] = []*sequence{}
		for _, q := range s.sequences {
			if q.moves(info.Type) {
				s.marching[info.Type] = append(s.marching[info.Type], q)
			}
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
