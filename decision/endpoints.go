package decision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// rotationLife is how long a webhook's key before the one in use goes on signing.
const rotationLife = 24 * time.Hour

func (s *Service) checkEndpoint(w Endpoint) error {
	var problems []payment.Problem
	if message := checkURL(w.URL, s.limits.PlainHTTP); message != "" {
		problems = append(problems, payment.Problem{Field: "$.url", Code: "format", Message: message})
	}
	if len(w.Events) == 0 {
		problems = append(problems, payment.Problem{Field: "$.events", Code: "required", Message: "names at least one event"})
	}
	for i, e := range w.Events {
		if !slices.Contains(WebhookEvents(), e) {
			problems = append(problems, payment.Problem{Field: fmt.Sprintf("$.events[%d]", i), Code: "unknown", Message: "is none of " + strings.Join(WebhookEvents(), ", ")})
		}
	}
	if len(problems) > 0 {
		return &InvalidError{problems}
	}
	return nil
}

// CreateEndpoint registers a webhook. Its key is told this once and kept sealed.
func (s *Service) CreateEndpoint(ctx context.Context, address string, events []string, by string) (w Endpoint, key string, err error) {
	at := s.deps.Now().UTC()
	w = Endpoint{ID: s.deps.NewID(at), URL: address, Events: slices.Compact(slices.Sorted(slices.Values(events))), InsertedAt: at, UpdatedAt: at}
	if err := s.checkEndpoint(w); err != nil {
		return w, "", err
	}
	all, err := s.Endpoints(ctx)
	if err != nil {
		return w, "", err
	}
	if len(all) >= partiesAtMost {
		return w, "", invalid("$", "too_many", "there are as many webhooks as there may be")
	}
	key = newWebhookKey()
	if err := s.putEndpoint(ctx, &w, []sealedKey{{Key: key}}); err != nil {
		return w, "", err
	}
	s.audit(ctx, by, "create", "webhook", string(w.ID))
	return w, key, nil
}

// putEndpoint seals the keys, where there are new ones, and keeps the webhook.
func (s *Service) putEndpoint(ctx context.Context, w *Endpoint, keys []sealedKey) (err error) {
	if len(keys) > 0 {
		if w.Sealed, err = s.sealKeys(keys); err != nil {
			return s.unavailable("keep the webhook", err)
		}
		w.MaskedKey = keys[0].Key[:keyShown] + "xxxxx"
	}
	if err := s.deps.Ledger.PutEndpoint(ctx, s.deps.Environment, *w); err != nil {
		return s.kept("keep the webhook", err)
	}
	s.changed(ctx)
	return nil
}

// UpdateEndpoint lets change edit URL and Events.
func (s *Service) UpdateEndpoint(ctx context.Context, id event.ID, change func(*Endpoint) error, by string) (Endpoint, error) {
	defer s.keys.lock("webhook\x00" + string(id))()
	w, err := s.Endpoint(ctx, id)
	if err != nil {
		return w, err
	}
	edited := w
	edited.Events = slices.Clone(w.Events)
	if err := change(&edited); err != nil {
		return w, err
	}
	w.URL, w.Events, w.UpdatedAt = edited.URL, slices.Compact(slices.Sorted(slices.Values(edited.Events))), s.deps.Now().UTC()
	if err := s.checkEndpoint(w); err != nil {
		return w, err
	}
	if err := s.putEndpoint(ctx, &w, nil); err != nil {
		return w, err
	}
	s.audit(ctx, by, "update", "webhook", string(id))
	return w, nil
}

// RotateEndpoint gives a webhook another key, told this once. The one before signs beside it for a day, so that receivers can change.
func (s *Service) RotateEndpoint(ctx context.Context, id event.ID, by string) (w Endpoint, key string, err error) {
	defer s.keys.lock("webhook\x00" + string(id))()
	if w, err = s.Endpoint(ctx, id); err != nil {
		return w, "", err
	}
	at := s.deps.Now().UTC()
	key = newWebhookKey()
	keys := []sealedKey{{Key: key}}
	if before, err := s.openKeys(w.Sealed); err == nil && len(before) > 0 {
		until := at.Add(rotationLife)
		keys = append(keys, sealedKey{before[0].Key, &until})
	}
	w.UpdatedAt = at
	if err := s.putEndpoint(ctx, &w, keys); err != nil {
		return w, "", err
	}
	s.audit(ctx, by, "rotate", "webhook", string(id))
	return w, key, nil
}

// Endpoint finds a webhook, or ErrNotFound.
func (s *Service) Endpoint(ctx context.Context, id event.ID) (Endpoint, error) {
	all, err := s.Endpoints(ctx)
	if err != nil {
		return Endpoint{}, err
	}
	at := slices.IndexFunc(all, func(w Endpoint) bool { return w.ID == id })
	if at < 0 {
		return Endpoint{}, fmt.Errorf("webhook: %w", ErrNotFound)
	}
	return all[at], nil
}

// Endpoints lists all webhooks.
func (s *Service) Endpoints(ctx context.Context) ([]Endpoint, error) {
	list, err := s.deps.Ledger.Endpoints(ctx, s.deps.Environment)
	return list, s.kept("list webhooks", err)
}

// DeleteEndpoint takes a webhook away; what waits for it is not sent.
func (s *Service) DeleteEndpoint(ctx context.Context, id event.ID, by string) error {
	found, err := s.deps.Ledger.DeleteEndpoint(ctx, s.deps.Environment, id)
	if err := s.looked("webhook", found, err); err != nil {
		return err
	}
	s.changed(ctx)
	s.audit(ctx, by, "delete", "webhook", string(id))
	return nil
}
