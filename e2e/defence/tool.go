//go:build e2e

package defence

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"wayguard/e2e"
)

// The attack: a list of pairs, some of which are right, tried by a tool.
const (
	pairs      = 5000
	rightPairs = 10
)

// stuffing is the policy of the check: once a visitor is Malicious, his device reads that the password is wrong, whatever it is.
const stuffing = `
proxy: {trusted_proxies: [127.0.0.0/8, "::1/128"], inline: {budget: 200ms}}
specs:
  - name: pages
    event: Page View
    type: session_update
    match: {method: GET, path: "/{path...}", header: {accept: "*text/html*"}}
  - name: wordpress-login
    event: Login through Form
    type: authentication_attempt
    inline: true
    match: {method: POST, path: /wp-login.php}
    take:
      username: {form: log, transform: [trim, lowercase]}
      password: {form: pwd}
    outcome:
      - {result: success, when: {status: 3xx, cookie: "wordpress_logged_in_*"}}
      - {result: failure, when: {status: ["200", 4xx]}}
actions:
  - {name: wrong-password, kind: feign, as: failure}
policies:
  - name: credential-stuffing
    when: {rating: malicious}
    specs: [wordpress-login]
    scope: device
    for: 1h
    steps: [{action: wrong-password}]
`

// watchedOrigin is an application with a counter in front of it: what reaches it is known without asking Wayguard.
type watchedOrigin struct {
	*httptest.Server
	mu     sync.Mutex
	logins []attempt
}

type attempt struct {
	at             time.Time
	user, password string
	tool           bool
}

func watch(address string) (*watchedOrigin, error) {
	target, err := url.Parse("http://" + address)
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	w := &watchedOrigin{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/wp-login.php" {
			w.note(r)
		}
		proxy.ServeHTTP(rw, r)
	}))
	return w, nil
}

func (w *watchedOrigin) note(r *http.Request) {
	body, err := readAgain(r)
	if err != nil {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logins = append(w.logins, attempt{time.Now(), form.Get("log"), form.Get("pwd"), strings.Contains(r.UserAgent(), "Hydra")})
}

func (w *watchedOrigin) attempts() []attempt {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]attempt(nil), w.logins...)
}

// CheckTool has hydra try a list of pairs against WordPress's login, while a person is logged in from the same address.
func CheckTool(ctx context.Context) ([]e2e.Figure, error) {
	wp, err := e2e.StartWordPress(ctx)
	if err != nil {
		return nil, err
	}
	defer wp.Close()
	if err := wp.PHP(ctx, newUsers()); err != nil {
		return nil, err
	}
	origin, err := watch(wp.Address)
	if err != nil {
		return nil, err
	}
	defer origin.Close()
	i, err := start(ctx, origin.URL, stuffing)
	if err != nil {
		return nil, err
	}
	defer i.close()
	list := filepath.Join(i.dir, "pairs")
	if err := os.WriteFile(list, []byte(pairList()), 0o600); err != nil {
		return nil, err
	}

	if err := ordinaryDay(ctx, i.Proxy); err != nil {
		return nil, err
	}

	var person bystander
	var personErr error
	done := make(chan struct{})
	stay, leave := context.WithCancel(ctx)
	defer leave()
	go func() {
		defer close(done)
		personErr = person.visit(stay, i.Proxy)
	}()
	if err := person.arrived(ctx); err != nil {
		return nil, err
	}
	said, took, err := hydra(ctx, i.Proxy, list)
	leave()
	<-done
	if err = errors.Join(err, personErr); err != nil {
		return nil, err
	}
	return i.toolFigures(ctx, origin.attempts(), said, took, &person)
}

// ordinary is how many people mistype on the day before the attack.
const ordinary = 30

// ordinaryDay is what any site has seen before it is attacked: people who mistype, from here and there. From that the refusals are
// learned.
func ordinaryDay(ctx context.Context, proxy string) error {
	for n := range ordinary {
		c, err := newCustomer(proxy, fmt.Sprintf("203.0.%d.%d", 1+n%7, 10+n), map[string]string{
			"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
			"Accept":     "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language": "en-US,en;q=0.5"})
		if err != nil {
			return err
		}
		if _, _, err := c.ask(ctx, "/wp-login.php", nil); err != nil {
			return err
		}
		form := url.Values{"log": {fmt.Sprintf("somebody%d", n)}, "pwd": {"mistyped"}, "wp-submit": {"Log In"}, "testcookie": {"1"}}
		if _, page, err := c.ask(ctx, "/wp-login.php", form); err != nil || !strings.Contains(page, "login_error") {
			return fmt.Errorf("an ordinary mistake was answered otherwise: %w: %.300s", err, page)
		}
	}
	return nil
}

// newUsers is a script that makes the accounts whose passwords are in the list.
func newUsers() string {
	var script strings.Builder
	script.WriteString("<?php\n$_SERVER['HTTP_HOST'] = 'shop.example'; $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1'; $_SERVER['REQUEST_METHOD'] = 'GET';\nrequire 'site/wp-load.php';\n")
	for n := range rightPairs {
		fmt.Fprintf(&script, "wp_create_user('customer%d', 'right-password-%d', 'customer%d@shop.example');\n", n, n, n)
	}
	return script.String()
}

// pairList spreads the right pairs over the whole list, none among the first, before anybody can be recognised.
func pairList() string {
	var list strings.Builder
	for n := range pairs {
		if n%(pairs/rightPairs) == pairs/rightPairs-1 {
			k := n / (pairs / rightPairs)
			fmt.Fprintf(&list, "customer%d:right-password-%d\n", k, k)
			continue
		}
		fmt.Fprintf(&list, "leaked%d:password%d\n", n, n)
	}
	return list.String()
}

// hydra runs the tool and gives what it printed.
func hydra(ctx context.Context, proxy, list string) (said string, took time.Duration, err error) {
	at, err := url.Parse(proxy)
	if err != nil {
		return "", 0, err
	}
	begun := time.Now()
	// The command line ends after the list, so hydra stops neither at the first valid pair nor at errors of single tries.
	command := exec.CommandContext(ctx, "hydra", "-I", "-t", "16", "-C", list, "-s", at.Port(), at.Hostname(), "http-post-form",
		"/wp-login.php:log=^USER^&pwd=^PASS^&wp-submit=Log+In&testcookie=1:F=login_error")
	command.Dir = filepath.Dir(list)
	text, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", 0, fmt.Errorf("hydra (Debian's package hydra): %w\n%s", err, text)
	}
	if !strings.Contains(string(text), "finished at") {
		return "", 0, fmt.Errorf("hydra did not try the whole list:\n%s", text)
	}
	return string(text), time.Since(begun), nil
}

var validPair = regexp.MustCompile(`login: (\S+)\s+password: (\S+)`)

func (i *instance) toolFigures(ctx context.Context, attempts []attempt, said string, took time.Duration, person *bystander) ([]e2e.Figure, error) {
	reached, right := 0, 0
	for _, a := range attempts {
		if !a.tool {
			continue
		}
		reached++
		if strings.HasPrefix(a.user, "customer") {
			right++
		}
	}
	warned, err := i.warned(ctx, pairs-reached)
	if err != nil {
		return nil, err
	}
	listed := 0
	for n := range rightPairs {
		if warned[fmt.Sprintf("customer%d", n)] {
			listed++
		}
	}
	valid := validPair.FindAllString(said, -1)
	return []e2e.Figure{
		e2e.Holds(fmt.Sprintf("hydra tries %d pairs in %s: of them reached WordPress", pairs, took.Round(time.Second)), fmt.Sprint(reached), reached > 0 && reached <= pairs/50, "some before recognition, 2 % at most"),
		e2e.Count("  right pairs that reached WordPress", right, 0),
		e2e.Count("  pairs that hydra reports valid", len(valid), 0),
		e2e.Count("  accounts with a right password that the Hub lists to warn", listed, rightPairs),
		e2e.AtLeast("  accounts listed to warn in all", len(warned), pairs*9/10),
		e2e.AtLeast("a person at the same address, signed in: pages seen meanwhile", person.Pages, 10),
		e2e.Count("  of them disturbed", len(person.Bad), 0),
		e2e.AtLeast("  new sign-ins of his that succeeded", person.SignIns, 2),
		e2e.Count("  sign-ins that failed", person.Failed, 0),
	}, nil
}

// warned are the accounts that the Hub lists to warn, once it lists at least so many or a while has passed.
func (i *instance) warned(ctx context.Context, atLeast int) (map[string]bool, error) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		rows, err := i.analyst.AccountsToWarn(ctx)
		if err != nil {
			return nil, err
		}
		if len(rows) < atLeast && time.Now().Before(deadline) {
			continue
		}
		names := map[string]bool{}
		for _, row := range rows {
			names[row[1]] = true
		}
		return names, nil
	}
}
