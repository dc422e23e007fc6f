//go:build e2e

package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
	"wayguard/event"
	"wayguard/payment"
	"wayguard/search"
)

// hunted is how many cards, and as many accounts and security codes, are sent everywhere.
const hunted = 200

// sink is somebody outside who keeps what it is sent: a destination, a risk engine, a receiver of webhooks.
type sink struct {
	*httptest.Server
	mu   sync.Mutex
	kept bytes.Buffer
	got  int
}

// newSink answers with what say makes of a request's body.
func newSink(say func(body []byte) string) *sink {
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got++
		fmt.Fprintf(&s.kept, "%s %s %v\n%s\n", r.Method, r.RequestURI, r.Header, body)
		s.mu.Unlock()
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, say(body))
	}))
	return s
}

func (s *sink) all() (text []byte, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.kept.Bytes()), s.got
}

// huntedConfig has a payment on its way through the proxy decided about too, and reads the card there for the journey.
const huntedConfig = `
metrics: {listen: "%s"}
webhooks: {allow_private: [127.0.0.0/8]}
sessions: {tokens: [{cookie: sid}]}
specs:
  - name: pay
    event: Payment
    type: transaction
    inline: true
    match: {method: POST, path: /pay}
    take: {payment_from: {json: $.card.number}, search_term: {json: $.note}}
`

// den is everything of one hunt.
type den struct {
	*instance
	cards                   []instrument
	destination, risk, told *sink
	metrics                 string
	client                  *http.Client
	answers                 bytes.Buffer
	sent                    int
	statuses                map[int]int
	ids                     []event.ID
}

// CheckNumbers sends two hundred cards with their codes and accounts everywhere a payment can be sent, and looks for them in
// everything that is kept, printed, shown and told.
func CheckNumbers(ctx context.Context) ([]e2e.Figure, error) {
	d, err := newDen(ctx)
	if err != nil {
		return nil, err
	}
	defer d.close()
	if err := d.restartVerbose(ctx); err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	if err := d.sendAll(ctx); err != nil {
		return nil, err
	}
	return d.search(ctx)
}

func newDen(ctx context.Context) (*den, error) {
	d := &den{cards: instruments(hunted), client: plainClient(), statuses: map[int]int{}}
	d.destination = newSink(func([]byte) string { return `{"resultCode":"Authorised"}` })
	// The risk engine sends back all it was told.
	d.risk = newSink(func(body []byte) string { return `{"verdict":"ok","id":"assessment","echo":` + string(body) + `}` })
	d.told = newSink(func([]byte) string { return `{}` })
	var err error
	if d.metrics, err = e2e.FreeAddress(); err != nil {
		return nil, err
	}
	decisions := "pci_level: SAQ_D\nbody_limit: 64KiB\nroutes: [{spec: pay, interceptor: cards}]\nlists: {friends: {kind: allow}}\n"
	d.instance, err = start(ctx, d.destination.URL, decisions, fmt.Sprintf(huntedConfig, d.metrics))
	return d, err
}

func (d *den) close() {
	d.instance.close()
	for _, s := range []*sink{d.destination, d.risk, d.told} {
		s.Close()
	}
}

// restartVerbose begins again with every line of the log.
func (d *den) restartVerbose(ctx context.Context) (err error) {
	if err := d.Stop(20 * time.Second); err != nil {
		return err
	}
	d.Wayguard, err = e2e.StartWayguard(ctx, "--verbose", "--config", d.file(), "--origin", d.origin, "--listen", "127.0.0.1:0", "--hub", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if d.admin, err = e2e.LogIn(ctx, d.Hub, d.email, d.password); err != nil {
		return err
	}
	return d.authorise(ctx)
}

// send notes whatever is answered, header and body.
func (d *den) send(request *http.Request) (*reply, error) {
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	got, err := readReply(response)
	if err != nil {
		return nil, err
	}
	d.statuses[got.status]++
	fmt.Fprintf(&d.answers, "%d %v\n%s\n", got.status, got.header, got.body)
	id := got.idOf()
	if id == "" {
		var made payment.Decision
		if json.Unmarshal(got.body, &made) == nil && made.Decision != "" {
			id = made.ID
		}
	}
	if id != "" {
		d.ids = append(d.ids, id)
	}
	return got, nil
}

// look collects what everybody is shown of the payments.
func (d *den) look(ctx context.Context) error {
	for _, id := range d.ids {
		for _, path := range []string{"decisions/" + string(id), "decisions?credential_fingerprint=" + string(id)} {
			if err := d.show(ctx, path); err != nil {
				return err
			}
		}
	}
	for _, path := range []string{"decisions", "reviews", "admin/rulesets", "admin/interceptors", "admin/blacklist", "admin/lists", "admin/lists/friends", "admin/integrations",
		"admin/backends", "admin/webhooks", "admin/deliveries", "admin/clients", "admin/analytics", "admin/keys"} {
		if err := d.show(ctx, path); err != nil {
			return err
		}
	}
	for _, path := range []string{"audit", "totals", "health", "fields", "mitigation", "mitigation/effects", "sessions.csv"} {
		query := url.Values{"from": {time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}
		shown, err := d.admin.Shown(ctx, path, query)
		if err != nil && path != "sessions.csv" {
			return err
		}
		d.answers.Write(shown)
	}
	return d.lookAtSessions(ctx)
}

// show pages through an answer of the decision API, as an administrator of the Hub sees it.
func (d *den) show(ctx context.Context, path string) error {
	at, err := url.Parse(path)
	if err != nil {
		return err
	}
	for {
		var body []byte
		if err := d.admin.Payments(ctx, http.MethodGet, at.Path, at.Query(), nil, &body); err != nil {
			return err
		}
		d.answers.Write(body)
		var page struct {
			Links struct {
				Next *string `json:"next"`
			} `json:"links"`
		}
		if json.Unmarshal(body, &page) != nil || page.Links.Next == nil {
			return nil
		}
		if at, err = url.Parse(strings.TrimPrefix(*page.Links.Next, "/api/")); err != nil {
			return err
		}
	}
}

func (d *den) lookAtSessions(ctx context.Context) error {
	page, err := d.admin.Search(ctx, search.Query{})
	if err != nil {
		return err
	}
	fmt.Fprintf(&d.answers, "%+v", page)
	for _, s := range page.Sessions {
		for _, path := range []string{"sessions/" + string(s.ID), "sessions/" + string(s.ID) + "/explanation"} {
			shown, err := d.admin.Shown(ctx, path, nil)
			if err != nil {
				return err
			}
			d.answers.Write(shown)
		}
	}
	csv, err := d.admin.CSV(ctx)
	d.answers.Write(csv)
	return err
}

// search looks through everything, while the program runs and after it has ended.
func (d *den) search(ctx context.Context) ([]e2e.Figure, error) {
	var secrets []string
	for _, c := range d.cards {
		secrets = append(secrets, c.number)
	}
	for _, c := range d.cards {
		secrets = append(secrets, c.iban)
	}
	h, err := e2e.NewHunt(secrets)
	if err != nil {
		return nil, err
	}
	if err := d.look(ctx); err != nil {
		return nil, err
	}
	counters, err := d.readMetrics(ctx)
	if err != nil {
		return nil, err
	}
	places := []*place{{name: "answers of API and Hub", text: d.answers.Bytes()}, {name: "/metrics", text: counters}}
	hooks, calls := d.told.all()
	places = append(places, &place{name: "webhooks", text: hooks})
	running, err := d.onDisk(h)
	if err != nil {
		return nil, err
	}
	if err := d.Stop(20 * time.Second); err != nil {
		return nil, err
	}
	exported, err := e2e.Exported(ctx, d.data())
	if err != nil {
		return nil, err
	}
	places = append(places, &place{name: "what the program printed, at its most verbose", text: []byte(d.Printed())}, &place{name: "log and warehouse, exported", text: exported})
	stopped, err := d.onDisk(h)
	if err != nil {
		return nil, err
	}
	return d.figures(h, calls, places, running, stopped)
}

func (d *den) readMetrics(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, body, err := do(request)
	if err == nil && (response.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("wayguard_"))) {
		err = errors.New("no metrics")
	}
	return body, err
}

// place is somewhere a number could be, and what was found.
type place struct {
	name  string
	text  []byte
	files int
	size  int
	// numbers are cards and accounts in clear, codes security codes beside a name for them; known are customers found there: without any,
	// a search that finds no numbers would prove nothing.
	numbers *e2e.Catch
	codes   int
	known   map[string]bool
}

func (d *den) onDisk(h *e2e.Hunt) (*place, error) {
	p := &place{name: "the data directory", numbers: e2e.NewCatch(), known: map[string]bool{}}
	left, err := e2e.InFiles(filepath.Clean(d.data()), func(text []byte, path string) { d.examine(h, p, text, path) })
	p.files, p.size = left.Files, left.Bytes
	return p, err
}

var (
	codeBeside = regexp.MustCompile(`(?i)(?:cvv|cvc|cvn|csc|security.?code)[^0-9a-z]{1,12}([0-9]{4})(?:[^0-9]|$)`)
	customerID = regexp.MustCompile(`hunted-customer-[0-9]+`)
)

func (d *den) examine(h *e2e.Hunt, p *place, text []byte, where string) {
	h.In(text, where, p.numbers)
	for _, match := range codeBeside.FindAllSubmatch(text, -1) {
		if slices.ContainsFunc(d.cards, func(c instrument) bool { return c.code == string(match[1]) }) {
			p.codes++
			if len(p.numbers.Where) < 12 {
				p.numbers.Where = append(p.numbers.Where, "a code in "+where)
			}
		}
	}
	for _, match := range customerID.FindAll(text, -1) {
		p.known[string(match)] = true
	}
}

func (d *den) figures(h *e2e.Hunt, hooks int, places []*place, running, stopped *place) ([]e2e.Figure, error) {
	outside := &place{name: "outside", numbers: e2e.NewCatch(), known: map[string]bool{}}
	passed, requests := d.destination.all()
	d.examine(h, outside, passed, "destination")
	engine, asked := d.risk.all()
	d.examine(h, outside, engine, "risk engine")
	figures := []e2e.Figure{
		e2e.AtLeast("numbers sent: payments, each with its own card, code and account", d.sent, hunted),
		e2e.AtLeast("  of them decided about", len(d.ids), hunted/2),
		e2e.AtLeast("  that reached the destination, which keeps what it gets", requests, 50),
		e2e.AtLeast("  risk engine asked, which sends back what it is told", asked, 5),
		e2e.AtLeast("  webhooks received", hooks, hunted/2),
		e2e.Holds("  answers", statusText(d.statuses), d.statuses[200] > 0 && d.statuses[401] > 0 && d.statuses[422] > 0 && d.statuses[413] > 0 && d.statuses[502] > 0, "200, 401, 413, 422, 502, ..."),
		e2e.AtLeast("  the hunt finds cards and accounts where they belong", len(outside.numbers.Secrets), hunted),
		e2e.AtLeast("  the hunt finds codes where they belong", outside.codes, 20),
	}
	for _, p := range places {
		p.numbers, p.known, p.size = e2e.NewCatch(), map[string]bool{}, len(p.text)
		d.examine(h, p, p.text, p.name)
	}
	for n, p := range append([]*place{running, stopped}, places...) {
		name := "  cards, accounts and codes in " + p.name
		if n == 0 {
			name += ", running"
		} else if n == 1 {
			name += ", stopped"
		}
		if len(p.numbers.Where) > 0 {
			name += fmt.Sprint(" ", p.numbers.Where)
		}
		size := fmt.Sprintf(" (%d KiB", p.size>>10)
		if p.files > 0 {
			size += fmt.Sprintf(", %d files", p.files)
		}
		figures = append(figures, e2e.Count(name+size+")", len(p.numbers.Secrets)+p.codes, 0))
	}
	return append(figures,
		e2e.AtLeast("  customers found in the data directory by the same search", len(stopped.known), hunted/2),
		e2e.AtLeast("  customers found in the answers by the same search", len(places[0].known), hunted/2)), nil
}

func statusText(statuses map[int]int) string {
	var list []string
	for status := range 600 {
		if n := statuses[status]; n > 0 {
			list = append(list, fmt.Sprintf("%dx%d", status, n))
		}
	}
	return strings.Join(list, " ")
}
