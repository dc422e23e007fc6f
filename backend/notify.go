package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"wayguard/payment"
)

// The statuses of payment.Notification.
const (
	statusDelivered = "delivered"
	statusSkipped   = "skipped"
	statusFailed    = "failed"
)

// notice is what a backend is told.
type notice struct {
	kind      string
	decision  *payment.Decision
	reference string
	data      payment.Tree
	at        time.Time
}

// tree is the notice as backends get it, and as templates read it.
func (n notice) tree() payment.Tree {
	d := n.decision
	tree := payment.Tree{
		"type": n.kind, "decision_id": string(d.ID), "decision": string(d.Decision), "context": d.Context,
		"notified_at": n.at.UTC().Format(time.RFC3339Nano),
		"transaction": payment.Tree{"reference": d.TransactionReference, "amount": json.Number(strconv.FormatInt(d.Amount, 10)), "currency": d.Currency},
		"customer":    payment.Tree{"id": d.CustomerID},
		"data":        n.data,
	}
	if n.reference != "" {
		tree["backend_reference"] = n.reference
	}
	return tree
}

// Notify implements decision.Notifier: it tells every backend that took part in the decision, those that were only listened to
// (shadow) too, what became of the payment, all at once. kind is a lifecycle event's type or "resolution". It returns when all have
// answered or their integrations' timeouts are over, at the latest when ctx ends.
func (p *Pool) Notify(ctx context.Context, d *payment.Decision, kind string, data payment.Tree) []payment.Notification {
	list := []payment.Notification{}
	var asked []payment.BackendResult
	for _, r := range d.BackendResults {
		if tookPart(r) && !listed(list, r.Backend) {
			list = append(list, payment.Notification{Backend: r.Backend})
			asked = append(asked, r)
		}
	}
	safe, _ := payment.MaskPayload(data).(map[string]any)
	var group sync.WaitGroup
	for i, r := range asked {
		group.Go(func() {
			list[i] = p.tell(ctx, r.Backend, notice{kind: kind, decision: d, reference: r.Reference, data: safe, at: p.deps.Now()})
		})
	}
	group.Wait()
	return list
}

// tookPart says whether a backend gave an assessment.
func tookPart(r payment.BackendResult) bool {
	return r.Error == nil && (r.Outcome != "" || r.Score != nil || r.Reference != "")
}

func listed(list []payment.Notification, backend string) bool {
	for _, n := range list {
		if n.Backend == backend {
			return true
		}
	}
	return false
}

// tell tells one backend.
func (p *Pool) tell(ctx context.Context, name string, n notice) (made payment.Notification) {
	made = payment.Notification{Backend: name, Status: statusDelivered}
	defer func() {
		if panicked := recover(); panicked != nil {
			p.log.Error("telling a risk backend panicked", "backend", name, "kind", fmt.Sprintf("%T", panicked))
			made.Status, made.Error = statusFailed, told(codeMapping)
		}
	}()
	l := p.view.Load().find(name)
	if l == nil || !l.site.of.Enabled {
		made.Status = statusSkipped
		return made
	}
	wanted := true
	f := l.guarded(ctx, l.site.timeout, func(ctx context.Context) (f *fault) {
		wanted, f = l.site.speaker.tell(ctx, l, n)
		return f
	})
	switch {
	case f != nil:
		made.Status, made.Error = statusFailed, told(f.code)
		if f.code == codeCancelled {
			made.Error = told(codeTimeout) // whoever told it did not wait any longer
		}
		p.log.Warn("a risk backend was not told of a payment", "backend", name, "kind", n.kind, "decision", string(n.decision.ID), "reason", f.Error())
	case !wanted:
		made.Status = statusSkipped
	}
	return made
}
