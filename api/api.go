package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"

	"wayguard/limit"
	"wayguard/walls"
)

const (
	// answerTime is how long an endpoint may take; a backtest has backtestTime.
	answerTime   = 30 * time.Second
	backtestTime = 5 * time.Minute
	// bodyTime is how long a client may take to send its request, writeTime to take an answer.
	bodyTime  = 30 * time.Second
	writeTime = 30 * time.Second
	// connections bounds the listener.
	connections = 8192
	// mostHeld bounds the bodies in memory, all together, in bytes.
	mostHeld = 256 << 20
	// partingTime is how long Serve waits for running answers when it is told to stop.
	partingTime = 10 * time.Second
	// tendEvery is how often keys and key sets are looked after.
	tendEvery = time.Minute
)

// API answers merchants and, by As, people of the Hub.
type API struct {
	config   Config
	deps     Deps
	verifier *verifier
	checker  *checker
	mux      *http.ServeMux
	paths    []*resource
	forward  *forwarder
	// wrong slows down guessing of secrets, rate the clients as configured; rate is nil where nothing is.
	wrong, rate *limit.Limiter
	// complaints keeps a failing mapping from filling the log.
	complaints *limit.Limiter
	counts     counts
	// held is the memory taken for bodies, in bytes.
	held      atomic.Int64
	backtests chan struct{}
	// looks bounds how often an interceptor's bodies are looked through for fields.
	looks *limit.Limiter
	// discoveries bounds how many bodies are looked through at once for fields nobody has mapped.
	discoveries chan struct{}
	resubmitted *once
	// unpacking bounds how many compressed bodies are unpacked at once.
	unpacking chan struct{}
}

// longestInterval bounds the interval of a rate so low that it is none.
const longestInterval = 365 * 24 * time.Hour

// New builds an API. It does no I/O.
func New(config Config, deps Deps) (*API, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	if problems := config.Validate(); len(problems) > 0 {
		return nil, fmt.Errorf("build the decision API: %w", problems.Err())
	}
	guard, err := walls.New(config.AllowPrivate)
	if err != nil {
		return nil, err
	}
	a := &API{
		config: config, deps: deps, forward: newForwarder(guard), wrong: limit.New(wrongSecrets, wrongPause),
		complaints: limit.New(1, complaintPause), looks: limit.New(looksAtOnce, time.Second/looksPerSecond), backtests: make(chan struct{}, 1), discoveries: make(chan struct{}, 1), resubmitted: newOnce(),
		unpacking: make(chan struct{}, unpackedAtOnce),
	}
	a.checker = &checker{known: newLine(), unknown: newLine(), find: deps.Service.Client, authenticate: deps.Service.Authenticate}
	a.verifier = &verifier{
		keys: deps.Keys, issuer: config.issuer(), instance: config.Instance, sets: map[string]*keySet{}, client: deps.Service.Client,
		now: deps.Now, known: map[[32]byte]knownToken{},
	}
	for _, issuer := range config.JWKS {
		a.verifier.sets[issuer.Issuer] = newKeySet(issuer, newCaller(guard, keySetTime), deps.Now)
	}
	if config.RateLimit.PerSecond > 0 {
		burst := config.RateLimit.Burst
		if burst == 0 {
			burst = int(math.Ceil(config.RateLimit.PerSecond))
		}
		interval := min(float64(time.Second)/config.RateLimit.PerSecond, float64(longestInterval))
		a.rate = limit.New(burst, time.Duration(interval))
	}
	a.mux, a.paths = a.register()
	return a, nil
}

// Handler answers merchants, who show a token.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, nil) })
}

// As answers a person of the Hub, who showed who they are there, with the scopes of their role. The request's path is the API's own,
// such as /api/decisions.
func (a *API) As(w http.ResponseWriter, r *http.Request, name string, scopes []string) {
	a.serve(w, r, &actor{name: name, scopes: scopes})
}

// Run looks after keys and key sets until ctx ends.
func (a *API) Run(ctx context.Context) {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for {
		a.tend(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *API) tend(ctx context.Context) {
	if err := a.deps.Keys.tend(a.deps.Now(), a.config.KeyLife, a.config.TokenLife); err != nil {
		a.deps.Logger.Error("the signing keys cannot be looked after", "error", err)
	}
	for issuer, set := range a.verifier.sets {
		if err := set.refresh(ctx, keySetFresh); err != nil && ctx.Err() == nil {
			a.counts.keySetFailures.Add(1)
			a.deps.Logger.Warn("a key set cannot be fetched; the last one is used", "issuer", issuer, "error", err)
		}
	}
}

// Serve answers merchants on the listener until ctx ends, then lets running answers finish for a while. It closes the listener and
// returns nil when it was asked to stop.
func (a *API) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       bodyTime,
		WriteTimeout:      answerTime + writeTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          quiet(a.deps.Logger),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(netutil.LimitListener(listener, connections)) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve the decision API: %w", err)
	case <-ctx.Done():
	}
	parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	if err := server.Shutdown(parting); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop the decision API: %w", err)
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("close the decision API: %w", err)
	}
	return nil
}
