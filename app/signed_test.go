package app

import (
	"testing"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/element"
	"wayguard/event"
)

// What the configuration says of agents reaches the events that specs make.
func TestSignaturesReachEvents(t *testing.T) {
	good := newBot("good")
	c := config.Default()
	c.Proxy.Origin.URL = "http://127.0.0.1:9"
	c.Agents = []config.AgentConfig{{Name: "good-bot", Keys: []config.AgentKeyConfig{good.key()}, Trusted: true}}
	c.Specs = []capture.SpecConfig{{Name: "all", Event: "Seen", Type: "logout", Match: capture.MatchConfig{Path: "/"}}}
	keys, err := element.NewKeys(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := compileForTrial(c, keys)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	see := func(r *capture.Request) event.Evidence {
		spec := p.specs.Match(r)
		if spec == nil {
			t.Fatal("no spec")
		}
		// Asked about while it is held, and again when it is done.
		held, done := spec.Request(r), spec.Exchange(r, &capture.Response{Status: 200})
		if held.Evidence.Client.Proof != done.Evidence.Client.Proof {
			t.Errorf("%q while it was held, %q when it was done", held.Evidence.Client.Proof, done.Evidence.Client.Proof)
		}
		return done.Evidence
	}
	if e := see(good.request("shop.example", "1")); e.Client.Agent != "good-bot" || e.Client.Proof != event.Verified || len(e.Wire.Flaws) > 0 {
		t.Errorf("%+v, flaws %v", e.Client, e.Wire.Flaws)
	}
	forged := good.request("shop.example", "2")
	forged.Host = "bank.example"
	if e := see(forged); e.Client.Proof != event.Refuted || len(e.Wire.Flaws) != 1 || e.Wire.Flaws[0] != event.FlawAgent {
		t.Errorf("%+v, flaws %v", e.Client, e.Wire.Flaws)
	}
}
