//go:build e2e

package path

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
)

// startLimit is how long a program may take until it answers.
const startLimit = 30 * time.Second

// attack is one try to smuggle a request. What it sends has its number in every target, as m=<number>&part=<part>.
type attack struct {
	name string
	// number is unique within a run, 0 where the targets are those of somebody else's corpus.
	number int
	// legitimate are the requests, method and target, that one could read there, in their order; nil: whatever is written
	// in what was sent.
	legitimate []sighting
	// unanswered is how many of them may have reached the origin and have no answer: broken off in their body.
	unanswered int
	// unordered says that they may reach the origin in any order.
	unordered bool
	// run sends it and reads the answers.
	run func(context.Context, *Instance) conversation
}

// conversation is what came of an attack, as its sender saw it.
type conversation struct {
	// sent is all that was sent, for messages.
	sent string
	// answers are those in the order of the requests.
	answers []answered
	// cut says that the sender closed the connection, tired of waiting: answers may have got lost.
	cut bool
	// problem says that the answers could not be read.
	problem error
}

// answered is a final answer: the origin's, with the number of its sighting, or our own.
type answered struct {
	status int
	seen   string
}

// victim is the innocent request after each attack, on a connection of its own.
func victim(n int) string { return fmt.Sprintf("/plain?m=%d&part=victim", n) }

// CheckSmuggling tries every known way to have an origin see a request that we did not see, with four origins behind us:
// the corpora of smuggling headers and of llhttp's requests, attacks of our own, and HTTP/2 whose frames carry what HTTP/1
// would take for more than one message. An answer tells which sighting of the origin it belongs to: one that nobody was
// given an answer to, or that an innocent visitor got, is a smuggled one.
func CheckSmuggling(ctx context.Context) ([]e2e.Figure, error) {
	attacks, err := allAttacks()
	if err != nil {
		return nil, err
	}
	origins, closeOrigins, err := witnesses(ctx)
	defer closeOrigins()
	if err != nil {
		return nil, err
	}
	figures, failures := make([][]e2e.Figure, len(origins)), make([]error, len(origins))
	var running sync.WaitGroup
	for n, w := range origins {
		running.Go(func() { figures[n], failures[n] = w.suffer(ctx, attacks) })
	}
	running.Wait()
	for _, err := range failures {
		if err != nil {
			return slices.Concat(figures...), err
		}
	}
	return slices.Concat(figures...), nil
}

// suffer runs all attacks against one origin behind us.
func (w witness) suffer(ctx context.Context, attacks []attack) ([]e2e.Figure, error) {
	i, err := Start(ctx, Settings{Origin: w.url, ClearKeys: []string{"h2c: true"}})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	before, err := i.Counters(ctx)
	if err != nil {
		return nil, err
	}
	conversations, victims := make([]conversation, len(attacks)), make([]conversation, len(attacks))
	for n, a := range attacks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		conversations[n] = a.run(ctx, i)
		victims[n] = speak(ctx, i.Clear, patience, "GET "+victim(n)+" HTTP/1.1\r\nHost: victim.example\r\nConnection: close\r\n\r\n")
	}
	seen, err := w.settled()
	if err != nil {
		return nil, err
	}
	after, err := i.Counters(ctx)
	if err != nil {
		return nil, fmt.Errorf("after the attacks: %w\n%s", err, i.Printed())
	}
	read := int(after["wayguard_proxy_requests_total"] - before["wayguard_proxy_requests_total"])
	panics := int(after["wayguard_proxy_panics_total"] - before["wayguard_proxy_panics_total"])
	return append(judge(w.name, attacks, conversations, victims, seen),
		e2e.Holds(w.name+": requests the origin saw, and we read", fmt.Sprintf("%d of %d", len(seen), read), len(seen) <= read, "not more"),
		e2e.Count(w.name+": panics", panics, 0)), nil
}

// settled waits until the origin has noted all it saw: some note a request only when it is over.
func (w witness) settled() ([]sighting, error) {
	last := -1
	for {
		all, err := w.seen()
		if err != nil || len(all) == last {
			return all, err
		}
		last = len(all)
		time.Sleep(300 * time.Millisecond)
	}
}

// judge compares what the origin saw with what the senders were answered.
func judge(name string, attacks []attack, conversations, victims []conversation, seen []sighting) []e2e.Figure {
	windows := byAttack(attacks, seen)
	var unseen, astray, mute, garbled, unreadable []string
	reached := 0
	for n, a := range attacks {
		window := windows[n]
		if len(window) > 1 {
			reached++
		}
		for _, s := range window {
			if s.Method == "" || s.Target == "" {
				unreadable = append(unreadable, fmt.Sprintf("%s: %+v: sent %q", a.name, s, conversations[n].sent))
			}
		}
		if problem := a.smuggled(window, conversations[n]); problem != "" {
			unseen = append(unseen, fmt.Sprintf("%s: %s: sent %q", a.name, problem, conversations[n].sent))
		}
		if problem := conversations[n].problem; problem != nil {
			garbled = append(garbled, fmt.Sprintf("%s: %v", a.name, problem))
		}
		switch at := slices.IndexFunc(window, func(s sighting) bool { return s.Target == victim(n) }); {
		case len(victims[n].answers) != 1 || at < 0:
			mute = append(mute, fmt.Sprintf("%s: %+v after %q", a.name, victims[n], conversations[n].sent))
		case victims[n].answers[0].seen != window[at].ID || window[at].Method != "GET":
			astray = append(astray, fmt.Sprintf("%s: %+v", a.name, window))
		}
	}
	return []e2e.Figure{
		e2e.AtLeast(name+": messages sent", len(attacks), 2000),
		e2e.AtLeast(name+": of them reached the origin", reached, 100),
		none(name+": requests the origin saw that we did not", unseen),
		none(name+": innocent requests that got another's answer", astray),
		none(name+": innocent requests without an answer", mute),
		none(name+": answers of ours that cannot be read", garbled),
		none(name+": forwarded requests that the origin cannot read", unreadable),
	}
}

// none is a figure that must be zero; it tells the first three that count against it.
func none(name string, found []string) e2e.Figure {
	value := fmt.Sprint(len(found))
	for n, one := range found {
		if n == 3 {
			break
		}
		value += "\n      " + one
	}
	return e2e.Holds(name, value, len(found) == 0, "= 0")
}

// byAttack sorts sightings by the number in their target; those without one belong to the attack whose victim follows.
func byAttack(attacks []attack, seen []sighting) [][]sighting {
	windows := make([][]sighting, len(attacks))
	now := 0
	for _, s := range seen {
		n := now
		if _, err := fmt.Sscanf(s.Target[max(0, strings.Index(s.Target, "?m=")):], "?m=%d", &n); err != nil || n >= len(attacks) {
			n = now
		}
		windows[n] = append(windows[n], s)
		if s.Target == victim(now) {
			now++
		}
	}
	return windows
}

// smuggled says what the origin saw of an attack that we did not see, "" where there is nothing.
func (a attack) smuggled(window []sighting, c conversation) string {
	given := map[string]int{}
	own := 0
	for _, one := range c.answers {
		if one.seen == "" {
			own++
		}
		given[one.seen]++
	}
	unanswered, next := 0, 0
	for _, s := range window {
		if strings.HasSuffix(s.Target, "&part=victim") {
			continue
		}
		switch at := slices.Index(a.legitimate[min(next, len(a.legitimate)):], sighting{Method: s.Method, Target: s.Target}); {
		case a.legitimate == nil && written(c.sent, s):
		case a.legitimate == nil || at < 0:
			return fmt.Sprintf("the origin saw %s %s", s.Method, s.Target)
		case !a.unordered:
			next += at + 1
		}
		switch given[s.ID] {
		case 0:
			unanswered++
		case 1:
		default:
			return fmt.Sprintf("the answer to %s %s was given %d times", s.Method, s.Target, given[s.ID])
		}
		delete(given, s.ID)
	}
	delete(given, "")
	if len(given) > 0 {
		return fmt.Sprintf("answers to nothing it saw: %v", given)
	}
	if unanswered > a.unanswered && !c.cut {
		return fmt.Sprintf("the origin saw %d requests whose answers nobody got (%d of our own): %+v", unanswered, own, window)
	}
	return ""
}

// written says whether a request stands in what was sent: as it is, or with an address that became a target.
func written(sent string, s sighting) bool {
	if strings.Contains(sent, s.Method+" "+s.Target) {
		return true
	}
	_, address, ok := strings.Cut(sent, s.Method+" http://")
	end := strings.IndexAny(address, "/? ")
	if !ok || end < 0 {
		return false
	}
	rest, _, _ := strings.Cut(address[end:], " ")
	return "/"+strings.TrimPrefix(rest, "/") == s.Target
}
