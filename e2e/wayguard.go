//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/hub"
	"wayguard/search"
)

// startLimit is how long the program may take until it serves.
const startLimit = 30 * time.Second

// Wayguard is a running instance.
type Wayguard struct {
	*Process
	// Proxy and Hub are their base addresses, such as http://127.0.0.1:1234.
	Proxy, Hub string
	// Decisions is the decision API's, empty where there is none.
	Decisions string
	// Password is the first administrator's, where this start created one.
	Email, Password string
}

// StartWayguard runs `wayguard run` with the arguments and waits until it serves.
func StartWayguard(ctx context.Context, args ...string) (*Wayguard, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	p, err := Start(ctx, binary, append([]string{"run"}, args...)...)
	if err != nil {
		return nil, err
	}
	return ready(p)
}

func ready(p *Process) (*Wayguard, error) {
	match, err := p.WaitFor(`msg=serving hub=(\S+) .*proxy=(\S+)`, startLimit)
	if err != nil {
		p.Kill()
		return nil, err
	}
	w := &Wayguard{Process: p, Hub: match[1], Proxy: "http://" + strings.Replace(match[2], "[::]", "127.0.0.1", 1)}
	if _, err := p.WaitFor(`msg="hub open"`, startLimit); err != nil {
		p.Kill()
		return nil, err
	}
	if match, err := p.WaitFor(`email\s+(\S+)\s+password\s+(\S+)`, 10*time.Millisecond); err == nil {
		w.Email, w.Password = match[1], match[2]
	}
	if match, err := p.WaitFor(`decisions=(http\S+)`, 10*time.Millisecond); err == nil {
		if _, err := p.WaitFor(`msg="decision API open"`, startLimit); err != nil {
			p.Kill()
			return nil, err
		}
		w.Decisions = match[1]
	}
	return w, nil
}

// Analyst is somebody logged in to the Hub.
type Analyst struct {
	hub    string
	client *http.Client
}

// LogIn logs in to the Hub.
func LogIn(ctx context.Context, hub, email, password string) (*Analyst, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	a := &Analyst{hub: hub, client: &http.Client{Jar: jar}}
	return a, a.post(ctx, "/api/v1/login", map[string]string{"email": email, "password": password}, nil)
}

func (a *Analyst) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.hub+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	return a.do(request, into)
}

func (a *Analyst) get(ctx context.Context, path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.hub+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	return a.do(request, into)
}

func (a *Analyst) do(request *http.Request, into any) error {
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s answers %d: %s", request.Method, request.URL.Path, response.StatusCode, body)
	}
	switch into := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = body
		return nil
	}
	return json.Unmarshal(body, into)
}

// Search asks for sessions of the last hours.
func (a *Analyst) Search(ctx context.Context, q search.Query) (search.Page, error) {
	q.Environment = event.DefaultEnvironment
	if q.To.IsZero() {
		q.From, q.To = time.Now().Add(-24*time.Hour), time.Now().Add(time.Hour)
	}
	if q.Limit == 0 {
		q.Limit = 500
	}
	var page search.Page
	err := a.post(ctx, "/api/v1/sessions/search", q, &page)
	return page, err
}

// Story asks for one session.
func (a *Analyst) Story(ctx context.Context, id event.ID) (search.Story, error) {
	var story search.Story
	err := a.get(ctx, "/api/v1/sessions/"+string(id), url.Values{"environment": {string(event.DefaultEnvironment)}}, &story)
	return story, err
}

// Totals asks for the counts of a day.
func (a *Analyst) Totals(ctx context.Context) (search.Totals, error) {
	var totals search.Totals
	err := a.get(ctx, "/api/v1/totals", url.Values{"environment": {string(event.DefaultEnvironment)},
		"from": {time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}, &totals)
	return totals, err
}

// CSV downloads all sessions of a day.
func (a *Analyst) CSV(ctx context.Context) ([]byte, error) {
	query, err := json.Marshal(search.Query{Environment: event.DefaultEnvironment, From: time.Now().Add(-24 * time.Hour), To: time.Now().Add(time.Hour), Limit: 1000})
	if err != nil {
		return nil, err
	}
	var body []byte
	err = a.get(ctx, "/api/v1/sessions.csv", url.Values{"query": {string(query)}}, &body)
	return body, err
}

// liveRecord is what the Hub tells of a durable record.
type liveRecord struct {
	Event   event.ID  `json:"event_id"`
	Session event.ID  `json:"session_id"`
	Time    time.Time `json:"time"`
}

// Live follows the durable records until ctx or the connection ends.
func (a *Analyst) Live(ctx context.Context, see func(liveRecord)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.hub+"/api/v1/live?environment="+string(event.DefaultEnvironment), nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("live view answers %d", response.StatusCode)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var batch struct {
			Records []liveRecord `json:"records"`
		}
		if err := json.Unmarshal([]byte(data), &batch); err != nil {
			return fmt.Errorf("live view: %w", err)
		}
		for _, r := range batch.Records {
			see(r)
		}
	}
	return lines.Err()
}

// until polls until the condition holds.
func until(limit time.Duration, holds func() (bool, error)) (time.Duration, error) {
	started := time.Now()
	var last error
	for time.Since(started) < limit {
		ok, err := holds()
		if ok && err == nil {
			return time.Since(started), nil
		}
		last = err
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(started), fmt.Errorf("not within %s (last error: %w)", limit, last)
}

// Mitigation asks how mitigation stands.
func (a *Analyst) Mitigation(ctx context.Context) (hub.MitigationStatus, error) {
	var status hub.MitigationStatus
	err := a.get(ctx, "/api/v1/mitigation", url.Values{"environment": {string(event.DefaultEnvironment)}}, &status)
	return status, err
}

// Payments asks the API of payment decisions through the Hub: path is what follows /api/, such as "admin/rulesets". A nil body is sent as
// none, a nil into leaves the answer.
func (a *Analyst) Payments(ctx context.Context, method, path string, query url.Values, body, into any) error {
	if query == nil {
		query = url.Values{}
	}
	query.Set("environment", string(event.DefaultEnvironment))
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(text)
	} else if method != http.MethodGet {
		reader = strings.NewReader("{}")
	}
	request, err := http.NewRequestWithContext(ctx, method, a.hub+"/api/v1/payments/"+path+"?"+query.Encode(), reader)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	return a.do(request, into)
}

// Undo lets those through whom a policy has dealt with since a time, and says how many they are.
func (a *Analyst) Undo(ctx context.Context, policy string, since time.Time, reason string) (affected int, err error) {
	var undone struct {
		Affected int `json:"affected"`
	}
	err = a.post(ctx, "/api/v1/mitigation/undo", map[string]any{"environment": event.DefaultEnvironment, "policy": policy,
		"since": since.UTC(), "reason": reason}, &undone)
	return undone.Affected, err
}

// AccountsToWarn are the accounts that were tried by visitors who got feigned or decoy answers within a day.
func (a *Analyst) AccountsToWarn(ctx context.Context) (rows [][]string, err error) {
	var text []byte
	err = a.get(ctx, "/api/v1/mitigation/accounts.csv", url.Values{"environment": {string(event.DefaultEnvironment)},
		"from": {time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)}, "to": {time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}, &text)
	if err != nil {
		return nil, err
	}
	rows, err = csv.NewReader(bytes.NewReader(text)).ReadAll()
	return rows[min(1, len(rows)):], err
}
