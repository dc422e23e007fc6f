package decision

import (
	"cmp"
	"context"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/payment"
	"wayguard/velocity"
)

// RulesetPerformance tells what each rule of a ruleset did in the decisions that it made from one time to another.
func (s *Service) RulesetPerformance(ctx context.Context, id event.ID, from, to time.Time) (Performance, error) {
	r, err := s.Ruleset(ctx, id)
	if err != nil {
		return Performance{}, err
	}
	p := Performance{Rules: make([]RulePerformance, len(r.Rules))}
	place := make(map[string]*RulePerformance, len(r.Rules))
	for i, rule := range r.Rules {
		p.Rules[i] = RulePerformance{RuleID: rule.ID, Name: rule.Name}
		place[rule.ID] = &p.Rules[i]
	}
	p.Truncated, err = s.walk(ctx, from, to, func(e *Entry) {
		if e.Decision.RulesetID != nil && *e.Decision.RulesetID == id {
			p.add(&e.Decision, place)
		}
	})
	if err != nil {
		return Performance{}, err
	}
	for i := range p.Rules {
		rule := &p.Rules[i]
		if part := share(rule.Hits, p.Decisions); part != nil {
			rule.Share = *part
		}
		rule.Precision = share(rule.Fraud, rule.Hits)
	}
	return p, nil
}

func (p *Performance) add(d *payment.Decision, place map[string]*RulePerformance) {
	p.Decisions++
	fraud := isFraud(d.Events)
	if fraud {
		p.Fraud++
	}
	for _, t := range d.TriggeredRules {
		if rule := place[t.RuleID]; rule != nil {
			rule.Hits++
			at := d.EvaluatedAt
			rule.LastHit = &at
			if fraud {
				rule.Fraud++
			}
		}
	}
	for _, t := range d.ShadowTriggeredRules {
		if rule := place[t.RuleID]; rule != nil {
			rule.ShadowHits++
		}
	}
}

// Analytics counts the decisions from one time to another by day (UTC), context, rule and outcome.
func (s *Service) Analytics(ctx context.Context, from, to time.Time) (Analytics, error) {
	days, contexts, rules, outcomes := rows{}, rows{}, rows{}, rows{}
	truncated, err := s.walk(ctx, from, to, func(e *Entry) {
		d := &e.Decision
		days.add(d.EvaluatedAt.UTC().Format(time.DateOnly), d)
		contexts.add(d.Context, d)
		outcomes.add(string(d.Decision), d)
		for _, t := range d.TriggeredRules {
			rules.add(d.Context+"/"+t.RuleID, d)
		}
	})
	if err != nil {
		return Analytics{}, err
	}
	return Analytics{Days: days.sorted(), Contexts: contexts.sorted(), Rules: rules.sorted(), Outcomes: outcomes.sorted(), Truncated: truncated}, nil
}

// rowsAtMost bounds the lines of each table: what comes after is added up under otherRows.
const (
	rowsAtMost = 10_000
	otherRows  = "(other)"
)

type rows map[string]*Row

func (r rows) add(key string, d *payment.Decision) {
	row := r[key]
	if row == nil {
		if len(r) >= rowsAtMost {
			key = otherRows
		}
		if row = r[key]; row == nil {
			row = &Row{Key: key, Money: map[string]int64{}}
			r[key] = row
		}
	}
	row.Total++
	switch d.Decision {
	case payment.Allow:
		row.Allowed++
	case payment.Review:
		row.Reviewed++
	case payment.Block:
		row.Blocked++
	case payment.Provisional:
		row.Provisional++
	}
	if isFraud(d.Events) {
		row.Fraud++
	}
	row.Money[d.Currency] = velocity.Plus(row.Money[d.Currency], d.Amount)
}

func (r rows) sorted() []Row {
	list := make([]Row, 0, len(r))
	for _, row := range r {
		list = append(list, *row)
	}
	slices.SortFunc(list, func(a, b Row) int { return cmp.Compare(a.Key, b.Key) })
	return list
}
