//go:build e2e

package defence

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"wayguard/challenge"
	"wayguard/e2e"
	"wayguard/policy"
)

// asksEverybody has a page and a form for each kind of check, which everybody must pass.
func asksEverybody(factor string) string {
	var text strings.Builder
	text.WriteString(noPacks)
	text.WriteString("proxy: {inline: {budget: 500ms}}\nrules:\n")
	text.WriteString("  - {id: everybody, label: Somebody, severity: suspicious, family: outcome, points: 100, when: 'event.type == \"product_view\"', sentence: somebody is here}\n")
	fmt.Fprintf(&text, "mitigation: {second_factor: {url: \"%s/confirm?return={return}&state={state}\", secret: %s}}\nspecs:\n", factor, factorSecret)
	for _, kind := range policy.Checks() {
		fmt.Fprintf(&text, "  - {name: %[1]s, event: Page, type: product_view, inline: true, match: {method: [GET, POST], path: \"/checked/%[1]s\"}, take: {search_term: {form: note}}}\n", strings.ReplaceAll(kind, "_", "-"))
	}
	specs := text.String()
	specs = strings.ReplaceAll(specs, `/checked/second-factor"`, `/checked/second_factor"`)
	text.Reset()
	text.WriteString(specs + "actions:\n")
	for _, kind := range policy.Checks() {
		if kind == "second_factor" {
			text.WriteString("  - {name: ask-second-factor, kind: second_factor}\n")
			continue
		}
		fmt.Fprintf(&text, "  - {name: ask-%[1]s, kind: challenge, check: %[1]s}\n", kind)
	}
	text.WriteString("policies:\n")
	for _, kind := range policy.Checks() {
		name := strings.ReplaceAll(kind, "_", "-")
		fmt.Fprintf(&text, "  - {name: everybody-%[1]s, when: {label: Somebody}, specs: [%[1]s], steps: [{action: ask-%[1]s}], budget: {percent: 100}}\n", name)
	}
	return text.String()
}

const factorSecret = "a-secret-shared-with-the-application"

// checkedSite is an application with pages, forms, an API, and a second factor of its own.
func checkedSite(reached *atomic.Int64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checked/{kind}", func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><title>Welcome</title><h1 id="welcome">Welcome</h1>`)
	})
	mux.HandleFunc("POST /checked/{kind}", func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Said</title><p id="echo">%s</p>`, html.EscapeString(r.FormValue("note")))
	})
	mux.HandleFunc("GET /form/{kind}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><meta charset="utf-8"><title>Form</title><form method="post" action="/checked/%s"><input id="note" name="note"><button id="send">Send</button></form>`, html.EscapeString(r.PathValue("kind")))
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	// What an application does when somebody is handed over: it would ask for a code here.
	mux.HandleFunc("GET /confirm", func(w http.ResponseWriter, r *http.Request) {
		state, expires := r.URL.Query().Get("state"), time.Now().Add(5*time.Minute).Unix()
		http.Redirect(w, r, r.URL.Query().Get("return")+"&state="+state+"&result=passed&expires="+strconv.FormatInt(expires, 10)+
			"&signature="+challenge.SignReturn(factorSecret, state, "passed", expires), http.StatusSeeOther)
	})
	return mux
}

// met is what e2e/browser/checks.mjs tells.
type met struct {
	// Asked and Again are how many pages were refused on the first visit and on three later ones.
	Asked int `json:"asked"`
	Again int `json:"again"`
	// Form is what arrived of what was typed.
	Form      string   `json:"form"`
	FormAsked int      `json:"formAsked"`
	Problems  []string `json:"problems"`
}

// CheckChecks has a real browser meet each check with scripts on and off, and programs that cannot pass one.
func CheckChecks(ctx context.Context) ([]e2e.Figure, error) {
	var reached atomic.Int64
	site := checkedSite(&reached)
	origin := httptest.NewServer(site)
	defer origin.Close()
	// The application's second factor is where its visitors reach it without being asked.
	i, err := start(ctx, origin.URL, asksEverybody(origin.URL))
	if err != nil {
		return nil, err
	}
	defer i.close()
	var figures []e2e.Figure
	for _, kind := range policy.Checks() {
		for _, scripts := range []string{"on", "off"} {
			var m met
			if err := e2e.Browse(ctx, &m, "checks.mjs", i.Proxy, kind, scripts); err != nil {
				return figures, err
			}
			passed := len(m.Problems) == 0 && m.Asked <= 1 && m.Again == 0 && (kind == "second_factor" || m.Form == "typed by a person: äöü & <b>")
			said := fmt.Sprintf("page %d, again %d, form %q", m.Asked, m.Again, m.Form)
			if len(m.Problems) > 0 {
				said = m.Problems[0]
			}
			figures = append(figures, e2e.Holds(fmt.Sprintf("a browser meets %s, scripts %s", kind, scripts), said, passed, "asked once, not again, form whole"))
		}
	}
	before := reached.Load()
	more, err := i.programs(ctx)
	figures = append(figures, more...)
	return append(figures, e2e.Count("  requests of programs that reached the application", int(reached.Load()-before), 0)), err
}

// programs are refused in words that they understand.
func (i *instance) programs(ctx context.Context) ([]e2e.Figure, error) {
	address := i.Proxy + "/checked/proof"
	said, err := exec.CommandContext(ctx, "curl", "-s", "-w", "\n%{http_code} %{content_type}", address).Output()
	if err != nil {
		return nil, fmt.Errorf("curl: %w", err)
	}
	curl := strings.Split(strings.TrimSpace(string(said)), "\n")
	figures := []e2e.Figure{e2e.Holds("curl is told what is the matter", curl[len(curl)-1], curl[len(curl)-1] == "403 application/problem+json", "403 application/problem+json")}
	for name, header := range map[string][2]string{
		"a JSON client": {"Accept", "application/json"}, "fetch in a page": {"Sec-Fetch-Mode", "cors"}, "a gRPC call": {"Content-Type", "application/grpc"},
	} {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(`{}`))
		if err != nil {
			return figures, err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(header[0], header[1])
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return figures, err
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return figures, err
		}
		if name == "a gRPC call" {
			status := response.Trailer.Get("Grpc-Status") + response.Header.Get("Grpc-Status")
			figures = append(figures, e2e.Holds("  "+name+": grpc-status", status, status == "7", "7"))
			continue
		}
		var problem struct{ Type, Check string }
		err = json.Unmarshal(body, &problem)
		figures = append(figures, e2e.Holds("  "+name, fmt.Sprintf("%d %s %s", response.StatusCode, problem.Type, problem.Check),
			err == nil && response.StatusCode == http.StatusForbidden && problem.Type == "check_required" && problem.Check == "proof", "403 check_required proof"))
	}
	return figures, nil
}
