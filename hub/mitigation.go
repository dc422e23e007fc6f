package hub

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/mitigation"
	"wayguard/search"
)

const (
	// longestSpan is the longest time that effects and accounts are asked for, farthestUndo how far back an undo reaches.
	longestSpan  = 92 * 24 * time.Hour
	farthestUndo = 30 * 24 * time.Hour
	// mostAffected and mostAccounts are how many a page lists; the downloads have all.
	mostAffected = 500
	mostAccounts = 200
	// mostBuckets is how many bars a page draws.
	mostBuckets = 100
)

// mitigationOf is the environment's, nil where there is none.
func (h *Hub) mitigationOf(env event.Environment) Mitigation {
	if h.deps.Mitigation == nil {
		return nil
	}
	return h.deps.Mitigation(env)
}

func noMitigation() *problem {
	return &problem{status: http.StatusNotFound, code: "no_mitigation", message: "nothing in this environment carries out actions here"}
}

// mitigationHealth is asked for by every page every few seconds, and a status is worked out from all who are dealt with: it is
// worked out once a second at most.
func (h *Hub) mitigationHealth(env event.Environment) MitigationHealth {
	m := h.mitigationOf(env)
	if m == nil {
		return MitigationHealth{Open: []OpenBreaker{}}
	}
	h.glances.mu.Lock()
	defer h.glances.mu.Unlock()
	now := h.deps.Now()
	if last, known := h.glances.byEnv[env]; known && !now.Before(last.at) && now.Sub(last.at) < time.Second {
		return last.health
	}
	health := glanceAt(m.Status())
	h.glances.byEnv[env] = glance{at: now, health: health}
	return health
}

// glances are what was last seen of mitigation.
type glances struct {
	mu    sync.Mutex
	byEnv map[event.Environment]glance
}

type glance struct {
	at     time.Time
	health MitigationHealth
}

// forget has the next page look again, after a change.
func (g *glances) forget(env event.Environment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.byEnv, env)
}

func glanceAt(status MitigationStatus) MitigationHealth {
	health := MitigationHealth{Stop: status.Stop, Open: []OpenBreaker{}}
	for _, p := range status.Policies {
		if b := p.Breaker; b != nil && b.State == string(mitigation.BreakerOpen) {
			why := fmt.Sprintf("it would deal with %d of %d sessions; its budget is %d percent", b.Dealt, b.Looked, b.Percent)
			health.Open = append(health.Open, OpenBreaker{Policy: p.Name, Since: b.Since, Until: b.Until, Why: why})
		}
	}
	return health
}

// policyNames are those of the environment's policies now.
func (h *Hub) policyNames(env event.Environment) []string {
	m := h.mitigationOf(env)
	if m == nil {
		return nil
	}
	var names []string
	for _, p := range m.Status().Policies {
		names = append(names, p.Name)
	}
	return names
}

func (h *Hub) mitigationStatus(w http.ResponseWriter, r *http.Request, who visitor) error {
	m := h.mitigationOf(who.env)
	if m == nil {
		return noMitigation()
	}
	h.writeJSON(w, r, http.StatusOK, filledIn(m.Status()))
	return nil
}

// filledIn makes absent lists empty ones: pages read lists.
func filledIn(s MitigationStatus) MitigationStatus {
	s.Policies, s.Checks, s.Feigned = orEmpty(s.Policies), orEmpty(s.Checks), orEmpty(s.Feigned)
	s.Spared, s.Integrations = orEmpty(s.Spared), orEmpty(s.Integrations)
	policies := make([]PolicyStatus, len(s.Policies))
	for i, p := range s.Policies {
		p.Steps, p.Specs = orEmpty(p.Steps), orEmpty(p.Specs)
		policies[i] = p
	}
	s.Policies = policies
	return s
}

// spanOf reads from and to.
func spanOf(r *http.Request) (from, to time.Time, err error) {
	if from, err = timeParameter(r, "from"); err != nil {
		return from, to, err
	}
	if to, err = timeParameter(r, "to"); err != nil {
		return from, to, err
	}
	if !from.Before(to) {
		return from, to, badQuery("to", "the end of the time range is not after its beginning")
	}
	if to.Sub(from) > longestSpan {
		return from, to, badQuery("from", "the time range is longer than %d days", int(longestSpan.Hours()/24))
	}
	return from, to, nil
}

// stepFor is the smallest readable step that makes at most mostBuckets of a span.
func stepFor(span time.Duration) time.Duration {
	steps := []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour,
		3 * time.Hour, 6 * time.Hour, 12 * time.Hour}
	for _, step := range steps {
		if span <= mostBuckets*step {
			return step
		}
	}
	return 24 * time.Hour
}

func (h *Hub) effects(w http.ResponseWriter, r *http.Request, who visitor) error {
	from, to, err := spanOf(r)
	if err != nil {
		return err
	}
	if h.deps.Actions == nil {
		return noMitigation()
	}
	step := stepFor(to.Sub(from))
	// Buckets begin at round times, so that the bars stand still while the page follows the clock.
	q := search.EffectQuery{Environment: who.env, From: from.Truncate(step), To: to, Step: step}
	effects, err := ask(h, r, func(ctx context.Context) (search.Effects, error) { return h.deps.Actions.Effects(ctx, q) })
	if err != nil {
		return err
	}
	effects.Policies = orEmpty(effects.Policies)
	h.writeJSON(w, r, http.StatusOK, effects)
	return nil
}

// affectedBy reads which policy and since when, and says whom it dealt with.
func (h *Hub) affectedBy(r *http.Request, env event.Environment) (affectedAnswer, error) {
	m := h.mitigationOf(env)
	if m == nil {
		return affectedAnswer{}, noMitigation()
	}
	since, err := timeParameter(r, "since")
	if err != nil {
		return affectedAnswer{}, err
	}
	name := r.URL.Query().Get("policy")
	if err := h.checkUndo(m, name, since); err != nil {
		return affectedAnswer{}, err
	}
	people := m.Affected(name, since)
	answer := affectedAnswer{Policy: name, Since: since, Affected: orEmpty(people), Total: len(people)}
	return answer, nil
}

func (h *Hub) affected(w http.ResponseWriter, r *http.Request, who visitor) error {
	answer, err := h.affectedBy(r, who.env)
	if err != nil {
		return err
	}
	answer.Affected = answer.Affected[:min(len(answer.Affected), mostAffected)]
	h.writeJSON(w, r, http.StatusOK, answer)
	return nil
}

func (h *Hub) affectedCSV(w http.ResponseWriter, r *http.Request, who visitor) error {
	answer, err := h.affectedBy(r, who.env)
	if err != nil {
		return err
	}
	detail := fmt.Sprintf("policy=%s since=%s people=%d", answer.Policy, stamp(answer.Since), answer.Total)
	if err := h.record(r.Context(), who.env, who.user.Email, "affected.export", detail, who.address); err != nil {
		return storeUnavailable(err)
	}
	rows := [][]string{{"Scope", "Element", "Who", "First Session", "Device", "First Action", "Because", "First UTC", "Last UTC", "Times",
		"Probably Honest"}}
	for _, a := range answer.Affected {
		rows = append(rows, []string{string(a.Scope), a.Element, a.Key, string(a.Session), string(a.Device), a.Action, a.Because,
			cellTime(a.First), cellTime(a.Last), strconv.FormatInt(a.Times, 10), a.Honest})
	}
	return h.writeCSV(w, "affected", rows)
}

// askAccounts asks for accounts to warn, and leaves a trace: they tell about people who did nothing.
func (h *Hub) askAccounts(r *http.Request, who visitor, limit int, action string) (search.Accounts, error) {
	from, to, err := spanOf(r)
	if err != nil {
		return search.Accounts{}, err
	}
	name := r.URL.Query().Get("policy")
	if len(name) > longestValue {
		return search.Accounts{}, badQuery("policy", "the name is longer than %d bytes", longestValue)
	}
	if h.deps.Actions == nil {
		return search.Accounts{}, noMitigation()
	}
	q := search.AccountQuery{Environment: who.env, From: from, To: to, Policy: name, Limit: limit}
	// The page asks again and again while it is open; once in ten minutes says enough.
	key := strings.Join([]string{string(who.user.ID), string(who.env), action, name}, "\x00")
	if _, first := h.searches.Take(key, h.deps.Now()); first || action == "accounts.export" {
		detail := fmt.Sprintf("policy=%s from=%s to=%s", name, stamp(from), stamp(to))
		if err := h.record(r.Context(), who.env, who.user.Email, action, detail, who.address); err != nil {
			return search.Accounts{}, storeUnavailable(err)
		}
	}
	accounts, err := ask(h, r, func(ctx context.Context) (search.Accounts, error) { return h.deps.Actions.Accounts(ctx, q) })
	accounts.Accounts = orEmpty(accounts.Accounts)
	return accounts, err
}

func (h *Hub) accounts(w http.ResponseWriter, r *http.Request, who visitor) error {
	accounts, err := h.askAccounts(r, who, mostAccounts, "accounts.view")
	if err != nil {
		return err
	}
	h.writeJSON(w, r, http.StatusOK, accounts)
	return nil
}

func (h *Hub) accountsCSV(w http.ResponseWriter, r *http.Request, who visitor) error {
	accounts, err := h.askAccounts(r, who, search.MaxAccounts, "accounts.export")
	if err != nil {
		return err
	}
	rows := [][]string{{"Element", "Account", "Times Tried", "First UTC", "Last UTC", "Sessions", "Some Sessions", "Last Login UTC"}}
	for _, a := range accounts.Accounts {
		shown := a.Display
		if shown == "" {
			shown = a.Value
		}
		rows = append(rows, []string{a.Element, shown, strconv.FormatInt(a.Times, 10), cellTime(a.First), cellTime(a.Last),
			strconv.FormatInt(a.Sessions, 10), joinIDs(a.Some), cellTime(a.LastLogin)})
	}
	return h.writeCSV(w, "accounts", rows)
}

func cellTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

func joinIDs(ids []event.ID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, " ")
}

// writeCSV answers with a table that is in memory already.
func (h *Hub) writeCSV(w http.ResponseWriter, name string, rows [][]string) error {
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	header.Set("Content-Disposition", `attachment; filename="`+name+"-"+h.deps.Now().UTC().Format("20060102-150405")+`.csv"`)
	header.Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	writer := csv.NewWriter(w)
	writer.UseCRLF = true
	for i, row := range rows {
		for n, cell := range row {
			row[n] = harmless(cell)
		}
		if i%flushRows == 0 {
			_ = control.SetWriteDeadline(time.Now().Add(exportWrite)) // where it cannot be set, the server's own holds
		}
		if err := writer.Write(row); err != nil {
			h.logger.Info("hub download not delivered", "name", name, "error", err)
			panic(http.ErrAbortHandler) // a cut connection is the only way left to say that the file is not whole
		}
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		h.logger.Info("hub download not delivered", "name", name, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}
