package rule

import (
	"fmt"
	"time"

	"cel.dev/cel-go/common/ast"

	"wayguard/event"
)

// ownFunction compiles a call of one of the language's own functions; all arguments are constants.
func (b *builder) ownFunction(f function, arguments []ast.Expr) (program, error) {
	words := make([]string, 4)
	for n, e := range arguments {
		words[n], _ = stringLiteral(e)
	}
	question := b.questions.number(f.overload(), words[0], words[1], words[2], words[3])
	switch f.on {
	case "session":
		return sessionFunction(f.name, question, words[0], words[1])
	case "wire":
		return program{boolean: askedTruth(question, func(f *frame) bool { return flawed(f.facts.Event, event.Flaw(words[0])) })}, nil
	}
	if p, found := entityFunction(f.name, question, words, b.vocabulary); found {
		return p, nil
	}
	entity, second := words[0], words[1]
	switch f.name {
	case "entity_label":
		life := b.lives[entity+"\x00"+second]
		return program{boolean: askedTruth(question, func(f *frame) bool { return f.labelled(entity, second, life) })}, nil
	case "part":
		return program{text: part(entity, second)}, nil
	case "has_value":
		return program{boolean: hasValue(entity, second)}, nil
	case "cluster":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.clusters().Level(entity) })}, nil
	case "alarmed":
		return program{boolean: askedTruth(question, func(f *frame) bool { return f.clusters().Alarmed(entity) })}, nil
	case "login_risk":
		return program{integer: askedNumber(question, (*frame).loginRisk)}, nil
	}
	return program{}, unsupported{fmt.Sprintf("%s()", f.name)}
}

// entityFunction compiles the functions that ask the memory of one of the event's entities.
func entityFunction(name string, question int, words []string, v Vocabulary) (program, bool) {
	entity, second := words[0], words[1]
	switch name {
	case "count":
		window, _ := v.window(words[2])
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.memory.Count(entity, second, window) })}, true
	case "percent":
		window, _ := v.window(words[3])
		return program{integer: askedNumber(question, func(f *frame) int64 {
			return share(f.memory.Count(entity, second, window), f.memory.Count(entity, words[2], window))
		})}, true
	case "distinct":
		window, _ := v.window(words[2])
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.memory.Distinct(entity, second, window) })}, true
	case "seen_before":
		return program{boolean: askedTruth(question, func(f *frame) bool { return f.memory.SeenBefore(entity, second) })}, true
	case "age_days":
		return program{integer: ageDays(question, entity)}, true
	case "persona_distance":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.memory.PersonaDistance(entity) })}, true
	}
	return program{}, false
}

// ageDays has no value where the event has no value of the entity.
func ageDays(question int, entity string) evaluate[int64] {
	return func(f *frame) (int64, fault) {
		a, answered := f.ask(question)
		if !answered {
			var age time.Duration
			age, a.known = f.memory.Age(entity)
			a.number = int64(age / day)
		}
		if !a.known {
			return 0, missing
		}
		return a.number, sound
	}
}

// share is how many percent of the whole a part is, 0 to 100; -1 where there is no whole.
func share(part, whole int64) int64 {
	switch {
	case whole <= 0:
		return -1
	case part >= whole:
		return 100
	case part <= 0:
		return 0
	case part > 1<<56: // the product would run over
		return part / (whole/100 + 1)
	}
	return part * 100 / whole
}

func sessionFunction(name string, question int, word, second string) (program, error) {
	moment := event.Type(word)
	switch name {
	case "count":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.facts.Session.count(word) })}, nil
	case "percent":
		return program{integer: askedNumber(question, func(f *frame) int64 {
			return share(f.facts.Session.count(word), f.facts.Session.count(second))
		})}, nil
	case "distinct":
		return program{integer: askedNumber(question, func(f *frame) int64 {
			if f.facts.Session.Distinct == nil {
				return 0
			}
			return f.facts.Session.Distinct(word)
		})}, nil
	case "label":
		return program{boolean: askedTruth(question, func(f *frame) bool { return carries(f.facts.Session.Labels, word, false) })}, nil
	case "seen":
		return program{boolean: askedTruth(question, func(f *frame) bool { return f.facts.since(moment) >= 0 })}, nil
	case "since":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.facts.since(moment) })}, nil
	case "seconds_to":
		return program{integer: askedNumber(question, func(f *frame) int64 { return f.facts.secondsTo(moment) })}, nil
	}
	return program{}, unsupported{fmt.Sprintf("session.%s()", name)}
}

// count asks where the counters are.
func (s *Session) count(counter string) int64 {
	if s.Count != nil {
		return s.Count(counter)
	}
	return s.Counts[counter]
}

// since is how many whole seconds ago the session's latest event of the type before this one was, -1 when there was none.
func (f *Facts) since(t event.Type) int64 {
	if f.Session.Last == nil {
		return -1
	}
	at, known := f.Session.Last(t)
	if !known {
		return -1
	}
	return max(0, int64(f.Event.Time.Sub(at)/time.Second))
}

// secondsTo is how many whole seconds after its opening the session had its first event of the type, -1 when it had none.
func (f *Facts) secondsTo(t event.Type) int64 {
	if f.Session.First == nil {
		return -1
	}
	at, known := f.Session.First(t)
	if !known {
		return -1
	}
	return max(0, int64(at.Sub(f.Session.Opened)/time.Second))
}

func (f *frame) clusters() Clusters {
	if f.facts.Clusters == nil {
		return calm{}
	}
	return f.facts.Clusters
}

func (f *frame) loginRisk() int64 {
	if f.facts.LoginRisk == nil {
		return 0
	}
	return f.facts.LoginRisk()
}

// labelled says whether the event's value of the entity carries the label, and has not carried it for longer than its life;
// 0 is for good.
func (f *frame) labelled(entity, label string, life time.Duration) bool {
	if aging, knows := f.memory.(Aging); knows && life > 0 {
		age, there := aging.LabelAge(entity, label)
		return there && age <= life
	}
	return f.memory.Labelled(entity, label)
}

// flawed says whether the wire contradicts the client in that way.
func flawed(e *event.Event, flaw event.Flaw) bool {
	for _, found := range e.Evidence.Wire.Flaws {
		if found == flaw {
			return true
		}
	}
	return false
}

// listed is a list as it is told: "a, b and c".
func listed(words []string, last string) string {
	text := ""
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text += " " + last + " "
		default:
			text += ", "
		}
		text += word
	}
	return text
}
