package decision

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"wayguard/payment"
)

// partiesAtMost bounds clients, integrations and webhooks, each.
const partiesAtMost = 1000

// scopePattern is one scope of a token.
var scopePattern = regexp.MustCompile(`^[a-z]+(:[a-z]+){1,2}$`)

func checkClient(c Client) (problems []payment.Problem) {
	if c.Name == "" || len(c.Name) > longestName {
		problems = append(problems, payment.Problem{Field: "$.name", Code: "required", Message: fmt.Sprintf("has 1 to %d bytes", longestName)})
	}
	if len(c.Scopes) == 0 || len(c.Scopes) > 64 {
		problems = append(problems, payment.Problem{Field: "$.scopes", Code: "required", Message: "has 1 to 64 scopes"})
	}
	for i, scope := range c.Scopes {
		if !scopePattern.MatchString(scope) {
			problems = append(problems, payment.Problem{Field: fmt.Sprintf("$.scopes[%d]", i), Code: "format", Message: "is no scope"})
		}
	}
	return problems
}

// CreateClient makes an API client. Its secret is told this once and kept as a hash only.
func (s *Service) CreateClient(ctx context.Context, name string, scopes []string, by string) (c Client, secret string, err error) {
	at := s.deps.Now().UTC()
	c = Client{ID: "cli_" + hex.EncodeToString(randomBytes(12)), Name: strings.TrimSpace(name), Scopes: slices.Compact(slices.Sorted(slices.Values(scopes))), CreatedAt: at}
	if problems := checkClient(c); len(problems) > 0 {
		return c, "", &InvalidError{problems}
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	all, err := s.Clients(ctx)
	if err != nil {
		return c, "", err
	}
	if len(all) >= partiesAtMost {
		return c, "", invalid("$", "too_many", "there are as many clients as there may be")
	}
	secret, err = s.putSecret(ctx, &c)
	if err != nil {
		return c, "", err
	}
	s.audit(ctx, by, "create", "client", c.ID)
	return c, secret, nil
}

// putSecret gives a client a new secret and keeps it.
func (s *Service) putSecret(ctx context.Context, c *Client) (secret string, err error) {
	secret = newSecret()
	if c.SecretHash, err = s.secrets.hash(ctx, secret); err != nil {
		return "", s.unavailable("hash the secret", err)
	}
	if err := s.deps.Ledger.PutClient(ctx, s.deps.Environment, *c); err != nil {
		return "", s.kept("keep the client", err)
	}
	return secret, nil
}

// UpdateClient lets change edit Name, Scopes and Disabled.
func (s *Service) UpdateClient(ctx context.Context, id string, change func(*Client) error, by string) (Client, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	now, err := s.Client(ctx, id)
	if err != nil {
		return now, err
	}
	edited := now
	edited.Scopes = slices.Clone(now.Scopes)
	if err := change(&edited); err != nil {
		return now, err
	}
	now.Name, now.Scopes, now.Disabled = strings.TrimSpace(edited.Name), slices.Compact(slices.Sorted(slices.Values(edited.Scopes))), edited.Disabled
	if problems := checkClient(now); len(problems) > 0 {
		return now, &InvalidError{problems}
	}
	if err := s.deps.Ledger.PutClient(ctx, s.deps.Environment, now); err != nil {
		return now, s.kept("keep the client", err)
	}
	s.audit(ctx, by, "update", "client", id)
	return now, nil
}

// RotateClient gives a client another secret; the one before is good no longer.
func (s *Service) RotateClient(ctx context.Context, id, by string) (c Client, secret string, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if c, err = s.Client(ctx, id); err != nil {
		return c, "", err
	}
	if secret, err = s.putSecret(ctx, &c); err != nil {
		return c, "", err
	}
	s.audit(ctx, by, "rotate", "client", id)
	return c, secret, nil
}

// Authenticate checks a client's secret. It is false, and takes as long, for a client that is unknown; a disabled one is refused too.
func (s *Service) Authenticate(ctx context.Context, id, secret string) (Client, bool, error) {
	c, err := s.Client(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return c, false, err
	}
	fine, err := s.secrets.verify(ctx, c.SecretHash, secret)
	if err != nil {
		return Client{}, false, s.unavailable("check the secret", err)
	}
	if !fine || c.Disabled {
		return Client{}, false, nil
	}
	return c, true, nil
}

// Client finds a client, or ErrNotFound.
func (s *Service) Client(ctx context.Context, id string) (Client, error) {
	c, found, err := s.deps.Ledger.ClientByID(ctx, s.deps.Environment, id)
	return c, s.looked("client", found, err)
}

// Clients lists all clients.
func (s *Service) Clients(ctx context.Context) ([]Client, error) {
	list, err := s.deps.Ledger.Clients(ctx, s.deps.Environment)
	return list, s.kept("list clients", err)
}

// DeleteClient takes a client away; tokens that it has are good until they end.
func (s *Service) DeleteClient(ctx context.Context, id, by string) error {
	found, err := s.deps.Ledger.DeleteClient(ctx, s.deps.Environment, id)
	if err := s.looked("client", found, err); err != nil {
		return err
	}
	s.audit(ctx, by, "delete", "client", id)
	return nil
}
