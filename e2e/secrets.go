//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wayguard/search"
)

// The secrets that are sent everywhere and must be found nowhere. The card number is the well-known test card.
const (
	secretCard     = "4111111111111111"
	secretSSN      = "078-05-1120"
	secretPassword = "Tr0ub4dor-and-3-horses"
)

// secretsConfig takes the three secrets from every place a spec can name.
const secretsConfig = `
proxy:
  listen: [{address: "127.0.0.1:0"}]
  origin: {url: "%s"}
hub: {listen: "127.0.0.1:0"}
data: data
sessions: {tokens: [{cookie: sid}]}
specs:
  - name: path
    event: Path
    type: session_update
    match: {method: GET, path: "/path/{card}/{ssn}/{password}"}
    take: {payment_from: {path: card}, ssn: {path: ssn}, password: {path: password}, search_term: {path: card}}
  - name: query
    event: Query
    type: session_update
    match: {method: GET, path: /query}
    take: {payment_from: {query: card}, ssn: {query: ssn}, password: {query: password}, search_term: {query: card}, referer: {header: referer}}
  - name: header
    event: Header and Cookie
    type: session_update
    match: {method: GET, path: /header}
    take: {payment_from: [{header: x-card}, {cookie: card}], ssn: {header: x-ssn}, password: {header: x-password}, search_term: {cookie: card}}
  - name: json
    event: JSON
    type: transaction
    inline: true
    match: {method: POST, path: /json}
    take: {payment_from: {json: $.card}, ssn: {json: $.ssn}, password: {json: $.password}, search_term: {json: $.note}}
    take_response: {search_term: {json: $.echo}}
  - name: form
    event: Form
    type: authentication_attempt
    inline: true
    match: {method: POST, path: /form}
    take: {payment_from: {form: card}, ssn: {form: ssn}, password: {form: password}, search_term: {form: note}}
  - name: multipart
    event: Multipart
    type: session_update
    match: {method: POST, path: /multipart}
    take: {payment_from: {multipart: card}, ssn: {multipart: ssn}, password: {multipart: password}, search_term: {multipart: note}}
`

// CheckSecrets sends a card number, an SSN and a password through every part of a request and looks for them in
// everything that Wayguard wrote, printed and shows.
func CheckSecrets(ctx context.Context) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "wayguard-secrets-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"echo": "card %s of %s"}`, secretCard, secretSSN)
	}))
	defer origin.Close()
	file := filepath.Join(dir, "wayguard.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, secretsConfig, origin.URL), 0o600); err != nil {
		return nil, err
	}
	w, err := StartWayguard(ctx, "--config", file)
	if err != nil {
		return nil, err
	}
	defer w.Kill()
	sent, err := sendSecrets(ctx, w.Proxy)
	if err != nil {
		return nil, err
	}
	shown, events, err := shownByHub(ctx, w, sent)
	if err != nil {
		return nil, err
	}
	if err := w.Stop(15 * time.Second); err != nil {
		return nil, err
	}
	files, kept, err := keptOnDisk(ctx, dir, file)
	if err != nil {
		return nil, err
	}
	return []Figure{
		Count("secrets sent: requests answered (path, query, JSON, ...)", sent, 8),
		Count("  events recorded of them", events, sent),
		AtLeast("  files searched on disk", files, 5),
		Count("  secrets in clear on disk and in the exported log", kept, 0),
		Count("  secrets in clear in the Hub's answers", findSecrets(shown), 0),
		Count("  secrets in clear in what the program printed", findSecrets([]byte(w.Printed())), 0),
	}, nil
}

// sendSecrets says how many requests the origin answered.
func sendSecrets(ctx context.Context, base string) (int, error) {
	values := url.Values{"card": {secretCard}, "ssn": {secretSSN}, "password": {secretPassword}, "note": {"my card is 4111 1111 1111 1111"}}
	text := fmt.Sprintf(`{"card":%q,"ssn":%q,"password":%q,"note":"pay with %s please"}`, secretCard, secretSSN, secretPassword, secretCard)
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, _ = zip.Write([]byte(text))
	if err := zip.Close(); err != nil {
		return 0, err
	}
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	for name := range values {
		if err := form.WriteField(name, values.Get(name)); err != nil {
			return 0, err
		}
	}
	if err := form.Close(); err != nil {
		return 0, err
	}
	requests := []struct {
		method, path, body string
		header             map[string]string
	}{
		{"GET", "/path/" + secretCard + "/" + secretSSN + "/" + secretPassword, "", nil},
		{"GET", "/query?" + values.Encode(), "", map[string]string{"Referer": "https://shop.example/pay?card=" + secretCard}},
		{"GET", "/header", "", map[string]string{"X-Card": secretCard, "X-Ssn": secretSSN, "X-Password": secretPassword}},
		{"GET", "/header", "", map[string]string{"Cookie": "sid=" + secretPassword + "; card=" + secretCard, "User-Agent": "Pay/" + secretCard}},
		{"POST", "/json", text, map[string]string{"Content-Type": "application/json"}},
		{"POST", "/json", zipped.String(), map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"}},
		{"POST", "/form", values.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{"POST", "/multipart", parts.String(), map[string]string{"Content-Type": form.FormDataContentType()}},
	}
	answered := 0
	for _, r := range requests {
		request, err := http.NewRequestWithContext(ctx, r.method, base+r.path, strings.NewReader(r.body))
		if err != nil {
			return 0, err
		}
		for name, value := range r.header {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			answered++
		}
	}
	return answered, nil
}

// shownByHub is everything the Hub shows of the sessions, and the number of events.
func shownByHub(ctx context.Context, w *Wayguard, want int) ([]byte, int, error) {
	analyst, err := LogIn(ctx, w.Hub, w.Email, w.Password)
	if err != nil {
		return nil, 0, err
	}
	_, err = until(10*time.Second, func() (bool, error) {
		totals, err := analyst.Totals(ctx)
		return int(totals.Events) >= want, err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("events of the secrets: %w", err)
	}
	page, err := analyst.Search(ctx, search.Query{})
	if err != nil {
		return nil, 0, err
	}
	shown, events := []byte(fmt.Sprintf("%+v", page)), 0
	for _, s := range page.Sessions {
		story, err := analyst.Story(ctx, s.ID)
		if err != nil {
			return nil, 0, err
		}
		events += len(story.Events)
		shown = fmt.Appendf(shown, "%+v", story)
	}
	csv, err := analyst.CSV(ctx)
	return append(shown, csv...), events, err
}

// keptOnDisk searches every file of the directory but the configuration, and the log as it is exported: the warehouse
// keeps its columns compressed, where a search of the bytes would prove nothing.
func keptOnDisk(ctx context.Context, dir, except string) (files, found int, err error) {
	left, err := InFiles(dir, func(text []byte, _ string) { found += findSecrets(text) }, except)
	if err != nil {
		return 0, 0, err
	}
	exported, err := Exported(ctx, filepath.Join(dir, "data"))
	return left.Files, found + findSecrets(exported), err
}

// findSecrets counts the secrets in a text, in the spellings they may take.
func findSecrets(text []byte) int {
	found := 0
	for _, secret := range []string{secretCard, "4111 1111 1111 1111", "4111-1111-1111-1111", secretSSN, strings.ReplaceAll(secretSSN, "-", ""), secretPassword} {
		found += bytes.Count(text, []byte(secret))
	}
	return found
}
