package decision

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"wayguard/event"
	"wayguard/payment"
)

// The types of integration.
const (
	LinkIntegration = "link"
	HTTPIntegration = "http"
)

// Timeouts of integrations.
const (
	defaultIntegrationTimeout = 5 * time.Second
	longestIntegrationTimeout = time.Minute
)

// slugPattern is the stable name of an integration, which rules write.
var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func (s *Service) checkIntegration(i Integration) error {
	var problems []payment.Problem
	problem := func(field, code, message string) {
		problems = append(problems, payment.Problem{Field: field, Code: code, Message: message})
	}
	if !slugPattern.MatchString(i.Slug) {
		problem("$.slug", "format", "has 1 to 63 lower-case letters, digits and '-', and begins with a letter or digit")
	}
	if i.Type != LinkIntegration && i.Type != HTTPIntegration {
		problem("$.type", "unknown", `is "link" or "http"`)
	}
	if i.Name == "" || len(i.Name) > longestName {
		problem("$.name", "required", fmt.Sprintf("has 1 to %d bytes", longestName))
	}
	if message := checkURL(i.BaseURL, true); message != "" {
		problem("$.base_url", "format", message)
	}
	if i.TimeoutMS < 1 || i.TimeoutMS > longestIntegrationTimeout.Milliseconds() {
		problem("$.timeout_ms", "range", fmt.Sprintf("is from 1 to %d", longestIntegrationTimeout.Milliseconds()))
	}
	problems = append(problems, checkDescription(i.Description)...)
	if s.deps.CheckIntegration != nil {
		problems = append(problems, s.deps.CheckIntegration(i)...)
	}
	if len(problems) > 0 {
		return &InvalidError{problems}
	}
	return nil
}

// checkURL tells what is wrong with an address; empty is nothing. Whether its host may be called is checked when it is.
func checkURL(text string, plain bool) string {
	const longest = 2000
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "is missing"
	case err != nil || u.Host == "" || u.Hostname() == "" || len(text) > longest:
		return "is no address such as https://example.com/path"
	case u.Scheme != "https" && !(plain && u.Scheme == "http"):
		return "begins with https://"
	case u.User != nil:
		return "holds a user's name or password; give credentials apart"
	case u.Fragment != "":
		return "has a fragment"
	}
	return ""
}

// CreateIntegration keeps a new integration; credentials are sealed here, nil for none. ErrConflict where the slug is taken.
func (s *Service) CreateIntegration(ctx context.Context, i Integration, credentials []byte, by string) (Integration, error) {
	at := s.deps.Now().UTC()
	i.ID, i.InsertedAt, i.UpdatedAt, i.Sealed = s.deps.NewID(at), at, at, nil
	if i.TimeoutMS == 0 {
		i.TimeoutMS = defaultIntegrationTimeout.Milliseconds()
	}
	err := s.putIntegration(ctx, &i, credentials)
	if err != nil {
		return i, err
	}
	s.integrated(ctx, by, "create", i.ID)
	return i, nil
}

// putIntegration checks, seals and keeps. credentials nil leaves those there are, empty takes them away.
func (s *Service) putIntegration(ctx context.Context, i *Integration, credentials []byte) error {
	if err := s.checkIntegration(*i); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	all, err := s.Integrations(ctx)
	if err != nil {
		return err
	}
	if len(all) >= partiesAtMost {
		return invalid("$", "too_many", "there are as many integrations as there may be")
	}
	if slices.ContainsFunc(all, func(other Integration) bool { return other.Slug == i.Slug && other.ID != i.ID }) {
		return fmt.Errorf("the slug is taken: %w", ErrConflict)
	}
	switch {
	case credentials == nil:
	case len(credentials) == 0:
		i.Sealed = nil
	default:
		if i.Sealed, err = s.deps.Seal(credentials); err != nil {
			return s.unavailable("seal the credentials", err)
		}
	}
	if err := s.deps.Ledger.PutIntegration(ctx, s.deps.Environment, *i); err != nil {
		return s.kept("keep the integration", err)
	}
	return nil
}

func (s *Service) integrated(ctx context.Context, by, action string, id event.ID) {
	s.changed(ctx)
	if s.deps.Integrated != nil {
		s.deps.Integrated()
	}
	s.audit(ctx, by, action, "integration", string(id))
}

// UpdateIntegration lets change edit everything but the id and the times; credentials nil leaves those it has, empty takes them away.
func (s *Service) UpdateIntegration(ctx context.Context, id event.ID, change func(*Integration) error, credentials []byte, by string) (Integration, error) {
	defer s.keys.lock("integration\x00" + string(id))()
	now, err := s.Integration(ctx, id)
	if err != nil {
		return now, err
	}
	edited := now
	if err := change(&edited); err != nil {
		return now, err
	}
	edited.ID, edited.InsertedAt, edited.UpdatedAt, edited.Sealed = now.ID, now.InsertedAt, s.deps.Now().UTC(), now.Sealed
	if err := s.putIntegration(ctx, &edited, credentials); err != nil {
		return now, err
	}
	s.integrated(ctx, by, "update", id)
	return edited, nil
}

// Integration finds an integration, or ErrNotFound.
func (s *Service) Integration(ctx context.Context, id event.ID) (Integration, error) {
	all, err := s.Integrations(ctx)
	if err != nil {
		return Integration{}, err
	}
	at := slices.IndexFunc(all, func(i Integration) bool { return i.ID == id })
	if at < 0 {
		return Integration{}, fmt.Errorf("integration: %w", ErrNotFound)
	}
	return all[at], nil
}

// Integrations lists all integrations.
func (s *Service) Integrations(ctx context.Context) ([]Integration, error) {
	list, err := s.deps.Ledger.Integrations(ctx, s.deps.Environment)
	return list, s.kept("list integrations", err)
}

// DeleteIntegration takes an integration away. Rules that name its backends fail to reach them from then on, as on_error says; rulesets
// that name them cannot come into force.
func (s *Service) DeleteIntegration(ctx context.Context, id event.ID, by string) error {
	found, err := s.deps.Ledger.DeleteIntegration(ctx, s.deps.Environment, id)
	if err := s.looked("integration", found, err); err != nil {
		return err
	}
	s.integrated(ctx, by, "delete", id)
	return nil
}
