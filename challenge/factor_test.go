package challenge_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"wayguard/challenge"
	"wayguard/policy"
)

const factorSecret = "0123456789abcdef"

func factorSet(t testing.TB) *challenge.Set {
	return newSet(t, policy.MitigationConfig{SecondFactor: policy.SecondFactorConfig{URL: "https://id.example/confirm?r={return}&s={state}", Secret: factorSecret}}, nil)
}

// confirmed is what the application's side does: it reads where to go back to, and signs.
func confirmed(t testing.TB, location, secret, result string, expires int64) string {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	state := u.Query().Get("s")
	return u.Query().Get("r") + "&state=" + state + "&result=" + result + "&expires=" + strconv.FormatInt(expires, 10) +
		"&signature=" + challenge.SignReturn(secret, state, result, expires)
}

func (b *browser) follow(address string) challenge.Page {
	return b.serve(b.navigate("GET", strings.TrimPrefix(address, b.scheme+"://"+b.host)))
}

func TestSecondFactor(t *testing.T) {
	b := newBrowser(t, factorSet(t))
	p := b.offer(ask("second_factor"), b.navigate("GET", "/transfer?to=7"))
	to := headerOf(p, "Location")
	if p.Status != 303 || !strings.HasPrefix(to, "https://id.example/confirm?r=https%3A%2F%2Fshop.example%2F.well-known%2Fvisit%2Freturn%3F") {
		t.Fatalf("%d to %q", p.Status, to)
	}
	back := confirmed(t, to, factorSecret, "passed", b.now.Unix()+60)
	if p = b.follow(back); p.Status != 303 || headerOf(p, "Location") != "/transfer?to=7" || b.held("/") != "second_factor" {
		t.Fatalf("%d %v, %+v", p.Status, p.Header, b.last())
	}
	if b.last().Result != challenge.Passed {
		t.Errorf("%+v", b.last())
	}
	b.jar = map[string]string{}
	if b.follow(back); b.held("/") != "" || b.last().Detail != "used before" {
		t.Errorf("replayed: %+v, held %q", b.last(), b.held("/"))
	}
}

func TestSecondFactorRefusals(t *testing.T) {
	at := start().Unix()
	for name, c := range map[string]struct {
		detail string
		back   func(t testing.TB, b *browser, to string) string
	}{
		"other secret": {"bad signature", func(t testing.TB, _ *browser, to string) string {
			return confirmed(t, to, "another secret..", "passed", at+60)
		}},
		"no signature": {"bad signature", func(t testing.TB, _ *browser, to string) string {
			back, _, _ := strings.Cut(confirmed(t, to, factorSecret, "passed", at+60), "&signature")
			return back
		}},
		"other result": {"bad signature", func(t testing.TB, _ *browser, to string) string {
			return strings.Replace(confirmed(t, to, factorSecret, "failed", at+60), "result=failed", "result=passed", 1)
		}},
		"other end": {"bad signature", func(t testing.TB, _ *browser, to string) string {
			return strings.Replace(confirmed(t, to, factorSecret, "passed", at+60), "expires=", "expires=1", 1)
		}},
		"other state": {"bad signature", func(t testing.TB, b *browser, to string) string {
			other := headerOf(b.offer(ask("second_factor"), b.navigate("GET", "/")), "Location")
			_, signed, _ := strings.Cut(confirmed(t, other, factorSecret, "passed", at+60), "&state")
			back, _, _ := strings.Cut(confirmed(t, to, factorSecret, "passed", at+60), "&state")
			return back + "&state" + signed
		}},
		"ended": {"expired", func(t testing.TB, _ *browser, to string) string {
			return confirmed(t, to, factorSecret, "passed", at-1)
		}},
		"for too long": {"expired", func(t testing.TB, _ *browser, to string) string {
			return confirmed(t, to, factorSecret, "passed", at+7200)
		}},
		"said no": {"not confirmed", func(t testing.TB, _ *browser, to string) string {
			return confirmed(t, to, factorSecret, "failed", at+60)
		}},
		"ticket ended": {"expired", func(t testing.TB, b *browser, to string) string {
			b.now = b.now.Add(20 * time.Minute)
			return confirmed(t, to, factorSecret, "passed", b.now.Unix()+60)
		}},
		"other browser": {"no valid ticket", func(t testing.TB, b *browser, to string) string {
			b.agent = firefox
			return confirmed(t, to, factorSecret, "passed", at+60)
		}},
	} {
		b := newBrowser(t, factorSet(t))
		back := c.back(t, b, headerOf(b.offer(ask("second_factor"), b.navigate("GET", "/transfer")), "Location"))
		if p := b.follow(back); p.Status != 403 || b.last().Result != challenge.Refused || b.last().Detail != c.detail || b.held("/") != "" {
			t.Errorf("%s: %d, %+v", name, p.Status, b.last())
		}
	}
}

// A form waits in its own tab while the visitor confirms in another.
func TestSecondFactorForForms(t *testing.T) {
	b := newBrowser(t, factorSet(t))
	p := b.offer(ask("second_factor"), b.form("/transfer", "to=7&amount=100"))
	to := match(p, `class="button" href="([^"]*)" target="_blank"`)
	form := encode(solve(t, p))
	early := b.form("/transfer", form)
	if r, ok := b.set.Resume(early, early.Body.Bytes, b.now); !ok || r.Outcome.Result != challenge.Refused || string(r.Body) != "to=7&amount=100" {
		t.Errorf("before it was confirmed: %v %+v", ok, r.Outcome)
	}
	if p = b.follow(confirmed(t, to, factorSecret, "passed", b.now.Unix()+60)); p.Status != 200 || b.held("/") != "second_factor" {
		t.Fatalf("%d, %+v", p.Status, b.last())
	}
	head := b.form("/transfer", form)
	if r, ok := b.set.Resume(head, head.Body.Bytes, b.now); !ok || string(r.Body) != "to=7&amount=100" || !b.set.Held(head, b.now).Enough("second_factor") {
		t.Errorf("%v %+v", ok, r)
	}
}
