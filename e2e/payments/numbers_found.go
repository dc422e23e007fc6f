//go:build e2e

package payments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"wayguard/e2e"
)

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
	counters, err := d.readMetrics(ctx)
	if err != nil {
		return nil, err
	}
	places := []*place{{name: "answers of API and Hub", text: d.answers.Bytes()}, {name: "the live view", text: d.live.Bytes()}, {name: "/metrics", text: counters}}
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
	places = append(places, &place{name: "what was printed, verbosely", text: []byte(d.Printed())}, &place{name: "log and warehouse, exported", text: exported})
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
	customerID = regexp.MustCompile(`hunted-customer-1?[0-9]{1,2}`)
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
		e2e.AtLeast("  that reached the destination, which keeps what it gets", requests, 35),
		e2e.AtLeast("  risk engine asked, which sends back what it is told", asked, 5),
		e2e.AtLeast("  webhooks received", hooks, hunted/2),
		e2e.Holds("  answers", statusText(d.statuses), d.statuses[200] > 0 && d.statuses[401] > 0 && d.statuses[422] > 0 && d.statuses[413] > 0 && d.statuses[502] > 0, "200, 401, 413, 422, 502, ..."),
		e2e.AtLeast("  the hunt finds cards and accounts where they belong", len(outside.numbers.Secrets), hunted/2),
		e2e.AtLeast("  the hunt finds codes where they belong", outside.codes, 20),
		e2e.Count("  decisions by interceptors: JSON, forms, XML, engine down, no destination", d.intercepted(), 70),
		e2e.Count("  of 100 values pasted into lists: refused", d.refused, 80),
		e2e.AtLeast("  decisions shown with the payload they were made of", bytes.Count(d.answers.Bytes(), []byte(`"payload":{`)), 30),
		e2e.AtLeast("  decisions shown with what the risk engine sent back", bytes.Count(d.answers.Bytes(), []byte(`"echo":{`)), 30),
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

// intercepted are decisions about what came as acquirers get it.
func (d *den) intercepted() (decisions int) {
	for name, n := range d.made {
		if strings.HasPrefix(name, "interceptor: ") {
			decisions += n
		}
	}
	return decisions
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
