package packs_test

import (
	"slices"
	"strings"
	"time"

	"wayguard/element"
	"wayguard/event"
	"wayguard/rule"
	"wayguard/session"
)

// history is the plainest engine there can be: it keeps every event and answers each question by reading all of them.
type history struct {
	set    *rule.Set
	idle   time.Duration
	past   []happened
	labels map[string]time.Time // element, value, label: when it was placed last
	// late counts what follows from verdicts: what rose on which event.
	late     map[event.ID]map[string]int64
	clusters clusters
}

// happened is an event with the session it fell into.
type happened struct {
	event   event.Event
	session *visit
}

type visit struct {
	id     event.ID
	opened time.Time
	last   time.Time
	labels []event.Label
	rating event.Rating
	score  int64
	events int64
	// shape follows how the visitor moves about; progress is what sequences kept.
	shape    *session.Session
	progress []byte
}

// run judges all events in order.
func (h *history) run(events []event.Event) []event.Record {
	var records []event.Record
	for _, e := range events {
		addDevice(&e)
		v := h.visit(e)
		fresh := v.events == 0
		v.events++
		h.past = append(h.past, happened{e, v})
		v.shape.Apply(&e, nil, make([]uint64, len(e.Elements)))
		h.clusters.fold(&e)
		ask := recollection{h, h.past[len(h.past)-1]}
		sheet := rule.Sheet{}
		verdict := *h.set.JudgeOn(&sheet, ask.facts(v, fresh))
		v.progress = slices.Clone(sheet.Progress())
		h.rise(v, &verdict)
		v.labels, v.rating, v.score = append(v.labels, verdict.Labels...), verdict.Rating, verdict.Score
		for _, l := range verdict.EntityLabels {
			h.labels[l.Element+"\x00"+l.Value+"\x00"+l.Label] = e.Time
		}
		records = append(records, event.Record{Event: e, Verdict: verdict, Session: event.Session{ID: v.id, Labels: names(v.labels)}})
	}
	return records
}

func names(labels []event.Label) []string {
	var all []string
	for _, l := range labels {
		if !l.Shadow && !slices.Contains(all, l.Name) {
			all = append(all, l.Name)
		}
	}
	return all
}

// addDevice gives the event a fingerprint as the engine does: what the requests look like, and from which network.
func addDevice(e *event.Event) {
	if e.Find("device_fingerprint") != nil || e.Evidence.Address == "" {
		return
	}
	network := e.Evidence.Address[:strings.LastIndexAny(e.Evidence.Address, ".:")]
	e.Elements = append(e.Elements, event.Element{Name: "device_fingerprint", Kind: event.Entity,
		Value: e.Evidence.HeaderShape + e.Evidence.UserAgent + network})
}

func (h *history) visit(e event.Event) *visit {
	for _, earlier := range slices.Backward(h.past) {
		if same(earlier.event, e) && e.Time.Sub(earlier.session.last) < h.idle {
			earlier.session.last = e.Time
			return earlier.session
		}
	}
	shape := &session.Session{}
	shape.Open(&e)
	return &visit{id: event.DeriveID(e.Time, string(e.ID)), opened: e.Time, last: e.Time, shape: shape}
}

// same says whether two events are one visitor's: by cookie, else by address and headers.
func same(a, b event.Event) bool {
	if len(a.Evidence.Tokens) > 0 && len(b.Evidence.Tokens) > 0 {
		return a.Evidence.Tokens[0] == b.Evidence.Tokens[0]
	}
	return len(a.Evidence.Tokens) == len(b.Evidence.Tokens) && a.Evidence.Address == b.Evidence.Address &&
		a.Evidence.HeaderShape == b.Evidence.HeaderShape
}

// recollection answers for one event, which is the last of the history.
type recollection struct {
	*history
	now happened
}

// values are the event's values of an element; the tool is what its requests look like.
func values(h happened, name string) []string {
	switch name {
	case rule.ToolEntity:
		return []string{h.event.Evidence.HeaderShape + h.event.Evidence.UserAgent}
	case rule.SessionEntity:
		return []string{string(h.session.id)}
	case rule.RouteValue:
		return []string{h.event.HTTP.Route}
	case rule.NetworkValue:
		return parts(h, "ip_address", element.PartPrefix)
	case rule.BinValue:
		return parts(h, "payment_from", element.PartFirstSix)
	}
	var found []string
	for _, e := range h.event.Elements {
		if e.Name == name && e.Value != "" {
			found = append(found, e.Value)
		}
	}
	return found
}

// parts are the components of that name of the event's values of an element.
func parts(h happened, name, part string) []string {
	var found []string
	for _, e := range h.event.Elements {
		if text := e.Parts.Of(part); e.Name == name && text != "" {
			found = append(found, text)
		}
	}
	return found
}

// with are the events of the last span that share a value of the element with this one.
func (r recollection) with(element string, span time.Duration) []happened {
	var found []happened
	mine := values(r.now, element)
	for _, h := range r.past {
		if r.now.event.Time.Sub(h.event.Time) >= span {
			continue
		}
		if slices.ContainsFunc(values(h, element), func(v string) bool { return slices.Contains(mine, v) }) {
			found = append(found, h)
		}
	}
	return found
}

func (r recollection) Count(element, counter string, span time.Duration) int64 {
	var sum int64
	for _, h := range r.with(element, span) {
		sum += r.counts(h)[counter]
	}
	return sum
}

func (r recollection) Distinct(element, of string, span time.Duration) int64 {
	return distinct(r.with(element, span), of)
}

func distinct(events []happened, of string) int64 {
	seen := map[string]bool{}
	for _, h := range events {
		for _, v := range values(h, of) {
			seen[v] = true
		}
	}
	return int64(len(seen))
}

func (r recollection) SeenBefore(element, other string) bool {
	mine := values(r.now, other)
	return slices.ContainsFunc(r.with(element, 90*24*time.Hour), func(h happened) bool {
		return h.event.Time.Before(r.now.session.opened) &&
			slices.ContainsFunc(values(h, other), func(v string) bool { return slices.Contains(mine, v) })
	})
}

func (r recollection) Age(element string) (time.Duration, bool) {
	if met := r.with(element, 1<<62); len(met) > 0 {
		return r.now.event.Time.Sub(met[0].event.Time), true
	}
	return 0, false
}

func (r recollection) Labelled(element, label string) bool {
	_, there := r.LabelAge(element, label)
	return there
}

// LabelAge implements rule.Aging.
func (r recollection) LabelAge(element, label string) (time.Duration, bool) {
	for _, v := range values(r.now, element) {
		if at, there := r.labels[element+"\x00"+v+"\x00"+label]; there {
			return r.now.event.Time.Sub(at), true
		}
	}
	return 0, false
}

func (r recollection) PersonaDistance(element string) int64 {
	for _, h := range slices.Backward(r.with(element, 90*24*time.Hour)) {
		if h.event.Type != event.Transaction || h.event.Result == event.Failure {
			continue
		}
		differ := int64(0)
		for _, field := range []string{"device_fingerprint", "ip_prefix", "country", "email", "phone"} {
			before, now := personaField(h, field), personaField(r.now, field)
			if before != "" && now != "" && before != now {
				differ++
			}
		}
		return differ
	}
	return -1
}

func personaField(h happened, field string) string {
	if field == "ip_prefix" {
		return h.event.Evidence.Address[:strings.LastIndexAny(h.event.Evidence.Address, ".:")]
	}
	return strings.Join(values(h, field), " ")
}

func (r recollection) mine() []happened {
	return slices.DeleteFunc(slices.Clone(r.past), func(h happened) bool { return h.session != r.now.session })
}

func (r recollection) sessionDistinct(element string) int64 { return distinct(r.mine(), element) }

func (r recollection) sessionCounts() map[string]int64 {
	sum := map[string]int64{}
	for _, h := range r.mine() {
		for counter, n := range r.counts(h) {
			sum[counter] += n
		}
	}
	return sum
}
