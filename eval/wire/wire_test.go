package wire

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/element"
	"wayguard/event"
	"wayguard/sim/demo"
	"wayguard/world"
)

// more are specs for what the demo's shop has no page for.
const more = `
sessions: { tokens: [{ cookie: shop_session }, { header: authorization }] }
specs:
  - { name: message-form, event: Message Sent, type: message, match: { method: POST, path: /messages }, take: { username: { form: email }, email: { form: email } }, outcome: &plain [{ result: success, when: { status: 2xx } }, { result: success, when: { status: 3xx } }, { result: failure, when: { status: 4xx } }] }
  - { name: password-form, event: Password Changed, type: credential_change, match: { method: POST, path: /account/password }, take: { username: { form: email }, email: { form: email } }, outcome: *plain }
  - { name: payment-method-form, event: Payment Method Changed, type: payment_method_update, match: { method: POST, path: /account/cards }, take: { username: { form: email }, email: { form: email }, payment_from: { form: card_number }, payment_type: { constant: card } }, outcome: *plain }
  - { name: asset, event: Asset, type: session_update, match: { method: GET, path: "/assets/{file}" } }
`

type gate struct {
	set     *capture.Set
	network event.Network
}

func newGate(t *testing.T) *gate {
	t.Helper()
	c := config.Default()
	g := &gate{}
	if problems := c.Add("more.yaml", []byte(more), nil); len(problems) > 0 {
		t.Fatal(problems.Err())
	}
	tokens := c.Sessions.SessionsConfig
	for _, f := range demo.Files() {
		if problems := c.Add(f.Name, f.Data, nil); len(problems) > 0 {
			t.Fatal(problems.Err())
		}
	}
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	set, problems := capture.Compile(capture.Config{Specs: c.Specs, Sessions: tokens}, element.NewNormaliser(element.Default(), keys, element.Options{}),
		capture.Knowledge{Locate: func(netip.Addr) capture.Place {
			return capture.Place{Country: g.network.Country, ASN: fmt.Sprint(g.network.AS), Kind: g.network.Kind}
		}})
	if len(problems) > 0 {
		t.Fatal(problems.Err())
	}
	g.set = set
	return g
}

// What the capture layer makes of the requests of a world is the world's own event: same type, same result, same cookies, the
// same software, and every element of the world's among its own.
func TestTheWorldIsWhatCaptureSees(t *testing.T) {
	g := newGate(t)
	o := world.Default(1, 1500)
	o.Days, o.Campaigns = 30, world.AllCampaigns(30, 0.02)
	w := world.New(o)
	var item world.Item
	steps, failures := map[world.Step]int{}, 0
	for n := 0; w.Next(&item) && failures < 20; n++ {
		if steps[item.Truth.Step]++; steps[item.Truth.Step] > 400 {
			continue // enough of the kind
		}
		if item.Event.Evidence.Client.Family == "other" {
			continue // the shop's application and the price comparison speak to other doors of the shop
		}
		g.network = item.Event.Evidence.Network
		request, response := Exchange(&item)
		spec := g.set.Match(&request)
		if spec == nil && item.Event.Evidence.Wire.Kind == "" {
			continue // the demo's pages are those of browsers, which ask for text/html
		}
		if spec == nil {
			t.Errorf("no spec for %s %s", request.Method, request.Path)
			failures++
			continue
		}
		got := spec.Exchange(&request, &response)
		for _, problem := range differences(&item, &got) {
			t.Errorf("%s of %+v: %s", item.Truth.Step, item.Event.Evidence.Client, problem)
			failures++
		}
	}
	for step := world.StepHome; step <= world.StepAsset; step++ {
		if steps[step] == 0 {
			t.Errorf("nobody does %s", step)
		}
	}
}

func differences(item *world.Item, got *event.Event) []string {
	want := &item.Event
	var list []string
	differ := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			list = append(list, fmt.Sprintf("%s is %v, the world has %v", what, got, want))
		}
	}
	differ("type", got.Type, want.Type)
	if got.Type != event.ProductView && got.Type != event.SessionUpdate && got.Type != event.ProductSearch {
		differ("result", got.Result, want.Result)
	}
	differ("address", got.Evidence.Address, want.Evidence.Address)
	differ("kind", got.Evidence.Wire.Kind, want.Evidence.Wire.Kind)
	differ("JA4", got.Evidence.Wire.JA4, want.Evidence.Wire.JA4)
	differ("country", got.Evidence.Network.Country, want.Evidence.Network.Country)
	client, own := got.Evidence.Client, want.Evidence.Client
	differ("family", client.Family, own.Family)
	differ("platform", client.Platform, own.Platform)
	differ("major", client.Major, own.Major)
	differ("model", client.Model, own.Model)
	differ("language", client.Language, own.Language)
	differ("tokens", tokens(got), tokens(want))
	differ("flaws", got.Evidence.Wire.Flaws, want.Evidence.Wire.Flaws)
	for i := range want.Elements {
		el := &want.Elements[i]
		if found := got.Find(el.Name); found == nil && fromSpec(want, el.Name) {
			list = append(list, fmt.Sprintf("no element %s (%s), but %v", el.Name, el.Value, got.Issues))
		}
	}
	return list
}

// fromSpec says whether the demo's specs take the element: the world has some that other shops' specs would.
func fromSpec(e *event.Event, name string) bool {
	switch name {
	case "ip_address": // one of version 6 may look like the number of a card, and is then held back
		return !strings.Contains(e.Evidence.Address, ":")
	case "order_id":
		return e.Spec != "view-order"
	case "product_id", "customer_id", "referral_code", "product_sku", "shipping_address", "refund_reason", "username", "phone", "email":
		return name == "email" && e.Type == event.AuthenticationAttempt
	}
	return true
}

func tokens(e *event.Event) string {
	var names []string
	for _, t := range e.Evidence.Tokens {
		names = append(names, fmt.Sprint(t.Name, t.Issued))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
