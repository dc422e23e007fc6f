package mitigation

import (
	"strings"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/policy"
)

func TestOnlyFeignedSpecsAreLearned(t *testing.T) {
	feigns, always, everywhere := ladder("feigns", "feign"), ladder("always", "feign"), ladder("everywhere", "feign")
	feigns.Specs, always.Specs = []string{"login"}, []string{"search"}
	actions := []policy.ActionConfig{{Name: "feign", Kind: event.Feign}, {Name: "written", Kind: event.Feign, Template: policy.TemplateConfig{Status: 200, Always: true}}}
	always.Steps[0].Action = "written"
	c := New(Deps{Key: make([]byte, 32), Now: noon})
	for _, one := range []struct {
		policies             []policy.Config
		login, search, other bool
	}{
		{nil, false, false, false},
		{[]policy.Config{feigns, always}, true, false, false},
		{[]policy.Config{always, everywhere}, true, true, true},
	} {
		plan, problems := c.Compile(Rules{Actions: actions, Policies: one.policies})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for spec, want := range map[string]bool{"login": one.login, "search": one.search, "other": one.other} {
			if got := plan.Learns(spec); (got > 0) != want {
				t.Errorf("%d policies: %d bytes of %s are learned", len(one.policies), got, spec)
			}
		}
	}
	plan, problems := c.Compile(Rules{Actions: actions, Policies: []policy.Config{feigns}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if list := c.Status().Feigns; len(list) != 1 || list[0] != (FeignStatus{Policy: "feigns", Spec: "login", As: "failure"}) {
		t.Errorf("%+v", list)
	}
	_ = plan
}

func TestFeignedAnswersLeaveWhatWasSubmitted(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{}, ladder("p", "feign"))
	head, e, j := d.event(visit{asks: []string{"p"}, elements: []event.Element{{Name: "username", Kind: event.Entity, Value: "h1"}}})
	m := d.plan.Decide(head, e, j)
	expect(t, m, "p", "feign", event.Done)
	if m.Answer == nil || !m.Answer.Feigned {
		t.Fatalf("%+v", m.Answer)
	}
	entries := d.plan.decoys.Entries(10, d.now)
	if len(entries) != 1 || entries[0].Account != "h1" || entries[0].Policy != "p" {
		t.Errorf("%+v", entries)
	}
}

func TestTraps(t *testing.T) {
	d := newDesk(t, policy.MitigationConfig{Decoys: []policy.DecoyConfig{{Name: "export", Path: "/account/export-all", Pages: []string{"/account"}}}}, ladder("p", "tag"))
	edit := d.plan.DecoyContent("/account")
	if edit == nil || d.plan.DecoyContent("/login") != nil {
		t.Fatal("the wrong pages get the trap")
	}
	specs := d.plan.traps.Specs()
	if len(specs) != 1 || !specs[0].Inline {
		t.Fatalf("%+v", specs)
	}
	link := specs[0].Match.Path
	page, err := edit.Transform("text/html", []byte("<html><body><p>hello</p></body></html>"))
	if err != nil || !strings.Contains(string(page), link) || !strings.Contains(string(page), "<p>hello</p>") {
		t.Fatalf("%v %s", err, page)
	}
	follow := func() (Measure, *event.Event) {
		head, e, j := d.event(visit{spec: specs[0].Name, asks: []string{"p"}})
		head.Path = link
		d.plan.Facts(head, e)
		return d.plan.Decide(head, e, j), e
	}
	m, e := follow()
	if found := e.Find(decoyElement); found == nil || found.Value != "export" || m.Answer == nil || m.Answer.Status != 200 || !m.Answer.Feigned {
		t.Fatalf("%+v %+v", e.Elements, m)
	}
	if err := d.control.Stop(d.now.Add(time.Hour), "", ""); err != nil {
		t.Fatal(err)
	}
	if m, _ := follow(); m.Answer != nil || d.plan.DecoyContent("/account") != nil {
		t.Error("traps go on while everything is stopped")
	}
}
