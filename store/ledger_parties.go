package store

import (
	"context"
	"fmt"

	"wayguard/decision"
	"wayguard/event"
)

func readClient(row scanner) (decision.Client, error) {
	var c decision.Client
	var hash string
	var body []byte
	if err := row.Scan(&hash, &body); err != nil {
		return c, err
	}
	err := decode(body, &c)
	c.SecretHash = hash
	return c, err
}

// PutClient keeps a client, new or not.
func (l *Ledger) PutClient(ctx context.Context, env event.Environment, c decision.Client) error {
	if c.ID == "" {
		return fmt.Errorf("keep client: %w: an id is needed", ErrInvalid)
	}
	body, err := encode(c)
	if err != nil {
		return fmt.Errorf("keep client: %w", err)
	}
	_, err = l.execGrouped(ctx, "keep client", `INSERT INTO clients (environment, id, secret_hash, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (environment, id) DO UPDATE SET secret_hash = excluded.secret_hash, body = excluded.body`, env, c.ID, c.SecretHash, body)
	return err
}

// ClientByID finds a client.
func (l *Ledger) ClientByID(ctx context.Context, env event.Environment, id string) (decision.Client, bool, error) {
	return find(ctx, l.file.reader, "read client", readClient, `SELECT secret_hash, body FROM clients WHERE environment = $1 AND id = $2`, env, id)
}

// Clients lists all clients by id.
func (l *Ledger) Clients(ctx context.Context, env event.Environment) ([]decision.Client, error) {
	return list(ctx, l.file.reader, "read clients", readClient,
		`SELECT secret_hash, body FROM clients WHERE environment = $1 ORDER BY id LIMIT $2`, env, maxList)
}

// DeleteClient takes a client away.
func (l *Ledger) DeleteClient(ctx context.Context, env event.Environment, id string) (bool, error) {
	rows, err := l.execGrouped(ctx, "delete client", `DELETE FROM clients WHERE environment = $1 AND id = $2`, env, id)
	return rows == 1, err
}

func readIntegration(row scanner) (decision.Integration, error) {
	var i decision.Integration
	var body, adapter, sealed []byte
	if err := row.Scan(&body, &adapter, &sealed); err != nil {
		return i, err
	}
	err := decode(body, &i)
	i.Adapter, i.Sealed = adapter, sealed
	return i, err
}

// PutIntegration keeps an integration, new or not; decision.ErrConflict when another has its slug.
func (l *Ledger) PutIntegration(ctx context.Context, env event.Environment, i decision.Integration) error {
	if i.ID == "" || i.Slug == "" {
		return fmt.Errorf("keep integration: %w: id and slug are needed", ErrInvalid)
	}
	body, err := encode(i)
	if err != nil {
		return fmt.Errorf("keep integration: %w", err)
	}
	_, err = l.execGrouped(ctx, "keep integration", `INSERT INTO integrations (environment, id, slug, body, adapter, sealed)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (environment, id) DO UPDATE
		SET slug = excluded.slug, body = excluded.body, adapter = excluded.adapter, sealed = excluded.sealed`,
		env, i.ID, i.Slug, body, i.Adapter, i.Sealed)
	return conflict(err)
}

// Integrations lists all integrations by slug.
func (l *Ledger) Integrations(ctx context.Context, env event.Environment) ([]decision.Integration, error) {
	return list(ctx, l.file.reader, "read integrations", readIntegration,
		`SELECT body, adapter, sealed FROM integrations WHERE environment = $1 ORDER BY slug LIMIT $2`, env, maxList)
}

// DeleteIntegration takes an integration away.
func (l *Ledger) DeleteIntegration(ctx context.Context, env event.Environment, id event.ID) (bool, error) {
	rows, err := l.execGrouped(ctx, "delete integration", `DELETE FROM integrations WHERE environment = $1 AND id = $2`, env, id)
	return rows == 1, err
}

func readEndpoint(row scanner) (decision.Endpoint, error) {
	var w decision.Endpoint
	var body, sealed []byte
	if err := row.Scan(&body, &sealed); err != nil {
		return w, err
	}
	err := decode(body, &w)
	w.Sealed = sealed
	return w, err
}

// PutEndpoint keeps a webhook endpoint, new or not.
func (l *Ledger) PutEndpoint(ctx context.Context, env event.Environment, w decision.Endpoint) error {
	if w.ID == "" {
		return fmt.Errorf("keep endpoint: %w: an id is needed", ErrInvalid)
	}
	body, err := encode(w)
	if err != nil {
		return fmt.Errorf("keep endpoint: %w", err)
	}
	_, err = l.execGrouped(ctx, "keep endpoint", `INSERT INTO endpoints (environment, id, body, sealed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (environment, id) DO UPDATE SET body = excluded.body, sealed = excluded.sealed`, env, w.ID, body, w.Sealed)
	return err
}

// Endpoints lists all webhook endpoints, the oldest first.
func (l *Ledger) Endpoints(ctx context.Context, env event.Environment) ([]decision.Endpoint, error) {
	return list(ctx, l.file.reader, "read endpoints", readEndpoint,
		`SELECT body, sealed FROM endpoints WHERE environment = $1 ORDER BY id LIMIT $2`, env, maxList)
}

// DeleteEndpoint takes a webhook endpoint away.
func (l *Ledger) DeleteEndpoint(ctx context.Context, env event.Environment, id event.ID) (bool, error) {
	rows, err := l.execGrouped(ctx, "delete endpoint", `DELETE FROM endpoints WHERE environment = $1 AND id = $2`, env, id)
	return rows == 1, err
}
