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
// Points are centibits. The score is a sum over the distinct names of live labels: within each family the points above zero
// are put in falling order and added up as x1 + x2/2 + x3/4 + ..., at most family_cap of them (deception_cap in the family
// deception); trusting points are added up over all families, at most trust_cap of them; what relieves takes its points away
// once. A session is Suspicious from ratings.suspicious on, and Malicious from ratings.malicious on when
// ratings.families different families say family_points each, or when it carries a live signature of malicious severity.
// With a score of ratings.trusted or less it is held to be human-like for ratings.trust_for, unless a label of the families
// outcome or deception with points, or a conclusive signature, is placed. Within a session a rating only rises, except on the
// event that places its first relieving label, or one that relieves more than all before.
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

// begin lays the facts out.
func (sheet *Sheet) begin(s *Set, facts *Facts) {
	f := &sheet.frame
	if sheet.set != s {
		sheet.set, f.answers, f.march = s, make([]answer, s.questions), march{} // other sets have other questions and sequences
	}
	f.facts, f.memory, f.evaluation = facts, facts.Memory, f.evaluation+1
	if f.memory == nil {
		f.memory = blank{}
	}
}

// end keeps what is to be kept.
func (sheet *Sheet) end(s *Set) {
	sheet.frame.march.pack(s)
	sheet.frame.facts, sheet.frame.memory = nil, nil
}

// Weight is how the labels added up at the last judgement on the sheet.
func (sheet *Sheet) Weight() Weight { return sheet.frame.weight }

// JudgeOn is Judge on a sheet: the verdict is the sheet's, and good until it is used again, and so is Sheet.Progress.
func (s *Set) JudgeOn(sheet *Sheet, facts *Facts) *event.Verdict {
	f, v := &sheet.frame, &sheet.verdict
	*v = event.Verdict{Before: facts.Session.Rating, Rules: s.version, Labels: v.Labels[:0], EntityLabels: v.EntityLabels[:0],
		Actions: v.Actions[:0], Errors: v.Errors[:0]}
	sheet.begin(s, facts)
	s.advance(f)
	v.Errors = append(v.Errors, f.march.broken...)
	for _, rule := range s.concerning(facts.Event.Type) {
		rule.judge(f, v)
	}
	sortLabels(v.Labels)
	s.sign(f, v)
	s.rate(f, v)
	s.act(f, v)
	sheet.end(s)
	return v
}

// judge evaluates one rule and places what it finds.
func (r *compiledRule) judge(f *frame, v *event.Verdict) {
	// The condition is asked first: it seldom holds, and then it is of no matter whether the label is placed already.
	fired, wrong := r.fires(f)
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
	v.Labels = append(v.Labels, event.Label{
		Name: r.config.Label, Severity: r.config.Severity, Rule: r.config.ID, Version: r.version, Shadow: shadow,
		Points: r.config.Points, Family: r.config.Family, Because: r.because(f), Sentence: r.say.tell(f),
	})
}

// fires says whether the rule's sequence has come to its end and its condition holds.
func (r *compiledRule) fires(f *frame) (bool, fault) {
	if r.sequence != nil && !f.march.met[r.sequence.number] {
		return false, sound
	}
	if r.when == nil {
		return true, sound
	}
	return r.when(f)
}

// because is what the rule rests on: the steps of its sequence, and the operands of its conditions with their values.
func (r *compiledRule) because(f *frame) []event.Reason {
	var steps []event.Reason
	if r.sequence != nil {
		steps = r.sequence.reasons(f)
		if last := r.sequence.stages[len(r.sequence.stages)-1]; last.traced != nil {
			_, _ = last.traced(f)
		}
	}
	if r.traced != nil {
		_, _ = r.traced(f) // evaluated for its trace: the value is known
	}
	return append(steps, f.reasons()...)
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
