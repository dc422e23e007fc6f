package rule

import (
	"fmt"
	"math/bits"
	"math/rand"
	"slices"
	"testing"
	"time"

	"wayguard/event"
)

// randomLabels are a session's labels, each with another name.
func randomLabels(r *rand.Rand, n int) []event.Label {
	var labels []event.Label
	for i := range n {
		l := event.Label{Name: fmt.Sprintf("L%02d", i), Rule: fmt.Sprintf("l%d", i), Family: Families()[r.Intn(3)], Points: int64(r.Intn(800)), Severity: event.SuspiciousLabel}
		switch r.Intn(12) {
		case 0:
			l.Points, l.Severity = -int64(r.Intn(500)), event.Trusting
		case 1:
			l.Signature, l.Family, l.Points = true, "", 0
			if r.Intn(3) == 0 {
				l.Severity = event.MaliciousLabel
			}
		case 2:
			l.Shadow = true
		case 3:
			l.Family = "deception"
		}
		labels = append(labels, l)
	}
	return labels
}

// plainWeight is the rating written down as Set.Judge tells it.
func plainWeight(r RatingsConfig, labels []event.Label) (score int64, rating event.Rating) {
	families, trust, sure := map[string][]int64{}, int64(0), false
	for _, l := range labels {
		switch {
		case l.Shadow:
			continue
		case l.Points > 0:
			families[l.Family] = append(families[l.Family], l.Points)
		default:
			trust -= l.Points
		}
		sure = sure || l.Signature && l.Severity == event.MaliciousLabel
	}
	saying := int64(0)
	for name, points := range families {
		slices.Sort(points)
		slices.Reverse(points)
		sum, share, most := int64(0), int64(1), r.FamilyCap
		for _, p := range points {
			sum, share = sum+p/share, share*2
		}
		if name == "deception" {
			most = r.DeceptionCap
		}
		if score += min(sum, most); slices.Contains(Families(), name) && min(sum, most) >= r.FamilyPoints {
			saying++
		}
	}
	score -= min(trust, r.TrustCap)
	switch {
	case sure, score >= r.Malicious && saying >= r.Families:
		return score, event.Malicious
	case score >= r.Suspicious:
		return score, event.Suspicious
	}
	return score, event.Normal
}

// The reasons are a smallest set whose removal changes the rating: no smaller set does, as trying all of them shows.
func TestReasonsAreTheSmallestSet(t *testing.T) {
	set := &Set{ratings: DefaultRatings()}
	rated := map[event.Rating]int{}
	longest := 0
	for seed := range int64(1500) {
		labels := randomLabels(rand.New(rand.NewSource(seed)), 1+int(seed%9))
		score, rating := plainWeight(set.ratings, labels)
		rated[rating]++
		names, w := set.Reasons(labels)
		if w.Score != score || w.Rating != rating {
			t.Fatalf("seed %d: %d %s, want %d %s\n%+v", seed, w.Score, w.Rating, score, rating, labels)
		}
		if rating == event.Normal {
			continue
		}
		fewest := len(labels) + 1
		for mask := range uint(1) << len(labels) {
			var rest []event.Label
			for i, l := range labels {
				if mask>>i&1 == 0 {
					rest = append(rest, l)
				}
			}
			if _, other := plainWeight(set.ratings, rest); other != rating {
				fewest = min(fewest, bits.OnesCount(mask))
			}
		}
		longest = max(longest, len(names))
		if len(names) != fewest || !w.Exact {
			t.Fatalf("seed %d: %v (exact %t), but %d are enough\n%+v", seed, names, w.Exact, fewest, labels)
		}
		rest := slices.DeleteFunc(slices.Clone(labels), func(l event.Label) bool { return slices.Contains(names, l.Name) })
		if _, other := plainWeight(set.ratings, rest); other == rating {
			t.Fatalf("seed %d: without %v the rating is the same", seed, names)
		}
	}
	if rated[event.Suspicious] < 300 || rated[event.Malicious] < 100 {
		t.Errorf("%v: the test shows little", rated)
	}
	t.Logf("%v, at most %d reasons", rated, longest)
}

// With a crowd of labels the reasons are still such that none can be left out, and it is said that they may not be the fewest.
func TestReasonsAmongACrowd(t *testing.T) {
	set := &Set{ratings: DefaultRatings()}
	var labels []event.Label
	for i := range 60 {
		labels = append(labels, event.Label{Name: fmt.Sprintf("L%02d", i), Family: Families()[i%7], Points: int64(500 + i%3)})
	}
	names, w := set.Reasons(labels)
	if w.Exact || w.Rating != event.Malicious || len(names) == 0 {
		t.Fatalf("%v %+v", names, w)
	}
	for i := range names {
		fewer := slices.Delete(slices.Clone(names), i, i+1)
		rest := slices.DeleteFunc(slices.Clone(labels), func(l event.Label) bool { return slices.Contains(fewer, l.Name) })
		if _, rating := plainWeight(set.ratings, rest); rating != w.Rating {
			t.Errorf("%s can be left out", names[i])
		}
	}
}

const trusting = `
rules:
  - { id: known, label: Known, severity: trusting, family: identity, points: -500, when: event.type == "logout" }
  - { id: fast, label: Fast, severity: suspicious, family: velocity, points: 1200, when: event.type == "checkout" }
  - { id: odd, label: Odd, severity: suspicious, family: network, points: 900, when: event.type == "checkout" }
  - { id: fails, label: Fails, severity: suspicious, family: outcome, points: 100, when: event.type == "authentication_attempt" }
  - { id: check, label: Check, severity: trusting, family: identity, points: -600, relieves: true, when: event.type == "authentication_challenge" }
`

// play judges events of one session one after the other: seconds since the first, and type.
func play(t *testing.T, set *Set, events ...any) []event.Verdict {
	t.Helper()
	var sheet, restored Sheet
	facts := sampleFacts()
	facts.Session.Labels, facts.Session.Score = nil, 0
	var verdicts []event.Verdict
	for i := 0; i < len(events); i += 2 {
		facts.Event.Time, facts.Event.Type = sample().Time.Add(time.Duration(events[i].(int))*time.Second), events[i+1].(event.Type)
		v := *set.JudgeOn(&sheet, &facts)
		set.Advance(&restored, &facts)
		if string(restored.Progress()) != string(sheet.Progress()) {
			t.Fatalf("event %d: restored as %x, judged as %x", i/2, restored.Progress(), sheet.Progress())
		}
		v.Labels = slices.Clone(v.Labels)
		verdicts = append(verdicts, v)
		facts.Session.Labels = append(facts.Session.Labels, v.Labels...)
		facts.Session.Score, facts.Session.Rating, facts.Session.Progress = v.Score, v.Rating, slices.Clone(sheet.Progress())
	}
	return verdicts
}

func TestTrustHoldsForATime(t *testing.T) {
	set := compileYAML(t, trusting)
	for name, c := range map[string]struct {
		events []any
		score  int64
		rating event.Rating
	}{
		"held":                     {[]any{0, event.Logout, 60, event.Checkout}, -432, event.Normal},
		"still held":               {[]any{0, event.Logout, 60, event.Checkout, 1800, event.ProductView}, -432, event.Normal},
		"over":                     {[]any{0, event.Logout, 60, event.Checkout, 1900, event.ProductView}, 1300, event.Suspicious},
		"an outcome ends it":       {[]any{0, event.Logout, 60, event.Checkout, 70, event.AuthenticationAttempt}, 1400, event.Malicious},
		"and it stays ended":       {[]any{0, event.Logout, 60, event.Checkout, 70, event.AuthenticationAttempt, 80, event.ProductView}, 1400, event.Malicious},
		"not earned":               {[]any{0, event.ProductView, 60, event.Checkout}, 1800, event.Malicious},
		"earned again and again":   {[]any{0, event.Logout, 1900, event.ProductView, 3700, event.Checkout}, -432, event.Normal},
		"a check gives back":       {[]any{0, event.Checkout, 10, event.AuthenticationChallenge}, 1200, event.Suspicious},
		"trust gives nothing back": {[]any{0, event.Checkout, 10, event.Logout}, 1300, event.Malicious},
	} {
		verdicts := play(t, set, c.events...)
		if last := verdicts[len(verdicts)-1]; last.Score != c.score || last.Rating != c.rating {
			t.Errorf("%s: %d %s, want %d %s", name, last.Score, last.Rating, c.score, c.rating)
		}
	}
}
