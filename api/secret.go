package api

import (
	"context"
	"errors"
	"time"

	"wayguard/decision"
)

const (
	// checksAtOnce bounds what checking secrets costs: argon2id takes 19 MiB and some twenty milliseconds of a core each time.
	// checkWait is how long a client waits for its turn, checksWaiting how many may wait. Clients there are have turns of their own, so
	// that a flood of made-up ones does not keep them out.
	checksAtOnce  = 1
	checkWait     = 5 * time.Second
	checksWaiting = 64
	// longestSecret and longestName are in bytes; nothing longer is ever looked at.
	longestSecret = 256
	longestName   = 256
)

var errBusy = errors.New("too many secrets are being checked")

// checker checks secrets, a few at a time.
type checker struct {
	known, unknown line
	// find looks for a client, authenticate checks its secret at the same cost for one there is not.
	find         func(ctx context.Context, id string) (decision.Client, error)
	authenticate func(ctx context.Context, id, secret string) (decision.Client, bool, error)
}

// line is a queue of bounded length.
type line struct{ waiting, turn chan struct{} }

func newLine() line {
	return line{waiting: make(chan struct{}, checksWaiting), turn: make(chan struct{}, checksAtOnce)}
}

func (l line) enter(ctx context.Context) (leave func(), err error) {
	select {
	case l.waiting <- struct{}{}:
	default:
		return nil, errBusy
	}
	defer func() { <-l.waiting }()
	ctx, cancel := context.WithTimeout(ctx, checkWait)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn }, nil
	case <-ctx.Done():
		return nil, errBusy
	}
}

// check says whether the secret is the client's, and that the client may use it.
func (c *checker) check(ctx context.Context, id, secret string) (decision.Client, bool, error) {
	if len(secret) > longestSecret || len(id) > longestName || id == "" {
		return decision.Client{}, false, nil
	}
	queue := c.known
	if _, err := c.find(ctx, id); err != nil {
		queue = c.unknown
	}
	leave, err := queue.enter(ctx)
	if err != nil {
		return decision.Client{}, false, err
	}
	defer leave()
	return c.authenticate(ctx, id, secret)
}
