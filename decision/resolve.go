package decision

import (
	"context"
	"fmt"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// longestRemark bounds reason and comment of a resolution, in bytes.
const longestRemark = 4000

// Decision finds a decision with what is kept of it, or ErrNotFound.
func (s *Service) Decision(ctx context.Context, id event.ID) (Entry, error) {
	e, found, err := s.deps.Ledger.Decision(ctx, s.deps.Environment, id)
	if err != nil {
		return e, s.unavailable("find the decision", err)
	}
	if !found {
		return e, fmt.Errorf("decision: %w", ErrNotFound)
	}
	return e, nil
}

// Limits of a page.
const (
	PageSize    = 20
	LongestPage = 100
)

func pageSize(limit int) int {
	if limit <= 0 {
		return PageSize
	}
	return min(limit, LongestPage)
}

// Search finds decisions; Limit 0 is PageSize and no page is longer than LongestPage.
func (s *Service) Search(ctx context.Context, q Query) (Page, error) {
	q.Environment, q.Limit = s.deps.Environment, pageSize(q.Limit)
	page, err := s.deps.Ledger.Search(ctx, q)
	if err != nil {
		return page, s.unavailable("search decisions", err)
	}
	return page, nil
}

// Resolve ends a REVIEW, once: ErrStatus where the decision is none or was resolved. The backends of the decision are told.
func (s *Service) Resolve(ctx context.Context, id event.ID, accept bool, by, reason, comment string) (payment.Decision, []payment.Notification, error) {
	if len(reason) > longestRemark || len(comment) > longestRemark {
		return payment.Decision{}, nil, invalid("$.comment", "range", fmt.Sprintf("reason and comment have at most %d bytes", longestRemark))
	}
	reason, comment = payment.MaskRemark(reason), payment.MaskRemark(comment)
	kind := payment.Rejected
	if accept {
		kind = payment.Accepted
	}
	force, at := s.force.Load(), s.deps.Now()
	var resolved payment.Decision
	var request *payment.Request
	queued := 0
	found, err := s.deps.Ledger.Amend(ctx, s.deps.Environment, id, func(e *Entry) error {
		d := &e.Decision
		if d.Decision != payment.Review || d.Resolution != nil {
			return ErrStatus
		}
		d.Resolution = &payment.Resolution{Resolution: kind, ResolvedAt: at.UTC().Truncate(time.Microsecond), ResolvedBy: by, Reason: reason, Comment: comment}
		e.Messages = s.messages(force, d, EventResolved, at, nil)
		queued, resolved, request = len(e.Messages), *d, requestOf(e)
		return nil
	})
	if err := s.amended("resolve the decision", found, err); err != nil {
		return payment.Decision{}, nil, err
	}
	s.counted.resolutions.Add(1)
	s.audit(ctx, by, "resolve", "decision", string(id))
	s.counted.messages.Add(uint64(queued))
	if queued > 0 {
		s.wake()
	}
	s.tell(ctx, request, &resolved, at)
	data := payment.Tree{"resolution": string(kind), "resolved_at": resolved.Resolution.ResolvedAt.Format(time.RFC3339Nano), "reason": reason}
	list := s.notify(ctx, &resolved, "resolution", data, func(context.Context, []payment.Notification) {})
	return resolved, list, nil
}

// amended is the error of an Amend.
func (s *Service) amended(doing string, found bool, err error) error {
	switch {
	case isOurs(err):
		return err
	case err != nil:
		return s.unavailable(doing, err)
	case !found:
		return fmt.Errorf("decision: %w", ErrNotFound)
	}
	return nil
}

// Claim puts a name on an open REVIEW; an empty name gives it back. ErrStatus where it is not open, ErrConflict where somebody else
// has it.
func (s *Service) Claim(ctx context.Context, id event.ID, by string) error {
	found, err := s.deps.Ledger.Amend(ctx, s.deps.Environment, id, func(e *Entry) error {
		switch {
		case e.Decision.Decision != payment.Review || e.Decision.Resolution != nil:
			return ErrStatus
		case by != "" && e.Assignee != "" && e.Assignee != by:
			return ErrConflict
		}
		e.Assignee = by
		return nil
	})
	return s.amended("claim the decision", found, err)
}

// Erase takes away every decision of a customer, and what journeys were remembered of him for later payments.
func (s *Service) Erase(ctx context.Context, customerID, by string) (int64, error) {
	if customerID == "" {
		return 0, invalid("$.customer_id", "required", "is missing")
	}
	n, err := s.deps.Ledger.Erase(ctx, s.deps.Environment, customerID)
	if err != nil {
		return 0, s.unavailable("erase the customer", err)
	}
	if s.deps.Journeys != nil {
		s.guard("forgetting the journeys", func() { s.deps.Journeys.Forget(s.deps.Environment, customerID) })
	}
	s.audit(ctx, by, "erase", "customer", "")
	return n, nil
}
