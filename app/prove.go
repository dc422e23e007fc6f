package app

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/reputation"
)

// The bounds of asking the DNS who is who.
const (
	// proofsKept is how many answers are remembered.
	proofsKept = 1 << 14
	// proofLife is how long an answer is good; doubtLife how long nothing is asked again after the DNS gave none.
	proofLife, doubtLife = 24 * time.Hour, time.Minute
	// proofsWaiting bounds the questions that wait; more are not asked, and asked again at the next request.
	proofsWaiting = 256
	proofAskers   = 4
	proofTimeout  = 5 * time.Second
	// proofsOfNetwork bounds the questions about one network (neighbourhood) that wait or are being asked: a network whose
	// names nobody answers for must not keep the others waiting.
	proofsOfNetwork = 2
	// proofNames is how many names of one address are looked at.
	proofNames = 5
)

// names is what is asked of the DNS; nil: nothing is asked.
type names interface {
	LookupAddr(ctx context.Context, address string) ([]string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// prover tells declared crawlers from impostors: by published ranges at once, by names (the address's name is the owner's,
// and that name has this address) once the DNS has answered. It never makes a request wait: until then nothing is claimed.
type prover struct {
	networks *reputation.Networks
	agents   map[string]reputation.Agent
	list     []reputation.Agent
	dns      names
	now      func() time.Time
	// signers are the agents that sign; nil for none.
	signers *signers

	mu      sync.Mutex
	known   map[question]answer
	waiting chan question
	// under is how many questions about a network wait or are being asked.
	under map[netip.Prefix]int
}

// question asks whether an agent comes from an address.
type question struct {
	agent   string
	address netip.Addr
}

type answer struct {
	proof event.Proof
	until time.Time
}

func newProver(networks *reputation.Networks, dns names, now func() time.Time) *prover {
	p := &prover{networks: networks, agents: map[string]reputation.Agent{}, list: reputation.Agents(), dns: dns, now: now,
		known: map[question]answer{}, waiting: make(chan question, proofsWaiting), under: map[netip.Prefix]int{}}
	for _, a := range p.list {
		p.agents[a.Name] = a
	}
	return p
}

// declared is the name of the agent that a User-Agent declares, empty for all others.
func (p *prover) declared(userAgent string) string {
	agent, _ := reputation.Declared(p.list, userAgent)
	return agent.Name
}

// prove says whether the agent that was declared comes from there.
func (p *prover) prove(name string, address netip.Addr) event.Proof {
	agent, known := p.agents[name]
	if !known || !address.IsValid() {
		return ""
	}
	if proof := agent.Listed(p.networks, address); proof != "" || len(agent.Domains) == 0 || p.dns == nil {
		return proof
	}
	q := question{name, address}
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, asked := p.known[q]; asked && p.now().Before(a.until) {
		return a.proof
	}
	network := neighbourhood(address)
	if p.under[network] >= proofsOfNetwork {
		return ""
	}
	select {
	case p.waiting <- q:
		p.under[network]++
		p.remember(q, answer{until: p.now().Add(doubtLife)})
	default:
	}
	return ""
}

// neighbourhood is the network that one owner easily has all the addresses of: /24, and /64 for IPv6.
func neighbourhood(address netip.Addr) netip.Prefix {
	address = address.Unmap()
	bits := 24
	if address.Is6() {
		bits = 64
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// remember keeps an answer, and forgets others when there are too many: first those that tell nothing, which anybody can have
// made by declaring himself from many addresses. The caller holds the lock.
func (p *prover) remember(q question, a answer) {
	if _, there := p.known[q]; !there && len(p.known) >= proofsKept {
		p.forget()
	}
	p.known[q] = a
}

// forget removes one answer. Maps are walked from a place by chance, so a few steps find one that tells nothing if there are many.
func (p *prover) forget() {
	var last question
	steps := 0
	for last = range p.known {
		if steps++; p.known[last].proof == "" || steps == forgetSteps {
			break
		}
	}
	delete(p.known, last)
}

// forgetSteps is how many answers are looked at for one that tells nothing.
const forgetSteps = 16

// run asks the DNS until the context ends.
func (p *prover) run(ctx context.Context) {
	var asking sync.WaitGroup
	if p.signers != nil {
		asking.Go(func() { p.signers.run(ctx) })
	}
	for range proofAskers {
		asking.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case q := <-p.waiting:
					a := p.ask(ctx, q)
					p.answered(q, a)
				}
			}
		})
	}
	asking.Wait()
}

// answered keeps an answer, and lets the next question about the network in.
func (p *prover) answered(q question, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remember(q, a)
	network := neighbourhood(q.address)
	if p.under[network]--; p.under[network] <= 0 {
		delete(p.under, network)
	}
}

// ask asks for the address's names and for the addresses of those that are the agent's. That there is no such name
// refutes; that the DNS does not answer tells nothing.
func (p *prover) ask(ctx context.Context, q question) answer {
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	agent := p.agents[q.agent]
	found, err := p.dns.LookupAddr(ctx, q.address.String())
	if err != nil && !missingName(err) {
		return answer{until: p.now().Add(doubtLife)}
	}
	for _, name := range found[:min(len(found), proofNames)] {
		if !agent.Named(name) {
			continue
		}
		addresses, err := p.dns.LookupNetIP(ctx, "ip", name)
		if err != nil && !missingName(err) {
			return answer{until: p.now().Add(doubtLife)}
		}
		for _, address := range addresses {
			if address.Unmap() == q.address.Unmap() {
				return answer{event.Verified, p.now().Add(proofLife)}
			}
		}
	}
	return answer{event.Refuted, p.now().Add(proofLife)}
}

// missingName says whether the DNS answered that there is no such name.
func missingName(err error) bool {
	var failure *net.DNSError
	return errors.As(err, &failure) && failure.IsNotFound
}

// inherit takes over the answers of the prover before it.
func (p *prover) inherit(before *prover) {
	if p.signers != nil && before.signers != nil {
		p.signers.inherit(before.signers)
	}
	before.mu.Lock()
	defer before.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for q, a := range before.known {
		p.known[q] = a
	}
}

// prove asks the DNS and reads directories of keys for the plan in force, until ctx ends.
func (h *house) prove(ctx context.Context) {
	for ctx.Err() == nil {
		asking, stop := context.WithCancel(ctx)
		var done sync.WaitGroup
		p := h.judge.plan.Load().prover
		if p.signers != nil {
			p.signers.complain = func(name string, err error) {
				h.world.Logger.Warn("an agent's directory of keys cannot be read; its signatures prove nothing until it can", "agent", name, "error", err)
			}
		}
		done.Go(func() { p.run(asking) })
		select {
		case <-ctx.Done():
		case <-h.swapped:
		}
		stop()
		done.Wait()
	}
}
