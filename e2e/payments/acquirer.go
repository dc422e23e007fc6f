//go:build e2e

package payments

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"wayguard/e2e"
	"wayguard/payment"
)

// ErrAbsent says that recorded requests are not there, and that a check was not made.
var ErrAbsent = errors.New("SKIPPED: the recorded requests of the acquirer are absent (../shared/data/adyen): nothing was checked against them")

// recordings is how many requests of the acquirer were recorded.
const recordings = 54

// recording is a request of a merchant to the acquirer with its answer.
type recording struct {
	Method    string                     `json:"method"`
	Path      string                     `json:"path"`
	Request   json.RawMessage            `json:"request"`
	Responses map[string]json.RawMessage `json:"responses"`
}

// acquirer answers recorded requests as it did when they were recorded.
type acquirer struct {
	*httptest.Server
	askings []asking
	answers map[string]reply

	mu       sync.Mutex
	requests int
	unknown  int
}

// openAcquirer reads the recordings.
func openAcquirer() (*acquirer, error) {
	root, err := e2e.Root()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "..", "shared", "data", "adyen", "examples-v71.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrAbsent
	}
	if err != nil {
		return nil, err
	}
	q := &acquirer{answers: map[string]reply{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("recording %d: %w", len(q.askings)+1, err)
		}
		// A placeholder of the path stands for some id.
		path := strings.NewReplacer("{", "id-of-", "}", "").Replace(r.Path)
		a := asking{strings.ToUpper(r.Method), path, "application/json", string(r.Request), "", map[string]string{"X-Api-Key": "merchant", "Idempotency-Key": strconv.Itoa(len(q.askings))}}
		q.askings = append(q.askings, a)
		q.answers[a.method+" "+path+"\n"+a.body] = r.reply()
	}
	if len(q.askings) != recordings || len(q.answers) != recordings {
		return nil, fmt.Errorf("%d recordings, %d of them different, not %d", len(q.askings), len(q.answers), recordings)
	}
	q.Server = httptest.NewServer(q)
	return q, nil
}

// reply is the first of the recorded answers; of some requests none was recorded, and they get an empty one.
func (r recording) reply() reply {
	for _, status := range slices.Sorted(maps.Keys(r.Responses)) {
		if code, err := strconv.Atoi(status); err == nil {
			return reply{code, nil, r.Responses[status]}
		}
	}
	return reply{http.StatusOK, nil, nil}
}

// ServeHTTP implements http.Handler.
func (q *acquirer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, err := readArrived(r)
	q.mu.Lock()
	q.requests++
	answer, known := q.answers[r.Method+" "+r.URL.EscapedPath()+"\n"+string(got.body)]
	if err != nil || !known {
		q.unknown++
	}
	q.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	w.Header()["X-RateLimit-remaining"] = []string{"7"}
	w.Header()["Set-Cookie"] = []string{"a=1; Path=/", "b=2; HttpOnly"}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

// asked says how many requests came since the last time, and how many of them were none of the recorded.
func (q *acquirer) asked() (requests, unknown int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	requests, unknown = q.requests, q.unknown
	q.requests, q.unknown = 0, 0
	return requests, unknown
}

// stage is a step of putting an interceptor to use.
type stage struct {
	name  string
	rules []map[string]any
	// mapped says that the interceptor has its mapping, forwards that requests go on.
	mapped, forwards bool
	want             payment.Outcome
	shadow           payment.Outcome
}

func acquirerStages() []stage {
	dark := map[string]any{"live": false}
	return []stage{
		{"mapped, no rules", nil, true, true, payment.Allow, ""},
		{"mapped, ALLOW", []map[string]any{always("all", payment.Allow, nil)}, true, true, payment.Allow, ""},
		{"shadow rules (live: false)", []map[string]any{always("dark-review", payment.Review, dark), always("dark-block", payment.Block, dark)}, true, true, payment.Allow, payment.Block},
		{"mapped, REVIEW", []map[string]any{always("look", payment.Review, nil)}, true, false, payment.Review, ""},
		{"mapped, BLOCK", []map[string]any{always("none", payment.Block, nil)}, true, false, payment.Block, ""},
	}
}

// CheckAcquirer puts an interceptor in front of a recorded acquirer, and takes it from unmapped over shadow to blocking.
func CheckAcquirer(ctx context.Context) ([]e2e.Figure, error) {
	q, err := openAcquirer()
	if err != nil {
		return nil, err
	}
	defer q.Close()
	w, err := lay(q.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	defer w.close()
	i, err := start(ctx, w.url(), "", "")
	if err != nil {
		return nil, err
	}
	defer i.close()
	figures, err := i.unmappedAcquirer(ctx, w, q)
	if err != nil {
		return nil, err
	}
	entries, err := mappingFile("adyen.mapping.json")
	if err != nil {
		return nil, err
	}
	body := map[string]any{"context": "acquirer", "ref": "acquirer", "destination": map[string]any{"url": w.url()}, "field_mapping": entries}
	if _, err := i.intercept(ctx, body); err != nil {
		return nil, err
	}
	for _, s := range acquirerStages() {
		more, err := i.stage(ctx, w, q, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		figures = append(figures, more...)
	}
	return figures, nil
}

func (i *instance) unmappedAcquirer(ctx context.Context, w *wire, q *acquirer) ([]e2e.Figure, error) {
	ref, err := i.intercept(ctx, map[string]any{"context": "acquirer", "ref": "acquirer", "destination": map[string]any{"url": w.url()}})
	if err != nil {
		return nil, err
	}
	p, err := i.compare(ctx, w, ref, q.askings)
	if err != nil {
		return nil, err
	}
	_, unknown := q.asked()
	keys, err := i.discovered(ctx, ref, 100)
	if err != nil {
		return nil, err
	}
	figures := []e2e.Figure{e2e.Count("recorded acquirer, unmapped: requests", p.asked, recordings)}
	return append(append(figures, p.figures()...),
		e2e.Count("  requests that the acquirer did not know", unknown, 0),
		e2e.Count("  answers with a decision's id", p.tagged, 0),
		e2e.AtLeast("  keys discovered in the traffic", len(keys), 100)), nil
}

// stage puts rules in force and sends every request once.
func (i *instance) stage(ctx context.Context, w *wire, q *acquirer, s stage) ([]e2e.Figure, error) {
	if s.rules != nil {
		if _, err := i.rules(ctx, "acquirer", s.rules, nil); err != nil {
			return nil, err
		}
	}
	q.asked()
	before, _ := w.count()
	client := plainClient()
	var kept, decided tally
	for _, a := range q.askings {
		got, err := a.send(ctx, client, i.through("acquirer"), i.token)
		if err != nil {
			return nil, err
		}
		if s.forwards {
			arrival, sent, err := w.take()
			if err != nil {
				return nil, err
			}
			kept.note(a, forwarded(a, got, sent, arrival))
		}
		difference, err := i.undecided(ctx, s, got)
		if err != nil {
			return nil, err
		}
		decided.note(a, difference)
	}
	requests, unknown := q.asked()
	after, sent := w.count()
	name := "recorded acquirer, " + s.name
	if !s.forwards {
		return []e2e.Figure{
			e2e.Count(decided.hint(name+": valid decisions, each "+string(s.want)), decided.agreed, recordings),
			e2e.Count("  requests that reached the acquirer", requests, 0),
			e2e.Count("  connections made to it and bytes sent", after-before+sent, 0),
		}, nil
	}
	figures := []e2e.Figure{
		e2e.Count(decided.hint(name+": valid decisions, each "+string(s.want)), decided.agreed, recordings),
		e2e.Count("  requests that the acquirer got and knew", requests-unknown, recordings),
		e2e.Count(kept.hint("  bodies and answers forwarded byte for byte"), kept.agreed, recordings),
	}
	if s.shadow != "" {
		figures[0].Name = decided.hint(name + ": each ALLOW, with both shadow hits")
	}
	return figures, nil
}

// forwarded tells what became of a request and its answer on their way.
func forwarded(a asking, got, sent *reply, arrival *arrived) string {
	switch {
	case string(arrival.body) != a.body:
		return "the body"
	case !strings.HasPrefix(arrival.line, a.method+" "+a.path+" "):
		return "request line"
	case arrival.header.Get("X-Api-Key") != "merchant" || arrival.header.Get("Authorization") != "":
		return "credentials"
	case arrival.header.Get("X-Specter-Decision-Id") != string(got.idOf()):
		return "the decision's id"
	}
	return got.unlike(sent, "X-Specter-Decision-Id")
}

// undecided tells why an answer stands for no decision, or for another than it should.
func (i *instance) undecided(ctx context.Context, s stage, got *reply) (string, error) {
	id := got.idOf()
	if id == "" {
		return "no decision's id", nil
	}
	d, err := i.decisionOf(ctx, id)
	if err != nil {
		return "", err
	}
	var body payment.Decision
	if !s.forwards {
		if err := json.Unmarshal(got.body, &body); err != nil {
			return "the answer is no decision", nil
		}
	}
	switch {
	case d.ID != id || d.Decision != s.want || d.Context != "acquirer":
		return "it is " + string(d.Decision), nil
	case d.Integration == nil || *d.Integration != "interceptor" || d.InterceptorID == nil:
		return "it does not name the interceptor", nil
	case d.Currency == "" || d.CustomerID == "" || d.TransactionReference == "":
		return "it lacks what every payment has", nil
	case s.shadow != d.ShadowDecision || s.shadow != "" && len(d.ShadowTriggeredRules) != 2:
		return "shadow " + string(d.ShadowDecision), nil
	case !s.forwards && (body.ID != id || body.Decision != s.want || len(body.TriggeredRules) != 1):
		return "the answer is another decision", nil
	}
	return "", nil
}
