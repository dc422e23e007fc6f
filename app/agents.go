package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"wayguard/agent"
	"wayguard/capture"
	"wayguard/config"
	"wayguard/document"
	"wayguard/event"
	"wayguard/integration"
)

// unknownSigner is the name of an agent whose signature nobody here can check.
const unknownSigner = "signed-unknown"

// The bounds of checking signatures.
const (
	mostAgents = 1000
	// checksASecond is what one source may cause; beyond, nothing is claimed.
	checksASecond, checkSources = 200, 1 << 14
	// signersKept keys have their claims remembered, claimsKept of each.
	signersKept, claimsKept = 1 << 10, 1 << 14
	// directoryLife is how long a directory is good that says nothing, or too little or too much, about itself.
	shortestLife, directoryLife, longestLife = time.Hour, 6 * time.Hour, 24 * time.Hour
	// directoryRetry is how long a directory is left alone that could not be read, or that lacked a key.
	directoryRetry   = 5 * time.Minute
	directoryTimeout = 10 * time.Second
)

// signers knows the agents that sign their requests, and what was signed lately.
type signers struct {
	agents  []*signer
	now     func() time.Time
	client  *http.Client
	limiter *agent.Limiter
	replays *agent.Replays

	mu sync.RWMutex // guards what of the signers changes
	// wake has a directory read before its time.
	wake chan struct{}
	// complain is told of a directory that cannot be read; nil: nobody is.
	complain func(name string, err error)
}

// signer is one configured agent.
type signer struct {
	name    string
	trusted bool
	policy  agent.Policy
	fixed   []agent.Key
	// directory is its address in canonical form, empty for none.
	directory string

	// What follows is guarded by signers.mu: the directory's keys, when they were read, until when they are good, and when
	// the directory is to be read again.
	published    []agent.Key
	read, until  time.Time
	next, missed time.Time
}

// newSigners makes the agents of a configuration. allowed are private networks that may be called.
func newSigners(configs []config.AgentConfig, allowed []string, now func() time.Time) (*signers, document.Problems) {
	s := &signers{now: now, limiter: agent.NewLimiter(checksASecond, checkSources), replays: agent.NewReplays(signersKept, claimsKept),
		wake: make(chan struct{}, 1)}
	// A list that cannot be read is told by the webhooks' own configuration.
	if s.client, _ = integration.NewCaller(allowed, directoryTimeout); s.client == nil {
		s.client, _ = integration.NewCaller(nil, directoryTimeout)
	}
	if len(configs) > mostAgents {
		return s, document.Problems{document.At("").Problem("agents", fmt.Sprintf("there are more than %d agents", mostAgents), "")}
	}
	var problems document.Problems
	taken := map[string]string{}
	for i := range configs {
		c := &configs[i]
		if c.At == (document.Mark{}) {
			c.At = document.At(fmt.Sprintf("agents[%d]", i))
		}
		one, more := newSigner(c)
		problems = append(problems, more...)
		words := []string{"name " + c.Name, "directory " + one.directory}
		for j := range one.fixed {
			words = append(words, "key "+one.fixed[j].ID)
		}
		for _, word := range words {
			field, value, _ := strings.Cut(word, " ")
			if other, twice := taken[word]; twice && value != "" {
				problems = append(problems, c.At.Problem("", fmt.Sprintf("the %s %q is that of another agent, %s", field, value, other), ""))
			}
			taken[word] = c.At.String()
		}
		s.agents = append(s.agents, one)
	}
	return s, problems
}

// agentName is the form of an agent's name.
var agentName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func newSigner(c *config.AgentConfig) (*signer, document.Problems) {
	var problems document.Problems
	tell := func(path, message, suggestion string) {
		problems = append(problems, c.At.Problem(path, message, suggestion))
	}
	one := &signer{name: c.Name, trusted: c.Trusted, policy: agent.Policy{Window: c.Window}}
	if !agentName.MatchString(c.Name) || c.Name == unknownSigner {
		tell("name", "must be a word of a-z, 0-9, . _ and -, at most 64 long", strings.ToLower(c.Name))
	}
	if c.Window < 0 || c.Window > agent.LongestWindow {
		tell("window", "must be at most 24h", "")
	}
	if c.Directory == "" && len(c.Keys) == 0 {
		tell("", "has neither keys nor a directory: nothing could be checked", "")
	}
	if len(c.Keys) > agent.MostKeys {
		tell("keys", fmt.Sprintf("there are more than %d keys", agent.MostKeys), "")
		return one, problems
	}
	if c.Directory != "" {
		canonical, ok := agent.Canonical(c.Directory)
		if !ok {
			tell("directory", "must be an https address", "such as https://agent.example")
		}
		one.directory = canonical
	}
	for i := range c.Keys {
		keys, path, err := keysOf(&c.Keys[i])
		if err != nil {
			tell(fmt.Sprintf("keys[%d]", i)+path, err.Error(), "")
			continue
		}
		one.fixed = append(one.fixed, keys...)
	}
	return one, problems
}

// keysOf reads a configured key: one that is written out, or a file with one or with a set.
func keysOf(c *config.AgentKeyConfig) (keys []agent.Key, path string, err error) {
	if c.File == "" {
		j := agent.JWK{KeyType: c.KeyType, Curve: c.Curve, X: c.X, Use: c.Use, NotBefore: float64(c.NotBefore), Expires: float64(c.Expires)}
		key, err := j.Key()
		return []agent.Key{key}, "", err
	}
	if c.KeyType != "" || c.X != "" {
		return nil, "", errors.New("is a file and a key at once: give one of them")
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, ".file", fmt.Errorf("cannot be read: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, agent.MostDirectory+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, ".file", fmt.Errorf("cannot be read: %w", err)
	}
	if keys, err := agent.ParseDirectory(text); err == nil {
		return keys, "", nil
	}
	key, err := agent.ParseKey(text)
	if err != nil {
		return nil, ".file", fmt.Errorf("%s: %w", c.File, err)
	}
	return []agent.Key{key}, "", nil
}

// signed says which agent has signed a request, and whether it has. It is a capture.Knowledge's Signed.
func (s *signers) signed(r *capture.Request) (name string, proof event.Proof) {
	request := &agent.Request{Method: r.Method, Scheme: r.Scheme, Authority: r.Host, Path: r.Path, Query: r.Query, Header: r.Header}
	claims, err := agent.Read(request)
	if err != nil {
		return "", "" // not one of Web Bot Auth
	}
	name = unknownSigner
	for i := range claims {
		one, key := s.find(&claims[i])
		if one == nil {
			continue
		}
		if key == nil {
			name, proof = one.name, s.unlisted(one)
			continue
		}
		// What costs is the check. Whoever signs as nobody known takes no source's place.
		if !s.limiter.Allow(r.Peer, s.now()) {
			return "", ""
		}
		switch err := s.check(one, key, request, &claims[i], r); {
		case err == nil && one.trusted:
			return one.name, event.Verified
		case err == nil:
			return one.name, ""
		case agent.Refutes(err):
			return one.name, event.Refuted
		}
		name, proof = one.name, ""
	}
	return name, proof
}

// check checks a claim at the time of the request, which may have been a while ago.
func (s *signers) check(one *signer, key *agent.Key, request *agent.Request, claim *agent.Claim, r *capture.Request) error {
	if err := claim.Check(request, key, one.policy, r.Time); err != nil {
		return err
	}
	if !s.replays.Add(claim, string(r.ID), claim.Until(one.policy), r.Time) {
		return agent.ErrReplayed
	}
	return nil
}

// find is the agent that a claim is of, by its key or else by its directory. The key is nil where the agent has none of that
// name, or none that is known at present.
func (s *signers) find(claim *agent.Claim) (*signer, *agent.Key) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.now()
	var named *signer
	for _, one := range s.agents {
		if key := keyOf(one.fixed, claim.KeyID); key != nil {
			return one, key
		}
		here := one.directory != "" && one.directory == claim.Directory
		// Anybody can list another one's key in a directory of his own: what a request says of its directory holds.
		if now.Before(one.until) && (here || claim.Directory == "") {
			if key := keyOf(one.published, claim.KeyID); key != nil {
				return one, key
			}
		}
		if here {
			named = one
		}
	}
	return named, nil
}

func keyOf(keys []agent.Key, id string) *agent.Key {
	for i := range keys {
		if keys[i].ID == id {
			return &keys[i]
		}
	}
	return nil
}

// unlisted is what is claimed of a key that an agent's directory does not list. It refutes where the directory was read just
// now; before that the agent may have taken a new key, and the directory is read again.
func (s *signers) unlisted(one *signer) event.Proof {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !one.read.IsZero() && now.Sub(one.read) < directoryRetry {
		return event.Refuted
	}
	if now.Sub(one.missed) >= directoryRetry {
		one.missed, one.next = now, now
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return ""
}

// run reads directories when it is time to, until the context ends.
func (s *signers) run(ctx context.Context) {
	for {
		var due []*signer
		wait := longestLife
		s.mu.RLock()
		now := s.now()
		for _, one := range s.agents {
			if one.directory == "" {
				continue
			}
			if left := one.next.Sub(now); left <= 0 {
				due = append(due, one)
			} else {
				wait = min(wait, left)
			}
		}
		s.mu.RUnlock()
		for _, one := range due {
			wait = min(wait, s.refresh(ctx, one))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// refresh reads one directory, and says when to read it again. What was read before stays good for its time.
func (s *signers) refresh(ctx context.Context, one *signer) time.Duration {
	keys, life, err := s.fetch(ctx, one.directory)
	if err != nil && s.complain != nil && ctx.Err() == nil {
		s.complain(one.name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if err != nil {
		one.next = now.Add(directoryRetry)
		return directoryRetry
	}
	// A day's grace beyond that a directory which is out of reach for a while refutes nobody.
	one.published, one.read, one.until, one.next = keys, now, now.Add(life+longestLife), now.Add(life)
	return life
}

// fetch asks for a directory.
func (s *signers) fetch(ctx context.Context, directory string) (keys []agent.Key, life time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, agent.Address(directory), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("directory: %w", err)
	}
	request.Header.Set("Accept", "application/http-message-signatures-directory+json, application/jwk-set+json, application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("directory: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("directory: status %d", answer.StatusCode)
	}
	var text bytes.Buffer
	if _, err := io.Copy(&text, io.LimitReader(answer.Body, agent.MostDirectory+1)); err != nil {
		return nil, 0, fmt.Errorf("directory: %w", err)
	}
	if !json.Valid(text.Bytes()) {
		return nil, 0, errors.New("directory: is no JSON")
	}
	if keys, err = agent.ParseDirectory(text.Bytes()); err != nil {
		return nil, 0, fmt.Errorf("directory: %w", err)
	}
	return keys, lifeOf(answer.Header.Values("Cache-Control")), nil
}

// lifeOf is how long a directory is good, by its Cache-Control.
func lifeOf(lines []string) time.Duration {
	life := directoryLife
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
			switch seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); {
			case strings.EqualFold(name, "no-store"), strings.EqualFold(name, "no-cache"):
				return shortestLife
			case strings.EqualFold(name, "max-age") && err == nil:
				life = time.Duration(seconds) * time.Second
			}
		}
	}
	return min(max(life, shortestLife), longestLife)
}

// inherit takes over what the signers before knew: directories that are still good, and the claims that were made.
func (s *signers) inherit(before *signers) {
	s.replays = before.replays
	before.mu.RLock()
	defer before.mu.RUnlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range before.agents {
		for _, one := range s.agents {
			if one.directory != "" && one.directory == old.directory {
				one.published, one.read, one.until, one.next, one.missed = old.published, old.read, old.until, old.next, old.missed
			}
		}
	}
}
