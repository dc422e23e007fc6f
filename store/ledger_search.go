package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/payment"
)

// The sizes of pages: of a search, at most, and of a walk over all decisions.
const (
	maxPage  = 1000
	walkPage = 250
)

// condition gathers what a search asks for.
type conditions struct {
	texts []string
	args  []any
}

// add takes a condition whose $ stands for the argument.
func (c *conditions) add(text string, arg any) {
	c.args = append(c.args, arg)
	c.texts = append(c.texts, strings.ReplaceAll(text, "$", "$"+strconv.Itoa(len(c.args))))
}

// equal asks for a text, unless it is empty. That the column is not empty is said too, because its index has only those.
func (c *conditions) equal(column, text string) {
	if text != "" {
		c.add(column+" = $ AND "+column+" <> ''", text)
	}
}

// noIndex behind a text column has its indexes left alone.
const noIndex = " || ''"

// coarse asks for what a great many decisions have. Where there are fewer by something else that is asked for, its index is taken and
// never one of these. Of outcome and context it is the outcome's, unless that is ALLOW, which most decisions are.
func (c *conditions) coarse(q decision.Query, few bool) {
	outcome, context := "d.outcome", "d.context"
	if few || q.Outcome == payment.Allow && q.Context != "" {
		outcome += noIndex
	}
	if few || q.Outcome != "" && q.Outcome != payment.Allow {
		context += noIndex
	}
	c.equal(context, q.Context)
	c.equal(outcome, string(q.Outcome))
	c.equal("d.payment_state", string(q.PaymentState))
}

// anyOf asks for one of some texts, unless there are none; see equal.
func (c *conditions) anyOf(column string, texts []string) {
	if len(texts) == 0 {
		return
	}
	places := make([]string, len(texts))
	for i, text := range texts {
		c.args = append(c.args, text)
		places[i] = "$" + strconv.Itoa(len(c.args))
	}
	c.texts = append(c.texts, column+" IN ("+strings.Join(places, ", ")+") AND "+column+" <> ''")
}

// Search finds decisions, newest first, or the open REVIEWs, oldest first; in either case equal times by id. A page has 20 entries when
// the limit is 0 and 1000 at most. From is inclusive, To is not; either may be zero. Every text asked for but the payment
// state has an index; that one is looked through.
func (l *Ledger) Search(ctx context.Context, q decision.Query) (decision.Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = 20
	}
	limit = min(limit, maxPage)
	if len(q.Sessions) > decision.SessionsAtOnce {
		return decision.Page{}, fmt.Errorf("search decisions: %w: of at most %d sessions at once", ErrInvalid, decision.SessionsAtOnce)
	}
	query, args, err := l.question(ctx, q, limit+1)
	if err != nil {
		return decision.Page{}, err
	}
	entries, err := list(ctx, l.searcher, "search decisions", readEntry, query, args...)
	if err != nil {
		return decision.Page{}, err
	}
	return decision.Page{Entries: plain(entries[:min(len(entries), limit)]), More: len(entries) > limit}, nil
}

// question makes a statement of a query.
func (l *Ledger) question(ctx context.Context, q decision.Query, limit int) (string, []any, error) {
	c, err := l.asked(ctx, q)
	if err != nil {
		return "", nil, err
	}
	from, at, id, order := "decisions d", "d.at", "d.id", "DESC"
	if q.RuleID != "" {
		// The rule's own index has the order, and decisions are looked up one by one until the page is full.
		from, at, id = "decision_rules r CROSS JOIN decisions d ON d.environment = r.environment AND d.id = r.decision_id", "r.at", "r.decision_id"
	}
	if q.Open {
		order = "ASC"
	}
	c.args = append(c.args, limit)
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s %s, %s %s LIMIT $%d", entryColumns, from, strings.Join(c.texts, " AND "),
		at, order, id, order, len(c.args)), c.args, nil
}

// asked makes conditions of a query.
func (l *Ledger) asked(ctx context.Context, q decision.Query) (*conditions, error) {
	c := &conditions{}
	at, id := "d.at", "d.id"
	if q.RuleID != "" {
		at, id = "r.at", "r.decision_id"
		c.add("r.environment = $", q.Environment)
		c.add("r.rule_id = $", q.RuleID)
	} else {
		c.add("d.environment = $", q.Environment)
	}
	few := len(q.Sessions) > 0 || q.Open || q.RuleID != ""
	for _, one := range []struct{ column, text string }{
		{"d.customer_id", q.CustomerID}, {"d.fingerprint", q.Fingerprint}, {"d.reference", q.Reference}, {"d.device_ip", q.DeviceIP},
		{"d.device_fingerprint", q.DeviceFingerprint}, {"d.email", q.Email},
	} {
		c.equal(one.column, one.text)
		few = few || one.text != ""
	}
	c.anyOf("d.session", q.Sessions)
	c.coarse(q, few)
	if q.Open {
		c.texts = append(c.texts, "d.undecided")
	}
	if !q.From.IsZero() {
		c.add(at+" >= $", stamp(q.From))
	}
	if !q.To.IsZero() {
		c.add(at+" < $", stamp(q.To))
	}
	if q.After != "" {
		before, err := l.at(ctx, q.Environment, q.After)
		if err != nil {
			return nil, err
		}
		sign := "<"
		if q.Open {
			sign = ">"
		}
		c.add(at+" "+sign+"= $", before) // for the index; the next one says it exactly
		c.add("("+at+" "+sign+" $", before)
		c.texts[len(c.texts)-1] += " OR "
		c.args = append(c.args, q.After)
		c.texts[len(c.texts)-1] += id + " " + sign + " $" + strconv.Itoa(len(c.args)) + ")"
	}
	return c, nil
}

// at is when a decision was evaluated, or what its id says of it where it is gone.
func (l *Ledger) at(ctx context.Context, env event.Environment, id event.ID) (int64, error) {
	at, found, err := find(ctx, l.searcher, "read decision", readNumber, `SELECT at FROM decisions WHERE environment = $1 AND id = $2`, env, id)
	if err == nil && !found {
		at = atOf(id)
	}
	return at, err
}

func readNumber(row scanner) (int64, error) {
	var n int64
	err := row.Scan(&n)
	return n, err
}

// Each gives every decision that was evaluated from a time on and before another, the oldest first. It reads in pages,
// so that a slow visit holds nothing up, and decisions that are recorded meanwhile may be among them. An error of visit ends it and is
// returned as it is.
func (l *Ledger) Each(ctx context.Context, env event.Environment, from, to time.Time, visit func(*decision.Entry) error) error {
	at, id := stamp(from), ""
	for {
		page, err := list(ctx, l.searcher, "walk decisions", readEntry, `SELECT `+entryColumns+` FROM decisions d
			WHERE d.environment = $1 AND d.at >= $2 AND (d.at > $2 OR d.id > $3) AND d.at < $4 ORDER BY d.at, d.id LIMIT $5`,
			env, at, id, stamp(to), walkPage)
		if err != nil {
			return err
		}
		for _, k := range page {
			if err := visit(&k.Entry); err != nil {
				return err
			}
			at, id = k.at, string(k.Decision.ID)
		}
		if len(page) < walkPage {
			return nil
		}
	}
}
