package session

import (
	"slices"

	"wayguard/event"
)

// The bounds of a session's labels: how many bytes they take packed, how many of these may be of labels that nothing adds up.
const (
	labelRoom = 1000
	lightRoom = 500
)

// Settle takes a verdict over: its labels, score and rating become the session's.
func (s *Session) Settle(v *event.Verdict) {
	for i := range v.Labels {
		s.place(v.Labels[i])
	}
	s.Rating, s.Score = v.Rating, v.Score
}

// place adds a label that is not carried yet. Where room is short, labels that count make those go that do not, oldest first.
func (s *Session) place(l event.Label) {
	if s.carries(l.Name, l.Shadow, l.Rule) {
		return
	}
	l.Because, l.Sentence, l.Version = nil, "", ""
	if !l.Shadow {
		l.Rule = ""
	}
	room := labelRoom
	if !counts(&l) {
		room = lightRoom
	}
	need := labelSize(&l)
	used := 0
	for i := range s.Labels {
		used += labelSize(&s.Labels[i])
	}
	for used+need > room {
		at := slices.IndexFunc(s.Labels, func(old event.Label) bool { return !counts(&old) })
		if at < 0 || !counts(&l) {
			return
		}
		used -= labelSize(&s.Labels[at])
		s.Labels = slices.Delete(s.Labels, at, at+1)
	}
	s.Labels = append(s.Labels, l)
}

// counts says whether the label has a part in the rating.
func counts(l *event.Label) bool { return !l.Shadow && (l.Points != 0 || l.Signature) }

// labelSize is about what a label takes packed, and never less.
func labelSize(l *event.Label) int {
	const head = 9
	size := head + len(l.Name) + len(l.Rule)
	if familyCode(l.Family) == unnamed {
		size += len(l.Family)
	}
	return size
}

func (s *Session) carries(name string, shadow bool, rule string) bool {
	for i := range s.Labels {
		if l := &s.Labels[i]; l.Name == name && l.Shadow == shadow && (!shadow || l.Rule == rule) {
			return true
		}
	}
	return false
}

// LabelNames are the names of the live labels, sorted; nil when there are none. They are good until the session changes.
func (s *Session) LabelNames() []string {
	s.names = s.names[:0]
	for i := range s.Labels {
		if !s.Labels[i].Shadow {
			s.names = append(s.names, s.Labels[i].Name)
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	slices.Sort(s.names)
	return s.names
}
