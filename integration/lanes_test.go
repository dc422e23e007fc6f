package integration_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// fairOutbox is read action by action, as the store is.
type fairOutbox struct{ *memoryOutbox }

func (o fairOutbox) DueByAction(ctx context.Context, now time.Time, each int, except []string) (due []event.Delivery, err error) {
	all, err := o.DueDeliveries(ctx, now, 1<<30)
	taken := map[string]int{}
	for _, d := range all {
		if taken[d.Action]++; taken[d.Action] <= each && !slices.Contains(except, d.Action) {
			due = append(due, d)
		}
	}
	return due, err
}

// to gives messages an action.
func to(action string, from, count int) []event.Delivery {
	var list []event.Delivery
	for n := from; n < from+count; n++ {
		d := message(n)
		d.Action = action
		list = append(list, d)
	}
	return list
}

// sendTo makes a sender for actions that end with the name of a receiver.
func sendTo(t *testing.T, c integration.Config, outbox integration.Outbox, receivers map[string]*receiver) *integration.Webhooks {
	t.Helper()
	w, err := integration.New(c, outbox, func(action string) (integration.Target, bool) {
		_, name, _ := strings.Cut(action, ":")
		return integration.Target{URL: receivers[name].URL}, true
	}, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestReceiverThatHangsHoldsUpItsOwnMessagesOnly(t *testing.T) {
	for _, kind := range []string{"alert:", "decision:"} {
		release := make(chan struct{})
		bad, good := receive(t, func(int, http.ResponseWriter, *http.Request) { <-release }), receive(t, always(204))
		// Those for the one that hangs are due first, and more than any look at the outbox reads.
		outbox := newOutbox(append(to(kind+"bad", 0, 600), to(kind+"good", 600, 100)...)...)
		w := sendTo(t, quick(), fairOutbox{outbox}, map[string]*receiver{"bad": bad, "good": good})
		stop := start(t, w)
		eventually(t, kind+" the other's are delivered", func() bool { return w.Metrics().Delivered == 100 })
		if bad.count() > 32 {
			t.Errorf("%s %d messages went to the receiver that hangs at once", kind, bad.count())
		}
		close(release)
		stop()
	}
}

// A receiver that fails again and again is tried with one message at a time, and gets them all when it is there again.
func TestReceiverThatFailsIsTriedWithOneMessage(t *testing.T) {
	const first, broken = 32 + 2, 60 // before three have failed, two more may follow those that went at once
	var atOnce, together atomic.Int64
	r := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if now := atOnce.Add(1); n > first && n <= broken && now > 1 {
			together.Add(1)
		}
		defer atOnce.Add(-1)
		if n <= broken {
			w.WriteHeader(503)
		}
	})
	outbox := newOutbox(to("decision:shop", 0, 200)...)
	w := sendTo(t, quick(), fairOutbox{outbox}, map[string]*receiver{"shop": r})
	start(t, w)
	eventually(t, "all are delivered", func() bool { return w.Metrics().Delivered == 200 })
	if together.Load() > 0 || w.Metrics().Failed != broken {
		t.Errorf("%d messages were sent beside others, metrics %+v", together.Load(), w.Metrics())
	}
}

// What is told of a decision is sent again whatever was answered, until the attempts end.
func TestDecisionsAreSentAgainWhateverIsAnswered(t *testing.T) {
	for _, status := range []int{301, 400, 401, 403, 404, 405, 410, 415, 422, 429, 500, 503} {
		r := receive(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n <= 2 {
				w.WriteHeader(status)
			}
		})
		d := to("decision:shop", 1, 1)[0]
		outbox := newOutbox(d)
		stop := start(t, sendTo(t, quick(), outbox, map[string]*receiver{"shop": r}))
		eventually(t, fmt.Sprint("ended after ", status), func() bool { return outbox.end(d.ID) != "" })
		stop()
		if r.count() != 3 || outbox.end(d.ID) != "delivered" {
			t.Errorf("status %d: %d attempts, end %q", status, r.count(), outbox.end(d.ID))
		}
	}
	r, c, d := receive(t, always(401)), quick(), to("decision:shop", 1, 1)[0]
	c.Attempts = 5
	outbox := newOutbox(d)
	start(t, sendTo(t, c, outbox, map[string]*receiver{"shop": r}))
	eventually(t, "given up", func() bool { return outbox.end(d.ID) != "" })
	if r.count() != 5 || !strings.Contains(outbox.end(d.ID), "status 401") {
		t.Errorf("%d attempts, end %q", r.count(), outbox.end(d.ID))
	}
}

// Messages do not wait for ever behind the one that a receiver is tried with.
func TestOldMessagesOfAReceiverThatFailsAreGivenUp(t *testing.T) {
	r, c := receive(t, always(500)), quick()
	c.FirstDelay, c.LongestDelay = time.Hour, 6*time.Hour
	c.Attempts = 12 // 67 hours of them
	old, fresh := to("decision:shop", 0, 500), to("decision:shop", 500, 1)
	for i := range old {
		old[i].Created = time.Now().Add(-80 * time.Hour)
	}
	outbox := newOutbox(append(old, fresh...)...)
	w := sendTo(t, c, fairOutbox{outbox}, map[string]*receiver{"shop": r})
	start(t, w)
	eventually(t, "most are given up", func() bool { return w.Metrics().Dead+int64(r.count()) == 500 && w.Metrics().InFlight == 0 })
	end := outbox.end(old[499].ID)
	if r.count() > 34 || !strings.Contains(end, "has not answered") || outbox.end(fresh[0].ID) != "" {
		t.Errorf("%d attempts, metrics %+v, ends %q and %q", r.count(), w.Metrics(), end, outbox.end(fresh[0].ID))
	}
}
