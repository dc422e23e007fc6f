package rule

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"wayguard/event"
	"wayguard/policy"
)

const twoRules = `
rules:
  - id: velocity
    label: Fast
    severity: suspicious
    family: velocity
    points: 450
    on: [authentication_attempt]
    settings: { limit: 5 }
    when: count("ip_address", "logins", "1m") > settings.limit || session.count("payments") > 10
    sentence: "{count(\"ip_address\", \"logins\", \"1m\")} logins by {el.username} with {el.payment_from}, {{limit}} {settings.limit}, {el.phone}"
  - id: cards
    label: Cards
    severity: suspicious
    family: identity
    points: 600
    when: has(el.payment_from) && el.payment_from != "" && session.label("Fast")
`

func TestJudgeExplains(t *testing.T) {
	verdict := compileYAML(t, twoRules).Judge(sampleFacts())
	if len(verdict.Labels) != 1 {
		t.Fatalf("labels %+v, want one: a rule sees the labels of earlier events only", verdict.Labels)
	}
	label := verdict.Labels[0]
	want := []event.Reason{
		{Expression: `count("ip_address", "logins", "1m")`, Value: "7"},
		{Expression: `settings.limit`, Value: "5"},
	}
	if !reflect.DeepEqual(label.Because, want) {
		t.Errorf("because %v, want %v: what was not evaluated is not told", label.Because, want)
	}
	if want := "7 logins by bob with Visa 411111••••1111, {limit} 5, unknown"; label.Sentence != want {
		t.Errorf("sentence %q, want %q", label.Sentence, want)
	}
	if label.Name != "Fast" || label.Rule != "velocity" || label.Family != "velocity" || label.Points != 450 || len(label.Version) != 16 {
		t.Errorf("label %+v", label)
	}
	if verdict.Before != event.Normal || verdict.Rating != event.Suspicious || verdict.Score != 637 ||
		!reflect.DeepEqual(verdict.Tipped, []string{"Fast"}) {
		t.Errorf("rating %s, before %s, score %d, tipped %v", verdict.Rating, verdict.Before, verdict.Score, verdict.Tipped)
	}
}

func TestJudgeShowsMasksNotHashes(t *testing.T) {
	facts := sampleFacts()
	facts.Session.Labels = []event.Label{{Name: "Fast"}}
	verdict := compileYAML(t, twoRules).Judge(facts)
	text, err := json.Marshal(verdict)
	if err != nil || strings.Contains(string(text), "0123456789abcdef") || !strings.Contains(string(text), "411111••••1111") {
		t.Errorf("verdict %s (%v)", text, err)
	}
}

func TestLabelsArePlacedOnce(t *testing.T) {
	rules := `
rules:
  - { id: once, label: Once, severity: suspicious, family: outcome, points: 75, when: event.status == 401, entity_label: { element: username, label: marked } }
  - { id: often, label: Often, severity: suspicious, family: outcome, points: 75, when: event.status == 401, repeat: true }
  - { id: other-once, label: Once, severity: suspicious, family: network, points: 75, when: event.status == 401 }
  - { id: trial, label: Trial, severity: malicious, family: network, points: 3900, when: event.status == 401, mode: shadow, entity_label: { element: username, label: tried } }
signatures:
  - { id: trial-pattern, name: Trial Pattern, severity: malicious, labels: { all: [Trial, Once] }, mode: shadow }
  - { id: live-pattern, name: Live Pattern, severity: malicious, labels: { all: [Trial] } }
`
	set, facts := compileYAML(t, rules), sampleFacts()
	facts.Session.Labels = nil
	first := set.Judge(facts)
	if got, want := placed(first), "Often/often Once/once Trial/trial/shadow Trial Pattern/trial-pattern/shadow"; got != want {
		t.Errorf("first event: %s, want %s", got, want)
	}
	facts.Session.Labels = first.Labels
	second := set.Judge(facts)
	if got, want := placed(second), "Often/often"; got != want {
		t.Errorf("second event: %s, want %s", got, want)
	}
	for n, verdict := range []event.Verdict{first, second} {
		want := []event.EntityLabel{{Element: "username", Value: "bob", Label: "marked", Rule: "once"}}
		if !reflect.DeepEqual(verdict.EntityLabels, want) {
			t.Errorf("event %d: entity labels %+v, want %+v: they are placed each time, but never by a shadow rule", n+1, verdict.EntityLabels, want)
		}
		if verdict.Score != 112 || verdict.Rating != event.Normal {
			t.Errorf("event %d: score %d rating %s, want 112 normal: a label counts once and shadows count nothing", n+1, verdict.Score, verdict.Rating)
		}
	}
}

func placed(v event.Verdict) string {
	var all []string
	for _, l := range v.Labels {
		text := l.Name + "/" + l.Rule
		if l.Shadow {
			text += "/shadow"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestRating(t *testing.T) {
	label := func(name string, points int64, family string) event.Label {
		return event.Label{Name: name, Rule: strings.ToLower(name), Points: points, Family: family, Severity: event.SuspiciousLabel}
	}
	trust := func(name string, points int64) event.Label {
		return event.Label{Name: name, Rule: strings.ToLower(name), Points: points, Family: "identity", Severity: event.Trusting}
	}
	conclusive := event.Label{Name: "S", Signature: true, Severity: event.MaliciousLabel}
	shadow := func(l event.Label) event.Label { l.Shadow = true; return l }
	many := func(n int, points int64, families ...string) (all []event.Label) {
		for i := range n {
			all = append(all, label(fmt.Sprintf("M%02d", i), points, families[i%len(families)]))
		}
		return all
	}
	for name, c := range map[string]struct {
		before event.Rating
		old    []event.Label
		fresh  []event.Label
		score  int64
		rating event.Rating
		next   int64
		tipped []string
	}{
		"nothing":             {score: 0, rating: event.Normal, next: 600},
		"below suspicious":    {fresh: []event.Label{label("A", 599, "velocity")}, score: 599, rating: event.Normal, next: 1},
		"suspicious":          {fresh: []event.Label{label("A", 600, "velocity")}, score: 600, rating: event.Suspicious, next: 721, tipped: []string{"A"}},
		"the second is half":  {fresh: []event.Label{label("B", 401, "velocity"), label("A", 500, "velocity"), label("C", 402, "velocity")}, score: 500 + 201 + 100, rating: event.Suspicious, next: 520, tipped: []string{"A", "C"}},
		"a family is capped":  {fresh: many(9, 800, "velocity"), score: 900, rating: event.Suspicious, next: 421, tipped: []string{"M00", "M01", "M02", "M03", "M04", "M05", "M06", "M07", "M08"}},
		"deception says more": {fresh: many(9, 900, "deception"), score: 1600, rating: event.Suspicious, next: 300, tipped: []string{"M00", "M01", "M02", "M03", "M04", "M05", "M06", "M07", "M08"}},
		"two families":        {fresh: []event.Label{label("A", 900, "velocity"), label("B", 421, "identity")}, score: 1321, rating: event.Malicious, tipped: []string{"A"}},
		"a second family that says little": {fresh: []event.Label{label("A", 900, "velocity"), label("B", 299, "identity"), label("C", 299, "network")},
			score: 1498, rating: event.Suspicious, next: 1, tipped: []string{"A"}},
		"the last straw": {before: event.Suspicious, old: []event.Label{label("A", 900, "velocity")},
			fresh: []event.Label{label("B", 100, "identity"), label("C", 400, "identity")}, score: 1350, rating: event.Malicious, tipped: []string{"A"}},
		"trust holds it down": {fresh: []event.Label{label("A", 700, "velocity"), trust("T", -200)}, score: 500, rating: event.Normal, next: 100},
		"trust is capped":     {fresh: []event.Label{label("A", 900, "velocity"), label("B", 600, "identity"), trust("T", -500), trust("U", -500)}, score: 700, rating: event.Suspicious, next: 621, tipped: []string{"A"}},
		"a rating only rises": {before: event.Suspicious, old: []event.Label{label("A", 700, "velocity")}, fresh: []event.Label{trust("T", -300)}, score: 400, rating: event.Suspicious, next: 200},
		"a check relieves":    {before: event.Suspicious, old: []event.Label{label("A", 900, "velocity")}, fresh: []event.Label{trust("Relief", -600)}, score: 300, rating: event.Normal, next: 300, tipped: []string{"Relief"}},
		"once": {before: event.Suspicious, old: []event.Label{label("A", 900, "velocity"), label("B", 500, "network"), trust("Relief", -600)},
			fresh: []event.Label{trust("Solace", -600)}, score: 800, rating: event.Suspicious, next: 521},
		"a stronger one gives more back": {before: event.Suspicious, old: []event.Label{label("A", 900, "velocity"), trust("Solace", -100)}, fresh: []event.Label{trust("Relief", -600)},
			score: 300, rating: event.Normal, next: 300, tipped: []string{"Relief"}},
		"a weaker one nothing": {before: event.Suspicious, old: []event.Label{label("A", 900, "velocity"), label("B", 500, "network"), trust("Relief", -300)}, fresh: []event.Label{trust("Solace", -290)},
			score: 1100, rating: event.Suspicious, next: 221},
		"relief beside trust": {before: event.Malicious, old: []event.Label{label("A", 900, "velocity"), label("B", 900, "network"), trust("T", -900)}, fresh: []event.Label{trust("Relief", -600)},
			score: 400, rating: event.Normal, next: 200, tipped: []string{"T"}},
		"signature":            {fresh: []event.Label{conclusive}, score: 0, rating: event.Malicious, tipped: []string{"S"}},
		"shadow signature":     {fresh: []event.Label{shadow(conclusive)}, score: 0, rating: event.Normal, next: 600},
		"shadow label":         {fresh: []event.Label{shadow(label("A", 999, "velocity"))}, score: 0, rating: event.Normal, next: 600},
		"shadow before live":   {old: []event.Label{shadow(label("A", 999, "velocity"))}, fresh: []event.Label{label("A", 600, "velocity")}, score: 600, rating: event.Suspicious, next: 721, tipped: []string{"A"}},
		"a name counts once":   {old: []event.Label{label("A", 450, "velocity")}, fresh: []event.Label{label("A", 450, "velocity")}, score: 450, rating: event.Normal, next: 150},
		"unknown family":       {fresh: []event.Label{label("A", 900, "tarot"), label("B", 900, "velocity")}, score: 1800, rating: event.Suspicious, next: 300, tipped: []string{"A", "B"}},
		"signature and points": {fresh: []event.Label{label("A", 900, "velocity"), label("B", 900, "identity"), conclusive}, score: 1800, rating: event.Malicious, tipped: []string{"A", "S"}},
		"all of the session's": {before: event.Suspicious, old: []event.Label{label("A", 800, "velocity"), label("Z", 10, "velocity")}, fresh: []event.Label{label("B", 530, "identity")}, score: 1335, rating: event.Malicious, tipped: []string{"A"}},
	} {
		set := &Set{ratings: DefaultRatings(), relieving: map[string]bool{"relief": true, "solace": true}}
		facts := Facts{Event: sample(), Session: Session{Rating: c.before, Labels: c.old}}
		v := event.Verdict{Before: c.before, Labels: c.fresh}
		f := &frame{facts: &facts}
		set.rate(f, &v)
		if v.Score != c.score || v.Rating != c.rating || f.weight.Next != c.next {
			t.Errorf("%s: score %d rating %s next %d, want %d %s %d", name, v.Score, v.Rating, f.weight.Next, c.score, c.rating, c.next)
		}
		if !reflect.DeepEqual(v.Tipped, c.tipped) {
			t.Errorf("%s: tipped %v, want %v", name, v.Tipped, c.tipped)
		}
	}
}

const policyYAML = `
rules:
  - { id: old, label: Old, severity: suspicious, family: velocity, points: 375, when: event.status == 999 }
  - { id: hot, label: Hot, severity: malicious, family: identity, points: 1050, when: event.status == 401 }
  - { id: cold, label: Cold, severity: suspicious, family: identity, points: 15, when: event.status == 999 }
signatures:
  - { id: both, name: Both, severity: malicious, labels: { all: [Old], any: [Hot, Cold] } }
actions:
  - { name: z-block, kind: block, when: { rating: suspicious } }
  - { name: a-block, kind: block, when: { signature: Both }, status: 429, body: "no", content_type: text/html }
  - { name: b-block, kind: block, when: { label: Hot }, mode: shadow }
  - { name: elsewhere, kind: block, when: { label: Hot }, specs: [checkout] }
  - { name: tag-origin, kind: tag, when: { rating: normal } }
  - { name: tell, kind: webhook, when: { rating: malicious, label: Hot }, url: "https://soc.example/hook", secret: s3cret }
  - { name: tell-old, kind: webhook, when: { label: Old }, url: "https://soc.example/hook" }
`

func TestActions(t *testing.T) {
	set, facts := compileYAML(t, policyYAML), sampleFacts()
	ask := func() string {
		var all []string
		for _, a := range set.Judge(facts).Actions {
			text := a.Name + "<" + a.Because + ">"
			if a.Shadow {
				text += "/shadow"
			}
			all = append(all, text)
		}
		return strings.Join(all, " ")
	}
	if got, want := ask(), "a-block<Both> b-block<Hot>/shadow z-block<rating malicious> tag-origin<rating malicious> tell<Hot>"; got != want {
		t.Errorf("the event that tips:\n got %s\nwant %s", got, want)
	}
	facts.Session.Labels = append(facts.Session.Labels, event.Label{Name: "Hot"}, event.Label{Name: "Both", Signature: true, Severity: event.MaliciousLabel})
	facts.Session.Rating = event.Malicious
	if got, want := ask(), "a-block<Both> b-block<Hot>/shadow z-block<rating malicious> tag-origin<rating malicious>"; got != want {
		t.Errorf("the event after it:\n got %s\nwant %s: a webhook is sent once", got, want)
	}
	if a, ok := set.Action("a-block"); !ok || a.Status != 429 || a.Body != "no" || a.ContentType != "text/html" {
		t.Errorf("a-block: %+v %t", a, ok)
	}
	if a, ok := set.Action("z-block"); !ok || a.Status != policy.DefaultBlockStatus || a.Mode != Live {
		t.Errorf("z-block: %+v %t", a, ok)
	}
	if _, ok := set.Action("nobody"); ok {
		t.Error("an action that is not there was found")
	}
}

const laddersYAML = `
rules:
  - { id: hot, label: Hot, severity: malicious, family: identity, points: 1050, when: event.status == 401 }
actions:
  - { name: slow, kind: delay, wait: 1s }
  - { name: prove, kind: challenge }
  - { name: refuse, kind: block }
  - { name: ask, kind: challenge, when: { label: Hot } }
  - { name: hang-up, kind: drop, when: { rating: suspicious }, mode: shadow }
  - { name: chat, kind: notify, when: { rating: suspicious }, integration: chat }
  - { name: note, kind: tag, when: { rating: normal } }
policies:
  - { name: z-ladder, when: { rating: suspicious }, steps: [{ action: prove, times: 3 }, { action: refuse }] }
  - { name: ladder, when: { label: Hot }, steps: [{ action: prove }, { action: refuse }], mode: shadow }
  - { name: pace, when: { rating: suspicious }, specs: [checkout], steps: [{ action: slow }] }
  - { name: pace-logins, when: { rating: suspicious }, specs: [login], steps: [{ action: slow }] }
`

// A policy asks for the first step of its ladder. Everything that holds is asked for, what ends a request first.
func TestPoliciesAsk(t *testing.T) {
	set, facts := compileYAML(t, laddersYAML), sampleFacts()
	facts.Session.New = true
	ask := func() string {
		var all []string
		for _, a := range set.Judge(facts).Actions {
			text := string(a.Kind) + " " + a.Name + "/" + a.Policy
			if a.Shadow {
				text += "/shadow"
			}
			if a.Outcome != "" {
				text += "/" + string(a.Outcome)
			}
			all = append(all, text)
		}
		return strings.Join(all, ", ")
	}
	if got, want := ask(), "drop hang-up//shadow, challenge ask/, challenge prove/ladder/shadow, challenge prove/z-ladder, delay slow/pace-logins, tag note/, notify chat/"; got != want {
		t.Errorf("held:\n got %s\nwant %s", got, want)
	}
	facts.Event.HTTP.Inline = false
	if got, want := ask(), "drop hang-up//shadow/unavailable, challenge ask//unavailable, challenge prove/ladder/shadow/unavailable, challenge prove/z-ladder/unavailable, "+
		"delay slow/pace-logins/unavailable, notify chat/"; got != want {
		t.Errorf("gone by:\n got %s\nwant %s: what is done beside a request is done in every mode", got, want)
	}
	facts.Session.New, facts.Session.Rating = false, event.Suspicious
	if got := ask(); strings.Contains(got, "notify") || !strings.Contains(got, "z-ladder") {
		t.Errorf("the event after it: %s: a message is sent once, and a ladder is asked for as long as it holds", got)
	}
	facts.Event.HTTP.Inline, facts.Event.Spec = true, "checkout"
	if got := ask(); !strings.Contains(got, "delay slow/pace,") || strings.Contains(got, "pace-logins") {
		t.Errorf("at the checkout: %s", got)
	}
}

func TestSetTellsWhatMayBeDone(t *testing.T) {
	set := compileYAML(t, laddersYAML)
	var names []string
	for _, a := range set.Actions() {
		names = append(names, a.Name)
	}
	for _, p := range set.Policies() {
		names = append(names, p.Name)
	}
	if got, want := strings.Join(names, " "), "ask chat hang-up note prove refuse slow ladder pace pace-logins z-ladder"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p := set.Policies()[3]; p.Scope != policy.ScopeSession || p.Steps[0].Times != 3 || p.Steps[1].Times != 1 || *p.Rollout.Percent != 100 || p.Budget == nil {
		t.Errorf("defaults are not written out: %+v", p)
	}
	set.Actions()[0].Name, set.Policies()[0].Name = "changed", "changed"
	if _, ok := set.Action("ask"); !ok || set.Policies()[0].Name != "ladder" {
		t.Error("the caller can change the set")
	}
}

func TestPoliciesAreInTheVersion(t *testing.T) {
	base := compileYAML(t, laddersYAML).Version()
	if again := compileYAML(t, laddersYAML).Version(); again != base {
		t.Errorf("the same content has versions %q and %q", base, again)
	}
	for from, to := range map[string]string{"times: 3": "times: 4", "wait: 1s": "wait: 2s", "specs: [checkout]": "specs: [checkout], scope: device", "integration: chat": "integration: talk",
		"name: pace,": "name: pacing,", "mode: shadow }\n  - { name: pace": "}\n  - { name: pace"} {
		changed := strings.Replace(laddersYAML, from, to, 1)
		if changed == laddersYAML || compileYAML(t, changed).Version() == base {
			t.Errorf("%q does not change the version", to)
		}
	}
}

func TestVersion(t *testing.T) {
	base := compileYAML(t, policyYAML).Version()
	if again := compileYAML(t, policyYAML).Version(); again != base || len(base) != 16 {
		t.Errorf("the same content has versions %q and %q", base, again)
	}
	if moved := compileYAML(t, "\n\n"+policyYAML).Version(); moved != base {
		t.Error("where a rule stands changes its version")
	}
	if secret := compileYAML(t, strings.ReplaceAll(policyYAML, "s3cret", "other")).Version(); secret != base {
		t.Error("a secret is in the version")
	}
	for from, to := range map[string]string{"points: 1050": "points: 1065", "all: [Old]": "all: [Hot]", "status: 429": "status: 430", "status == 401": "status == 402"} {
		if changed := compileYAML(t, strings.ReplaceAll(policyYAML, from, to)).Version(); changed == base {
			t.Errorf("%s does not change the version", to)
		}
	}
	if changed := compileYAML(t, policyYAML+"ratings: { malicious: 1400 }\n").Version(); changed == base {
		t.Error("the rating scale does not change the version")
	}
}

func TestSettingsOverride(t *testing.T) {
	base := compileYAML(t, twoRules)
	stricter := compileYAML(t, twoRules+"settings: { velocity.limit: 7 }\n")
	if got := placed(stricter.Judge(sampleFacts())); got != "" {
		t.Errorf("with a limit of 7: %s", got)
	}
	if base.Version() == stricter.Version() {
		t.Error("an override does not change the version")
	}
}

// The same facts give the same verdict, byte for byte, and Judge changes none of them.
func TestJudgeIsPure(t *testing.T) {
	set, facts := compileYAML(t, policyYAML), sampleFacts()
	before, err := json.Marshal(facts.Event)
	if err != nil {
		t.Fatal(err)
	}
	labels := len(facts.Session.Labels)
	first, err := json.Marshal(set.Judge(facts))
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		again, err := json.Marshal(set.Judge(facts))
		if err != nil || string(again) != string(first) {
			t.Fatalf("%s\n%s\n%v", first, again, err)
		}
	}
	after, err := json.Marshal(facts.Event)
	if err != nil || string(after) != string(before) || len(facts.Session.Labels) != labels {
		t.Errorf("the facts were changed: %s (%v)", after, err)
	}
}

// Without a Memory everything is zero and nothing was seen; nothing breaks.
func TestJudgeWithoutMemory(t *testing.T) {
	facts := sampleFacts()
	facts.Memory, facts.Session.Distinct, facts.Session.Counts = nil, nil, nil
	for condition, want := range map[string]bool{
		`count("ip_address", "logins", "1m") == 0 && distinct("ip_address", "username", "1h") == 0`: true,
		`seen_before("username", "ip_address") || entity_label("username", "x")`:                    false,
		`age_days("username") >= 0`:                                         false,
		`persona_distance("order_id") == -1`:                                true,
		`session.count("logins") == 0 && session.distinct("username") == 0`: true,
	} {
		set, problems := Compile(oneRule(condition), vocabulary())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := carries(set.Judge(facts).Labels, "R", false); got != want {
			t.Errorf("%s: %t, want %t", condition, got, want)
		}
	}
}

// What cannot be done any more to a request that was not held is not asked for, or told as unavailable.
func TestActionsOnRequestsThatWereNotHeld(t *testing.T) {
	set := compileYAML(t, `
rules:
  - {id: one, label: One, severity: suspicious, family: velocity, points: 750, when: "session.events > 0", sentence: x}
actions:
  - {name: tell, kind: tag, when: {rating: normal}}
  - {name: stop, kind: block, when: {label: One}}
  - {name: page, kind: webhook, when: {label: One}, url: "https://soc.example/hook"}
`)
	for inline, want := range map[bool]string{true: "[stop: tell: page:]", false: "[stop:unavailable page:]"} {
		facts := sampleFacts()
		facts.Event.HTTP.Inline = inline
		var got []string
		for _, a := range set.Judge(facts).Actions {
			got = append(got, a.Name+":"+string(a.Outcome))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("inline %v: %v, want %s", inline, got, want)
		}
	}
}

// The families' places are those of the list that is documented.
func TestFamilyPlaces(t *testing.T) {
	for i, name := range Families() {
		if familyPlace(name) != i {
			t.Errorf("%s stands at %d, want %d", name, familyPlace(name), i)
		}
	}
	if len(Families()) != familyCount || familyPlace("another") != familyCount {
		t.Error("a family that is none has a place")
	}
}

// One sheet, used for one set and then another, gives the verdicts of a sheet for each: no answer outlives its event or its
// set.
func TestSheetKeepsNothing(t *testing.T) {
	var sheet Sheet
	sets := []*Set{}
	for _, when := range []string{`el.username == "bob" && count("ip_address", "logins", "1m") >= 7`, `session.count("logins") == 12 && !seen_before("username", "ip_address")`} {
		set, problems := Compile(oneRule(when), vocabulary())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		sets = append(sets, set)
	}
	fired := 0
	for i := range 60 {
		facts, set := sampleFacts(), sets[i/2%2]
		switch i % 5 {
		case 1:
			facts.Event.Elements = facts.Event.Elements[:3]
		case 2:
			facts.Memory = nil
		case 3:
			facts.Session.Count = func(string) int64 { return int64(i) }
		}
		want, got := set.Judge(facts), set.JudgeOn(&sheet, &facts)
		fired += len(want.Labels)
		a, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(got)
		if err != nil || string(a) != string(b) {
			t.Fatalf("event %d: %s, on the sheet %s, %v", i, a, b, err)
		}
	}
	if fired == 0 || fired == 60 {
		t.Errorf("%d of 60 fired; the test shows little", fired)
	}
}
