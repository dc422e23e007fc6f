//go:build e2e

package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wayguard/e2e"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
)

// stripeMock is Stripe's own imitation of its API, which checks requests against its OpenAPI document.
const (
	stripeMock        = "github.com/stripe/stripe-mock"
	stripeMockVersion = "v0.203.0"
	stripeKey         = "Bearer sk_test_123"
	formKind          = "application/x-www-form-urlencoded"
)

// stripeAskings are ordinary calls and calls that the destination refuses. Some are written as no library would write them: what goes on
// are the merchant's bytes, not what somebody makes of them.
func stripeAskings() []asking {
	post := func(path, body string) asking { return asking{http.MethodPost, path, formKind, body, stripeKey, nil} }
	get := func(method, path string) asking { return asking{method, path, "", "", stripeKey, nil} }
	keyed := post("/v1/charges", "amount=2000&currency=usd&source=tok_visa&metadata[order_id]=A-1")
	keyed.header = map[string]string{"Idempotency-Key": "order-A-1", "Stripe-Version": "2024-06-20", "Accept": "application/json"}
	stranger := post("/v1/charges", "amount=2000&currency=usd&source=tok_visa")
	stranger.credential = ""
	wrong := post("/v1/payment_intents", "amount=1000&currency=usd")
	wrong.credential = "Bearer nonsense"
	return []asking{
		keyed,
		post("/v1/charges", "amount=999&currency=usd&source=tok_visa&description=My+First+Test+Charge"),
		post("/v1/charges", "currency=%75%73d&source=tok%5Fvisa&amount=20%30%30&description=%c3%bc&&metadata%5Border_id%5d=6735"),
		post("/v1/payment_intents", "amount=2000&currency=usd&automatic_payment_methods[enabled]=true"),
		post("/v1/payment_intents", "amount=1099&currency=eur&customer=cus_NffrFeUfNV2Hib&payment_method=pm_card_visa&confirm=true&receipt_email=Jenny.Rosen%40Example.com"+
			"&payment_method_types[]=card&shipping[address][line1]=510+Townsend&shipping[address][country]=US&shipping[name]=Jenny+Rosen"),
		post("/v1/payment_intents/pi_1/confirm", "payment_method=pm_card_visa"),
		post("/v1/payment_intents/pi_1/capture", "amount_to_capture=750"),
		post("/v1/customers", "name=Jenny+Ros%C3%A9n&email=jenny%40example.com&metadata[session]=s-1"),
		post("/v1/customers/cus_1", "description="),
		post("/v1/refunds", "charge=ch_1&amount=500"),
		post("/v1/setup_intents", "payment_method_types[]=card&payment_method_types[]=sepa_debit"),
		post("/v1/tokens", "card[number]=4242424242424242&card[exp_month]=8&card[exp_year]=2031&card[cvc]=314"),
		post("/v1/payment_intents/pi_1/cancel", ""),
		get(http.MethodGet, "/v1/charges/ch_1?expand[]=customer&expand%5B%5D=invoice"),
		get(http.MethodGet, "/v1/customers?limit=3&email=a%2Bb%40example.com"),
		get(http.MethodDelete, "/v1/customers/cus_1"),
		post("/v1/charges", "amount=many&currency=usd&source=tok_visa"),
		post("/v1/payment_intents", "currency=usd"),
		post("/v1/payment_intents", "amount=2000&currency=usd&no_such_parameter=1"),
		get(http.MethodGet, "/v1/no/such/thing"),
		get(http.MethodPut, "/v1/charges"),
		stranger,
		wrong,
	}
}

// stripeMockBinary builds the destination once; from then on no network is needed.
func stripeMockBinary(ctx context.Context) (string, error) {
	root, err := e2e.Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "build", "tools", "stripe-mock-"+stripeMockVersion)
	binary := filepath.Join(dir, "stripe-mock")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	command := exec.CommandContext(ctx, "go", "install", stripeMock+"@"+stripeMockVersion)
	command.Dir, command.Env = root, append(os.Environ(), "GOBIN="+dir)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install %s: %w\n%s", stripeMock, err, output)
	}
	return binary, nil
}

// startStripeMock runs the destination on loopback and gives its address.
func startStripeMock(ctx context.Context) (*e2e.Process, string, error) {
	binary, err := stripeMockBinary(ctx)
	if err != nil {
		return nil, "", err
	}
	mock, err := e2e.Start(ctx, binary, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	at, err := mock.WaitFor(`Listening for HTTP at address: (\S+)`, 30*time.Second)
	if err != nil {
		mock.Kill()
		return nil, "", err
	}
	return mock, at[1], nil
}

// passing is what a set of requests came to, sent directly and through an interceptor.
type passing struct {
	asked int
	// same are answers as the direct call's, exact those that are byte for byte what the destination sent, kept requests that arrived as
	// the direct one does; tagged answers with a decision, and twice those where the destination was told the same one.
	same, exact, kept, twice tally
	tagged                   int
	ids                      []event.ID
	statuses                 map[int]int
}

// compare sends requests directly, then through an interceptor, then directly again: what the clock writes is the same in all three when
// it is in the first and the last.
func (i *instance) compare(ctx context.Context, w *wire, ref string, askings []asking) (*passing, error) {
	direct, through := plainClient(), plainClient()
	p := &passing{asked: len(askings), statuses: map[int]int{}}
	for _, a := range askings {
		first, plain, _, err := w.watch(ctx, a, direct, w.url(), "")
		if err != nil {
			return nil, err
		}
		got, arrival, sent, err := w.watch(ctx, a, through, i.through(ref), i.token)
		if err != nil {
			return nil, err
		}
		last, _, _, err := w.watch(ctx, a, direct, w.url(), "")
		if err != nil {
			return nil, err
		}
		p.statuses[got.status]++
		p.judge(a, [2]*reply{first, last}, got, sent, plain, arrival)
	}
	return p, nil
}

// watch sends a request and gives the answer, and what passed the wire meanwhile.
func (w *wire) watch(ctx context.Context, a asking, client *http.Client, base, token string) (got *reply, arrival *arrived, sent *reply, err error) {
	if got, err = a.send(ctx, client, base, token); err != nil {
		return nil, nil, nil, err
	}
	if arrival, sent, err = w.take(); err != nil {
		return nil, nil, nil, fmt.Errorf("%s %s, answered %d: %w", a.method, a.path, got.status, err)
	}
	return got, arrival, sent, nil
}

// judge compares one request's three ways. What differs between two direct calls is the destination's own chance.
func (p *passing) judge(a asking, direct [2]*reply, got, sent *reply, plain, arrival *arrived) {
	id := got.idOf()
	if id != "" {
		p.tagged++
		p.ids = append(p.ids, id)
	}
	excused := []string{http.CanonicalHeaderKey(interceptor.DecisionHeader)}
	p.exact.note(a, got.unlike(sent, excused...))
	p.kept.note(a, arrival.unlike(plain, excused...))
	told := ""
	if !slices.Equal(arrival.header.Values(interceptor.DecisionHeader), got.header.Values(interceptor.DecisionHeader)) {
		told = "the destination was told another decision"
	}
	p.twice.note(a, told)
	for name := range direct[0].header {
		if !slices.Equal(direct[0].header[name], direct[1].header[name]) {
			excused = append(excused, name)
		}
	}
	left, right := *got, *direct[0]
	if len(left.body) > 0 && direct[0].unlike(direct[1], excused...) == "the body" {
		left.body, right.body = withoutChance(got.body, direct), withoutChance(direct[0].body, direct)
	}
	p.same.note(a, left.unlike(&right, excused...))
}

// withoutChance is a body without the lines that differ between two direct calls: the destination makes up ids and times.
func withoutChance(body []byte, direct [2]*reply) []byte {
	one, other, lines := bytes.Split(direct[0].body, []byte("\n")), bytes.Split(direct[1].body, []byte("\n")), bytes.Split(body, []byte("\n"))
	if len(one) != len(other) || len(one) != len(lines) {
		return body
	}
	for n := range one {
		if !bytes.Equal(one[n], other[n]) {
			lines[n] = nil
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

func (p *passing) statusList() string {
	var list []string
	for _, status := range []int{200, 400, 401, 404, 405} {
		if n := p.statuses[status]; n > 0 {
			list = append(list, fmt.Sprintf("%d x%d", status, n))
		}
	}
	return strings.Join(list, ", ")
}

func (p *passing) figures() []e2e.Figure {
	return []e2e.Figure{
		e2e.Count(p.same.hint("  answered as without: status, header, body"), p.same.agreed, p.asked),
		e2e.Count(p.exact.hint("  answers byte for byte as the destination sent them"), p.exact.agreed, p.asked),
		e2e.Count(p.kept.hint("  requests that arrived as without: line, header, body"), p.kept.agreed, p.asked),
	}
}

// stripeRefusal is a template of the destination's own form.
func stripeRefusal() map[string]any {
	body := map[string]any{"error": map[string]any{"type": "card_error", "code": "card_declined", "decline_code": "fraudulent", "charge": "{{ decision_id }}",
		"message": "{{ decision }} because of {{ source }}", "param": "{{ triggered_rules }}"}}
	return map[string]any{"mode": "template", "status": http.StatusPaymentRequired, "headers": map[string]string{"X-Refused-By": "risk"}, "body": body}
}

// CheckDestination puts an interceptor in front of a destination that checks what it gets.
func CheckDestination(ctx context.Context) ([]e2e.Figure, error) {
	mock, address, err := startStripeMock(ctx)
	if err != nil {
		return nil, err
	}
	defer mock.Kill()
	w, err := lay(address)
	if err != nil {
		return nil, err
	}
	defer w.close()
	i, err := start(ctx, w.url(), "", "")
	if err != nil {
		return nil, err
	}
	defer i.close()
	figures, err := i.unmappedStripe(ctx, w)
	if err != nil {
		return nil, err
	}
	mapped, err := i.mappedStripe(ctx, w)
	if err != nil {
		return nil, err
	}
	refused, err := i.refusedStripe(ctx, w)
	return slices.Concat(figures, mapped, refused), err
}

func (i *instance) unmappedStripe(ctx context.Context, w *wire) ([]e2e.Figure, error) {
	ref, err := i.intercept(ctx, map[string]any{"context": "stripe", "ref": "stripe", "destination": map[string]any{"url": w.url()}})
	if err != nil {
		return nil, err
	}
	p, err := i.compare(ctx, w, ref, stripeAskings())
	if err != nil {
		return nil, err
	}
	keys, err := i.discovered(ctx, ref, 20)
	if err != nil {
		return nil, err
	}
	missing := []string{"$.amount", "$.currency", "$.card.number", "$.shipping.address.line1", "$.automatic_payment_methods.enabled"}
	for _, key := range keys {
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == key.Key })
	}
	figures := []e2e.Figure{e2e.Holds("stripe-mock, unmapped: answers", p.statusList(), p.statuses[200] >= 12 && p.statuses[400] > 0 && p.statuses[401] > 0 && p.statuses[404] > 0, "200, 400, 401, 404")}
	return append(append(figures, p.figures()...),
		e2e.Count("  answers and requests with a decision's id", p.tagged, 0),
		e2e.AtLeast("  keys discovered in the traffic", len(keys), 20),
		e2e.Holds("  keys looked for and not discovered", fmt.Sprint(len(missing))+" "+strings.Join(missing, " "), len(missing) == 0, "0")), nil
}

// mappingFile reads one of the interceptor's own mappings.
func mappingFile(name string) (json.RawMessage, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(root, "interceptor", "testdata", name))
}

func (i *instance) mappedStripe(ctx context.Context, w *wire) ([]e2e.Figure, error) {
	entries, err := mappingFile("stripe.mapping.json")
	if err != nil {
		return nil, err
	}
	if _, err := i.rules(ctx, "stripe", []map[string]any{always("all", payment.Allow, nil)}, nil); err != nil {
		return nil, err
	}
	ref, err := i.intercept(ctx, map[string]any{"context": "stripe", "ref": "stripe", "destination": map[string]any{"url": w.url()}, "field_mapping": entries,
		"responses": map[string]any{"block": stripeRefusal()}})
	if err != nil {
		return nil, err
	}
	p, err := i.compare(ctx, w, ref, stripeAskings())
	if err != nil {
		return nil, err
	}
	allowed := 0
	for _, id := range p.ids {
		d, err := i.decisionOf(ctx, id)
		if err != nil {
			return nil, err
		}
		if d.Decision == payment.Allow && d.Integration != nil && *d.Integration == "interceptor" && len(d.TriggeredRules) == 1 {
			allowed++
		}
	}
	figures := []e2e.Figure{e2e.Holds("stripe-mock, mapped, ALLOW: answers", p.statusList(), p.statuses[200] >= 12 && p.statuses[400] > 0 && p.statuses[401] > 0 && p.statuses[404] > 0, "200, 400, 401, 404")}
	return append(append(figures, p.figures()...),
		e2e.Count("  answers with a decision's id", p.tagged, p.asked),
		e2e.Count(p.twice.hint("  destination told the same id"), p.twice.agreed, p.asked),
		e2e.Count("  ids that GET /api/decisions/{id} knows as ALLOW", allowed, p.asked)), nil
}

func (i *instance) refusedStripe(ctx context.Context, w *wire) ([]e2e.Figure, error) {
	rules, err := i.rules(ctx, "stripe", []map[string]any{always("nothing-passes", payment.Block, nil)}, nil)
	if err != nil {
		return nil, err
	}
	before, _ := w.count()
	client, templated := plainClient(), tally{}
	askings := stripeAskings()
	for _, a := range askings {
		got, err := a.send(ctx, client, i.through("stripe"), i.token)
		if err != nil {
			return nil, err
		}
		templated.note(a, unlikeRefusal(got))
	}
	after, sent := w.count()
	last, err := asking{http.MethodPost, "/v1/charges", formKind, "amount=1&currency=usd", stripeKey, nil}.send(ctx, client, i.through("stripe"), i.token)
	if err != nil {
		return nil, err
	}
	d, err := i.decisionOf(ctx, last.idOf())
	if err != nil {
		return nil, err
	}
	return []e2e.Figure{
		e2e.Count(templated.hint("stripe-mock, mapped, BLOCK: answers from the template"), templated.agreed, len(askings)),
		e2e.Count("  bytes that reached the destination", sent, 0),
		e2e.Count("  connections made to it", after-before, 0),
		e2e.Holds("  the decision, with its ruleset", string(d.Decision), d.Decision == payment.Block && d.RulesetID != nil && *d.RulesetID == rules, "BLOCK"),
	}, nil
}

// unlikeRefusal tells how an answer differs from the template.
func unlikeRefusal(got *reply) string {
	var body struct {
		Error struct {
			Charge  event.ID `json:"charge"`
			Message string   `json:"message"`
			Param   []string `json:"param"`
		} `json:"error"`
	}
	switch err := json.Unmarshal(got.body, &body); {
	case got.status != http.StatusPaymentRequired:
		return fmt.Sprintf("status %d", got.status)
	case err != nil:
		return "no JSON"
	case got.idOf() == "" || body.Error.Charge != got.idOf():
		return "the decision's id"
	case !strings.HasPrefix(body.Error.Message, "BLOCK because of ") || strings.Contains(body.Error.Message, "{{"):
		return "message"
	case !slices.Equal(body.Error.Param, []string{"nothing-passes"}):
		return "rules"
	case got.header.Get("X-Refused-By") != "risk":
		return "header"
	}
	return ""
}
