package app

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wayguard/event"
	"wayguard/hub"
	"wayguard/identity"
	"wayguard/session"
)

// sentencesOf says in plain words what an explanation holds. summed is what the labels add up to by the rules that explain.
func sentencesOf(x *hub.Explanation, summed event.Rating) []string {
	said := []string{ratingSentence(x)}
	if len(x.Tipped) > 0 {
		said = append(said, tippedSentence(x))
	}
	if x.Rating > event.Normal && len(x.Turned) > 0 && x.Event == "" {
		said = append(said, fmt.Sprintf("It became so at %s UTC by %s.", x.TurnedAt.Format(time.TimeOnly), listed(x.Turned)))
	}
	switch {
	case x.Rating == event.Malicious:
		said = append(said, "No rating is worse; malicious stays until the session ends, unless a strong check is passed.")
	case x.Next > 0:
		said = append(said, fmt.Sprintf("%d more points would make it %s.", x.Next, x.NextRating))
	}
	if summed != x.Rating {
		said = append(said, fmt.Sprintf("By the rules that explain this, its labels add up to %s: a rating does not fall by itself, and rules may have changed since.", summed))
	}
	if !x.Current {
		said = append(said, "It was judged by other rules than those that explain it: thresholds are those of today where the label does not name them.")
	}
	if x.Partial {
		said = append(said, "A part of the session's events is not kept any more, or left out here.")
	}
	return append(said, joinSentence(x), deviceSentence(x))
}

func ratingSentence(x *hub.Explanation) string {
	what := "The session is"
	if x.Event != "" {
		what = "After this event the session was"
	}
	return fmt.Sprintf("%s %s, with a score of %d after %d %s.", what, x.Rating, x.Score, x.Events, plural(x.Events, "event"))
}

// fewReasons is how many labels a person can take in at once.
const fewReasons = 5

func tippedSentence(x *hub.Explanation) string {
	if len(x.Tipped) > fewReasons && len(x.Enough) > 0 {
		return fmt.Sprintf("%s alone %s enough for that; so much speaks against it that %d labels would have to go to make it %s.", listed(x.Enough),
			areOrIs(len(x.Enough)), len(x.Tipped), x.Without)
	}
	verb := "made it so"
	if !x.Exact {
		verb = "are enough to have made it so"
	}
	if x.Without == x.Rating {
		return fmt.Sprintf("%s %s.", listed(x.Tipped), verb)
	}
	return fmt.Sprintf("%s %s: without %s it would be %s.", listed(x.Tipped), verb, itOrThem(len(x.Tipped)), x.Without)
}

// joinSentence says why the events are one session.
func joinSentence(x *hub.Explanation) string {
	what, detail := "The session was opened", x.Join.Detail
	if x.Event != "" {
		what = "The event belongs to the session"
	}
	switch x.Join.By {
	case session.ByOpening:
		return withDetail("The session was opened by this visitor's first event", detail)
	case session.ByToken:
		return fmt.Sprintf("%s because the visitor showed its token (%s).", what, detail)
	case session.ByLearned:
		return fmt.Sprintf("%s because the visitor showed a token that was found to tell visitors apart (%s).", what, detail)
	case session.ByRotation:
		return fmt.Sprintf("%s because the visitor showed a token that took the place of one of its (%s).", what, detail)
	case session.ByConnection:
		return what + " because it came by the same connection."
	case session.ByFallback:
		return withDetail(what+" because address, browser and headers are the same, and nobody else there looks so", detail)
	case session.ByStitch:
		return withDetail(what+" because the visit went on from one without a cookie", detail)
	}
	return withDetail(what, x.Join.By)
}

// deviceSentence says why the session belongs to its device.
func deviceSentence(x *hub.Explanation) string {
	sure := ""
	if x.Confidence > 0 {
		sure = fmt.Sprintf(" It is %d %% sure.", x.Confidence)
	}
	odds := ""
	if x.Link.Bits != 0 {
		odds = fmt.Sprintf(" (odds of %s bits, the next likeliest is %s behind)", bits(x.Link.Bits), bits(x.Link.Margin))
	}
	switch identity.Tier(x.Link.Tier) {
	case identity.ByKey:
		return "The device is known by a cookie or token that it holds." + sure
	case identity.ByAccount:
		return "The device is known because this browser proved the same account before" + odds + "." + sure
	case identity.ByAddress:
		return "The device is known by its looks, at an address where somebody else would hardly look so" + odds + "." + sure
	case identity.Ambiguous:
		return "Several devices look like this one, so it counts as a new one" + odds + "." + sure
	case identity.New:
		return "The device is new: nothing speaks for one that is known." + sure
	}
	if x.Device == "" {
		return "Nothing is known of the device."
	}
	return "The device follows from the session: no decision about it was recorded." + sure
}

// notesOf says what an event brought that was new, empty when nothing was. linked says that its device is new to the session.
func notesOf(r *event.Record, linked bool) []string {
	var notes []string
	v, s := &r.Verdict, &r.Session
	if s.Number == 1 || s.Join.By == session.ByStitch || s.Join.By == session.ByRotation {
		notes = append(notes, joinNote(s))
	}
	if s.Absorbed != "" {
		notes = append(notes, "takes in the earlier session "+string(s.Absorbed))
	}
	if linked {
		notes = append(notes, fmt.Sprintf("device %s by %s", s.Journey, s.Link.Tier))
	}
	for i := range v.Labels {
		notes = append(notes, labelNote(&v.Labels[i]))
	}
	if v.Rating != v.Before {
		note := fmt.Sprintf("rated %s, was %s", v.Rating, v.Before)
		if len(v.Tipped) > 0 {
			note += ", by " + listed(v.Tipped)
		}
		notes = append(notes, note)
	}
	for _, actions := range [][]event.Action{v.Actions, r.Event.Actions} {
		for i := range actions {
			if a := &actions[i]; a.Kind != event.Tag {
				notes = append(notes, actionNote(a))
			}
		}
	}
	for i := range v.Errors {
		notes = append(notes, fmt.Sprintf("rule %s could not be evaluated: %s", v.Errors[i].Rule, v.Errors[i].Error))
	}
	return notes
}

func joinNote(s *event.Session) string {
	if s.Join.Detail == "" {
		return "joined by " + s.Join.By
	}
	return fmt.Sprintf("joined by %s (%s)", s.Join.By, s.Join.Detail)
}

func labelNote(l *event.Label) string {
	kind, shadow := "label", ""
	if l.Signature {
		kind = "signature"
	}
	if l.Shadow {
		shadow = ", in shadow"
	}
	return fmt.Sprintf("%s %q (%+d%s): %s", kind, l.Name, l.Points, shadow, asSentence(l.Sentence))
}

func actionNote(a *event.Action) string {
	note := fmt.Sprintf("%s %s because of %s", a.Kind, a.Name, a.Because)
	if a.Shadow {
		note += ", in shadow"
	}
	if a.Outcome != "" {
		note += ": " + string(a.Outcome)
	}
	return note
}

// asSentence begins with a capital letter and ends with a full stop.
func asSentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "!") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

func withDetail(text, detail string) string {
	if detail == "" {
		return text + "."
	}
	return fmt.Sprintf("%s: %s.", text, detail)
}

// listed is "a, b and c".
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func itOrThem(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// bits are centibits with two decimals.
func bits(centibits int64) string {
	sign := ""
	if centibits < 0 {
		sign, centibits = "-", -centibits
	}
	return fmt.Sprintf("%s%d.%02d", sign, centibits/100, centibits%100)
}
