//go:build e2e

package defence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"wayguard/e2e"
	"wayguard/event"
	"wayguard/search"
	"wayguard/sim/shop"
	"wayguard/stream"
)

const shopSeed = 7

// refunds is the policy of the check: who abuses refunds reads that his is on its way, and the shop does not hear of it.
const refunds = `
proxy: {trusted_proxies: [127.0.0.0/8, "::1/128"], inline: {budget: 200ms}}
include: ["%s"]
actions:
  - name: on-its-way
    kind: feign
    as: success
    template:
      always: true
      status: 200
      headers: {Content-Type: "text/html; charset=utf-8", X-Refund-Id: "R{case}"}
      body: "<!doctype html><title>Refund Requested</title><p>We will look at refund R{case} within a day."
      canaries: {case: "digits:7"}
policies:
  - name: refund-abuse
    when: {signature: Refund Abuse}
    specs: [refund-form]
    scope: session
    steps: [{action: on-its-way}]
`

// customer is a browser of somebody at a place.
type customer struct {
	base, address string
	headers       map[string]string
	client        *http.Client
}

func newCustomer(base, address string, headers map[string]string) (*customer, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	keepPage := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &customer{base, address, headers, &http.Client{Jar: jar, CheckRedirect: keepPage, Timeout: 20 * time.Second}}, nil
}

// ask sends a request, as a form where one is given, and reads the answer.
func (c *customer) ask(ctx context.Context, path string, form url.Values) (*http.Response, string, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, "", err
	}
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("X-Forwarded-For", c.address)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// CheckRefund plays the seed's story: bought on day 1, refund asked for on day 5 from another device. Between the days the
// program is stopped and its log moved four days into the past, which is what it would be after four days.
func CheckRefund(ctx context.Context) ([]e2e.Figure, error) {
	var asked atomic.Int64
	whole := shop.New(shopSeed)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/refund") {
			asked.Add(1)
		}
		whole.ServeHTTP(w, r)
	}))
	defer origin.Close()
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	i, err := start(ctx, origin.URL, fmt.Sprintf(refunds, filepath.Join(root, "sim", "demo", "specs-forms.yaml")))
	if err != nil {
		return nil, err
	}
	defer i.close()
	account := shop.AccountAt(shopSeed, 41)
	order, err := buy(ctx, i.Proxy, account)
	if err != nil {
		return nil, err
	}
	if err := i.moveInto(ctx, -4*24*time.Hour); err != nil {
		return nil, err
	}
	answer, page, err := askRefund(ctx, i.Proxy, account, order)
	if err != nil {
		return nil, err
	}
	return i.refundFigures(ctx, asked.Load(), answer, page)
}

// buy orders something that cannot be returned.
func buy(ctx context.Context, proxy string, account shop.Account) (order string, err error) {
	c, err := newCustomer(proxy, "198.51.100.24", map[string]string{
		"User-Agent":      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
		"Accept":          "text/html,application/xhtml+xml,*/*;q=0.8",
		"Accept-Language": "en-US,en;q=0.9", "Sec-Ch-Ua-Platform": `"Windows"`, "Sec-Ch-Ua-Mobile": "?0", "Upgrade-Insecure-Requests": "1"})
	if err != nil {
		return "", err
	}
	const sku = "CAM-770"
	for _, one := range []struct {
		path string
		form url.Values
	}{
		{"/", nil}, {"/account/login", nil}, {"/account/login", url.Values{"email": {account.Email}, "password": {account.Password}}},
		{"/products/" + sku, nil}, {"/cart/add", url.Values{"sku": {sku}, "quantity": {"1"}}},
	} {
		if _, _, err := c.ask(ctx, one.path, one.form); err != nil {
			return "", err
		}
	}
	_, page, err := c.ask(ctx, "/checkout", nil)
	if err != nil {
		return "", err
	}
	amount := regexp.MustCompile(`name="amount" value="([0-9.]+)"`).FindStringSubmatch(page)
	if amount == nil {
		return "", fmt.Errorf("no checkout: %.300s", page)
	}
	response, page, err := c.ask(ctx, "/checkout", url.Values{"account": {account.Email}, "email": {account.Email}, "phone": {account.Phone},
		"name": {account.Name}, "street": {"12 Elm Street"}, "city": {"Boston"}, "region": {"MA"}, "postal_code": {"02108"}, "country": {"US"},
		"card_number": {workingCard()}, "card_holder": {account.Name}, "card_month": {"09"}, "card_year": {"2029"}, "card_cvv": {"123"},
		"amount": {amount[1]}, "currency": {shop.Currency}, "sku": {sku}, "final_sale": {"true"}})
	if err != nil {
		return "", err
	}
	order, ok := strings.CutPrefix(response.Header.Get("Location"), "/orders/")
	if !ok {
		return "", fmt.Errorf("the order was answered %d: %.300s", response.StatusCode, page)
	}
	return order, nil
}

// workingCard is a made-up number that the shop's bank knows.
func workingCard() string {
	for n := 4000000000000000; ; n++ {
		if number := fmt.Sprint(n); shop.Luhn(number) && shop.CardWorks(number) {
			return number
		}
	}
}

// moveInto stops the program, moves its log in time, and starts it again with nothing else kept.
func (i *instance) moveInto(ctx context.Context, by time.Duration) error {
	if err := i.Stop(20 * time.Second); err != nil {
		return err
	}
	at := filepath.Join(i.data(), "log")
	old, err := stream.OpenDisk(at, stream.Options{})
	if err != nil {
		return err
	}
	var records []event.Record
	for after := stream.Position(0); ; {
		entries, err := old.Read(ctx, after, 1000)
		if err != nil {
			return errors.Join(err, old.Close())
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			r := e.Record
			r.Event.Time, r.Session.Opened = r.Event.Time.Add(by), r.Session.Opened.Add(by)
			records, after = append(records, r), e.Position
		}
	}
	if err := old.Close(); err != nil {
		return err
	}
	for _, gone := range []string{"log", "state.snapshot", "warehouse"} {
		if err := os.RemoveAll(filepath.Join(i.data(), gone)); err != nil {
			return err
		}
	}
	moved, err := stream.OpenDisk(at, stream.Options{})
	if err != nil {
		return err
	}
	_, err = moved.Append(ctx, records...)
	if err := errors.Join(err, moved.Close()); err != nil {
		return err
	}
	return i.run(ctx)
}

// askRefund asks for the money from another device in another network.
func askRefund(ctx context.Context, proxy string, account shop.Account, order string) (*http.Response, string, error) {
	c, err := newCustomer(proxy, "203.0.113.77", map[string]string{
		"User-Agent":      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
		"Accept":          "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"Accept-Language": "en-GB"})
	if err != nil {
		return nil, "", err
	}
	for _, one := range []struct {
		path string
		form url.Values
	}{{"/account/login", nil}, {"/account/login", url.Values{"email": {account.Email}, "password": {account.Password}}}, {"/orders", nil}} {
		if _, _, err := c.ask(ctx, one.path, one.form); err != nil {
			return nil, "", err
		}
	}
	_, page, err := c.ask(ctx, "/orders/"+order+"/refund", nil)
	if err != nil {
		return nil, "", err
	}
	amount := regexp.MustCompile(`name="refund_amount" value="([0-9.]+)"`).FindStringSubmatch(page)
	if amount == nil {
		return nil, "", fmt.Errorf("no refund form: %.300s", page)
	}
	return c.ask(ctx, "/orders/"+order+"/refund", url.Values{"account": {account.Email}, "email": {"cash-out@mail.example"},
		"phone": {"+44 20 7946 0958"}, "refund_amount": {amount[1]}, "currency": {shop.Currency}, "reason": {"never arrived"}})
}

func (i *instance) refundFigures(ctx context.Context, reached int64, answer *http.Response, page string) ([]e2e.Figure, error) {
	var story search.Story
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		found, err := i.analyst.Search(ctx, search.Query{Field: search.FieldSignature, Values: []string{"Refund Abuse"}})
		if err != nil {
			return nil, err
		}
		if len(found.Sessions) == 1 {
			if story, err = i.analyst.Story(ctx, found.Sessions[0].ID); err != nil {
				return nil, err
			}
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d sessions carry the signature:\n%s", len(found.Sessions), i.Printed())
		}
	}
	last := story.Events[slices.IndexFunc(story.Events, func(r event.Record) bool { return r.Event.Type == event.RefundRequest })]
	var labels, signatures []string
	for _, l := range last.Verdict.Labels {
		switch {
		case l.Shadow:
		case l.Signature:
			signatures = append(signatures, l.Name)
		default:
			labels = append(labels, l.Name)
		}
	}
	want := []string{"High-Value Refund Request", "Non-Returnable Merchandise Refund", "Refund Persona Does Not Match Buyer Persona"}
	slices.Sort(labels)
	feigned := slices.ContainsFunc(last.Event.Actions, func(a event.Action) bool { return a.Kind == event.Feign && a.Outcome == event.Done })
	return []e2e.Figure{
		e2e.Holds("refund on day 5 from another device: labels", strings.Join(labels, ", "), containsAll(labels, want), strings.Join(want, ", ")),
		e2e.Holds("  signature", strings.Join(signatures, ", "), slices.Contains(signatures, "Refund Abuse"), "Refund Abuse"),
		e2e.Holds("  feigned success, as the Hub shows it", fmt.Sprint(feigned), feigned, "true"),
		e2e.Holds("  what the abuser reads", fmt.Sprintf("%d %.60s", answer.StatusCode, page), answer.StatusCode == http.StatusOK && strings.Contains(page, "We will look at refund R"), "200, a refund on its way"),
		e2e.Count("  refund requests that reached the shop", int(reached), 0),
	}, nil
}

// containsAll says whether everything wanted is among what there is.
func containsAll(there, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(name string) bool { return !slices.Contains(there, name) })
}
