package rule

import (
	"slices"
	"strings"

	"wayguard/event"
)

// Judge decides what is thought of an event. It is pure: the same facts give the same verdict.
//
// Rules are evaluated in the order of their ids and see the labels of the session's earlier events; then signatures see
// those and the new ones; then labels add up to the rating; then the policy asks for actions.
//
// The score is a sum over the distinct names of live labels: within each family the points above zero are added up, at
// most family_cap of them; trusting points are added up over all families, at most trust_cap of them. A session is
// Suspicious from ratings.suspicious on, and Malicious from ratings.malicious on when points came from ratings.families
// different families, or when it carries a live signature of malicious severity. Malicious stays: an attacker who earns
// a trusting label does not become harmless.
func (s *Set) Judge(facts Facts) event.Verdict {
	return *s.JudgeOn(&Sheet{}, &facts)
}

// Sheet is the working space of one judgement at a time, used again for the next one. The zero Sheet is ready; it is for one
// goroutine at a time.
type Sheet struct {
	frame   frame
	set     *Set
	verdict event.Verdict
}

// JudgeOn is Judge on a sheet: the verdict is the sheet's, and good until it is used again.
func (s *Set) JudgeOn(sheet *Sheet, facts *Facts) *event.Verdict {
	f, v := &sheet.frame, &sheet.verdict
	*v = event.Verdict{Before: facts.Session.Rating, Rules: s.version, Labels: v.Labels[:0], EntityLabels: v.EntityLabels[:0],
		Actions: v.Actions[:0], Errors: v.Errors[:0]}
	if sheet.set != s {
		sheet.set, f.answers = s, make([]answer, s.questions) // other sets have other questions
	}
	f.facts, f.memory, f.evaluation = facts, facts.Memory, f.evaluation+1
	if f.memory == nil {
		f.memory = blank{}
	}
	for _, rule := range s.concerning(facts.Event.Type) {
		rule.judge(f, v)
	}
	sortLabels(v.Labels)
	s.sign(f, v)
	s.rate(facts, v)
	s.act(f, v)
	f.facts, f.memory = nil, nil
	return v
}

// judge evaluates one rule and places what it finds.
func (r *compiledRule) judge(f *frame, v *event.Verdict) {
	// The condition is asked first: it seldom holds, and then it is of no matter whether the label is placed already.
	fired, wrong := r.when(f)
	if !fired && wrong <= missing {
		return
	}
	shadow := r.config.Mode == Shadow
	placed := r.placed(f.facts.Session.Labels, shadow) && !r.config.Repeat || r.placed(v.Labels, shadow)
	if placed && (r.config.EntityLabel == nil || shadow) {
		return
	}
	if wrong > missing {
		v.Errors = append(v.Errors, event.RuleError{Rule: r.config.ID, Error: wrong.String()})
		return
	}
	if wrong != sound || !fired {
		return
	}
	if !shadow {
		r.mark(f.facts.Event, v)
	}
	if placed {
		return
	}
	_, _ = r.traced(f) // evaluated for its trace: the value is known
	v.Labels = append(v.Labels, event.Label{
		Name: r.config.Label, Severity: r.config.Severity, Rule: r.config.ID, Version: r.version, Shadow: shadow,
		Points: r.config.Points, Family: r.config.Family, Because: f.reasons(), Sentence: r.say.tell(f),
	})
}

// placed says whether labels hold this rule's label already. A shadow label never stands in the way of a live one.
func (r *compiledRule) placed(labels []event.Label, shadow bool) bool {
	for i := range labels {
		if labels[i].Name == r.config.Label && labels[i].Shadow == shadow && (!shadow || labels[i].Rule == r.config.ID) {
			return true
		}
	}
	return false
}

// mark places the entity label on every value of its element.
func (r *compiledRule) mark(e *event.Event, v *event.Verdict) {
	if r.config.EntityLabel == nil {
		return
	}
	for i := range e.Elements {
		if found := &e.Elements[i]; found.Name == r.config.EntityLabel.Element && found.Value != "" {
			v.EntityLabels = append(v.EntityLabels, event.EntityLabel{
				Element: found.Name, Value: found.Value, Label: r.config.EntityLabel.Label, Rule: r.config.ID,
			})
		}
	}
}

// sign places the signatures that the session's labels now fulfil.
func (s *Set) sign(f *frame, v *event.Verdict) {
	plain := len(v.Labels)
	if plain == 0 {
		return // A signature over labels can only come true when a label is placed.
	}
	carried := func(name string, shadows bool) bool {
		return carries(f.facts.Session.Labels, name, shadows) || carries(v.Labels[:plain], name, shadows)
	}
	for _, signature := range s.signatures {
		shadow := signature.config.Mode == Shadow
		if carries(f.facts.Session.Labels, signature.config.Name, shadow) || !signature.holds(carried) {
			continue
		}
		v.Labels = append(v.Labels, signature.label(carried))
	}
	sortLabels(v.Labels[plain:])
}

func sortLabels(labels []event.Label) {
	slices.SortStableFunc(labels, func(a, b event.Label) int { return strings.Compare(a.Name, b.Name) })
}
