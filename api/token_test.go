package api_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"wayguard/api"
)

// form is a right question for a token.
func form(change ...string) url.Values {
	v := url.Values{"grant_type": {"client_credentials"}, "scope": {"decisions:read"}, "audience": {"wayguard"}}
	for i := 0; i+1 < len(change); i += 2 {
		if v.Del(change[i]); change[i+1] != "" {
			v[change[i]] = strings.Split(change[i+1], "|")
		}
	}
	return v
}

func TestGrant(t *testing.T) {
	h := build(t, nil)
	id, secret := h.client("decisions:read", "events:read")
	off, offSecret := h.client("decisions:read")
	h.want(200, h.token("admin:clients:write"), "PATCH", "/api/admin/clients/"+off, tree{"disabled": true})
	for _, one := range []struct {
		name, id, secret string
		form             url.Values
		status           int
		word             string
	}{
		{"right", id, secret, form(), 200, ""},
		{"two scopes, given twice", id, secret, form("scope", "events:read decisions:read  events:read"), 200, ""},
		{"another audience as well", id, secret, form("audience", "link-1 wayguard"), 200, ""},
		{"wrong secret", id, secret + "x", form(), 401, "invalid_client"},
		{"long secret", id, strings.Repeat("x", 10_000), form(), 401, "invalid_client"},
		{"unknown client", "cli_nobody", secret, form(), 401, "invalid_client"},
		{"no client", "", "", form(), 401, "invalid_client"},
		{"disabled client", off, offSecret, form(), 401, "invalid_client"},
		{"scope not granted", id, secret, form("scope", "decisions:read admin:keys:write"), 400, "invalid_scope"},
		{"no scope", id, secret, form("scope", ""), 400, "invalid_scope"},
		{"no audience", id, secret, form("audience", ""), 400, "invalid_request"},
		{"other audience", id, secret, form("audience", "link-1"), 400, "invalid_target"},
		{"other grant", id, secret, form("grant_type", "password"), 400, "unsupported_grant_type"},
		{"no grant", id, secret, form("grant_type", ""), 400, "invalid_request"},
		{"twice", id, secret, form("scope", "decisions:read|events:read"), 400, "invalid_request"},
		{"too long", id, secret, form("scope", strings.Repeat("x ", 8000)), 400, "invalid_request"},
	} {
		t.Run(one.name, func(t *testing.T) {
			status, header, body := h.grant(one.id, one.secret, one.form)
			answer := parse(t, body)
			word, _ := answer["error"].(string)
			if status != one.status || word != one.word {
				t.Fatalf("%d %s", status, body)
			}
			if header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be stored")
			}
			switch status {
			case 200:
				if answer["token_type"] != "bearer" || answer["expires_in"] != 1800.0 {
					t.Errorf("answer: %s", body)
				}
				h.want(200, answer["access_token"].(string), "GET", "/api/decisions", nil)
			case 401:
				if !strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic") || strings.Contains(string(body), secret) {
					t.Errorf("answer: %v %s", header, body)
				}
			}
		})
	}
	h.noSecrets(secret, offSecret)
}

// TestGuessingIsSlowedDown sees that wrong secrets of one client are soon not looked at any more, and that another one is not kept out.
func TestGuessingIsSlowedDown(t *testing.T) {
	h := build(t, nil)
	id, secret := h.client("decisions:read")
	other, otherSecret := h.client("decisions:read")
	slowed := false
	for range 40 {
		status, header, _ := h.grant(id, "wrong", form())
		if status == http.StatusTooManyRequests {
			slowed = header.Get("Retry-After") != ""
			break
		}
	}
	if !slowed {
		t.Error("guessing goes on for ever")
	}
	if status, _, body := h.grant(other, otherSecret, form()); status != 200 {
		t.Errorf("another client is kept out: %d %s", status, body)
	}
	h.clock.forward(time.Minute)
	if status, _, body := h.grant(id, secret, form()); status != 200 {
		t.Errorf("the client stays out: %d %s", status, body)
	}
}

// TestFloodOfSecretsIsBounded sees that made-up clients are turned away at once when too many ask, and that a real one still gets in.
func TestFloodOfSecretsIsBounded(t *testing.T) {
	h := build(t, nil)
	id, secret := h.client("decisions:read")
	var wait sync.WaitGroup
	var busy, refused atomic.Int64
	for i := range 150 {
		wait.Go(func() {
			switch status, _, _ := h.grant("cli_made_up_"+string(rune('a'+i%26))+time.Now().String()[20:29], "x", form()); status {
			case http.StatusServiceUnavailable:
				busy.Add(1)
			case http.StatusUnauthorized:
				refused.Add(1)
			}
		})
	}
	if status, _, body := h.grant(id, secret, form()); status != 200 {
		t.Errorf("a real client is kept out: %d %s", status, body)
	}
	wait.Wait()
	if busy.Load()+refused.Load() != 150 || busy.Load() == 0 {
		t.Errorf("busy %d, refused %d", busy.Load(), refused.Load())
	}
}

// ownClaims are a right token's.
func ownClaims(subject string, now time.Time, change func(tree)) tree {
	c := tree{"iss": "wayguard", "aud": "wayguard", "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "scope": "decisions:read"}
	if change != nil {
		change(c)
	}
	return c
}

func mint(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, c tree) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	if id != "" {
		options = options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestOwnTokens(t *testing.T) {
	h := build(t, nil)
	subject, _ := h.client("decisions:read", "events:read")
	id, secret := api.Signing(h.keys)
	now := time.Now()
	set := func(name string, value any) func(tree) { return func(c tree) { c[name] = value } }
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+id+`"}`)) + "."
	body, _ := json.Marshal(ownClaims(subject, now, nil))
	unsigned += base64.RawURLEncoding.EncodeToString(body) + "."
	long := mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("pad", strings.Repeat("x", 9000))))
	for _, one := range []struct {
		name, token string
		status      int
	}{
		{"right", mint(t, jose.HS256, secret, id, ownClaims(subject, now, nil)), 200},
		{"audience as a list", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("aud", []string{"other", "wayguard"}))), 200},
		{"scopes as a list", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("scope", []string{"decisions:read"}))), 200},
		{"expired within the leeway", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("exp", now.Unix()-20))), 200},
		{"from the future within the leeway", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("nbf", now.Unix()+20))), 200},
		{"expired", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("exp", now.Unix()-40))), 401},
		{"not yet", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("nbf", now.Unix()+40))), 401},
		{"made in the future", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("iat", now.Unix()+40))), 401},
		{"without an end", mint(t, jose.HS256, secret, id, ownClaims(subject, now, func(c tree) { delete(c, "exp") })), 401},
		{"of nobody", mint(t, jose.HS256, secret, id, ownClaims("", now, nil)), 401},
		{"of an unknown client", mint(t, jose.HS256, secret, id, ownClaims("cli_x", now, nil)), 401},
		{"for another instance", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("aud", "other"))), 401},
		{"without an audience", mint(t, jose.HS256, secret, id, ownClaims(subject, now, func(c tree) { delete(c, "aud") })), 401},
		{"of another issuer", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("iss", "other"))), 401},
		{"of another key", mint(t, jose.HS256, []byte(strings.Repeat("k", 32)), id, ownClaims(subject, now, nil)), 401},
		{"of an unknown key", mint(t, jose.HS256, secret, "0000", ownClaims(subject, now, nil)), 401},
		{"without a key id", mint(t, jose.HS256, secret, "", ownClaims(subject, now, nil)), 401},
		{"of another length", mint(t, jose.HS512, append(append([]byte{}, secret...), secret...), id, ownClaims(subject, now, nil)), 401},
		{"not signed", unsigned, 401},
		{"too long", long, 401},
		{"broken", "a.b.c", 401},
		{"a scope that was not granted", mint(t, jose.HS256, secret, id, ownClaims(subject, now, set("scope", "admin:keys:write"))), 403},
	} {
		if status, _, answer := h.call(one.token, "GET", "/api/decisions", nil); status != one.status {
			t.Errorf("%s: %d %s", one.name, status, answer)
		}
	}
}

// TestTokensEnd sees that a token that is remembered ends with its time, its client or its scopes.
func TestTokensEnd(t *testing.T) {
	h := build(t, nil)
	admin := h.token(all()...)
	id, secret := h.client("decisions:read", "events:read")
	ask := func() string {
		_, _, body := h.grant(id, secret, form())
		return parse(t, body)["access_token"].(string)
	}
	token := ask()
	h.want(200, token, "GET", "/api/decisions", nil)
	h.want(200, admin, "PATCH", "/api/admin/clients/"+id, tree{"scopes": []string{"events:read"}})
	h.want(403, token, "GET", "/api/decisions", nil)
	h.want(200, admin, "PATCH", "/api/admin/clients/"+id, tree{"scopes": []string{"decisions:read"}, "disabled": true})
	h.want(401, token, "GET", "/api/decisions", nil)
	h.want(200, admin, "PATCH", "/api/admin/clients/"+id, tree{"disabled": false})
	h.want(200, token, "GET", "/api/decisions", nil)
	if _, err := h.service.UpdateClient(t.Context(), id, disable, "elsewhere"); err != nil {
		t.Fatal(err)
	}
	h.clock.forward(61 * time.Second)
	h.want(401, token, "GET", "/api/decisions", nil)
	h.clock.forward(30 * time.Minute)
	h.want(401, admin, "GET", "/api/decisions", nil)
}

// TestRotation sees that a rotated key still checks what it signed, until its last tokens have run out.
func TestRotation(t *testing.T) {
	h := build(t, nil)
	id, _ := h.client("decisions:read")
	old, oldSecret := api.Signing(h.keys)
	admin := h.token(all()...)
	h.want(200, admin, "POST", "/api/admin/keys/rotate", nil)
	if now, _ := api.Signing(h.keys); now == old {
		t.Fatal("the key was not rotated")
	}
	h.want(200, mint(t, jose.HS256, oldSecret, old, ownClaims(id, time.Now(), nil)), "GET", "/api/decisions", nil)
	h.clock.forward(33 * time.Minute)
	api.Tend(t.Context(), h.api)
	h.want(401, mint(t, jose.HS256, oldSecret, old, ownClaims(id, h.clock.now(), nil)), "GET", "/api/decisions", nil)
	keys := len(h.keys.Infos())
	h.clock.forward(91 * 24 * time.Hour)
	api.Tend(t.Context(), h.api)
	if len(h.keys.Infos()) != keys+1 {
		t.Errorf("the key was not rotated by its age: %v", h.keys.Infos())
	}
}

// issuer serves a key set.
type issuer struct {
	*httptest.Server
	mu    sync.Mutex
	set   jose.JSONWebKeySet
	raw   string
	asked int
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.raw != "" {
			_, _ = w.Write([]byte(i.raw))
			return
		}
		_ = json.NewEncoder(w).Encode(i.set)
	}))
	t.Cleanup(i.Close)
	return i
}

func TestForeignTokens(t *testing.T) {
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	weakKey, _ := rsa.GenerateKey(rand.Reader, 1024)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	shared := []byte(strings.Repeat("s", 32))
	i := newIssuer(t)
	i.set = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: rsaKey.Public(), KeyID: "rsa", Use: "sig"}, {Key: weakKey.Public(), KeyID: "weak"}, {Key: ecKey.Public(), KeyID: "ec", Algorithm: "ES256"},
		{Key: edKey.Public(), KeyID: "ed"}, {Key: shared, KeyID: "oct", Algorithm: "HS256"}, {Key: rsaKey.Public(), KeyID: "enc", Use: "enc"}}}
	h := build(t, func(c *api.Config, _ *api.Deps) {
		c.JWKS = []api.IssuerConfig{{URL: i.URL, Issuer: "https://idp.example", Audience: "payments", Algorithms: []string{"RS256", "ES256"}}}
	})
	now := time.Now()
	c := func(change func(tree)) tree {
		return ownClaims("svc", now, func(c tree) {
			c["iss"], c["aud"] = "https://idp.example", "payments"
			if change != nil {
				change(c)
			}
		})
	}
	for _, one := range []struct {
		name, token string
		status      int
	}{
		{"RS256", mint(t, jose.RS256, rsaKey, "rsa", c(nil)), 200},
		{"RS256 without a key id", mint(t, jose.RS256, rsaKey, "", c(nil)), 200},
		{"ES256", mint(t, jose.ES256, ecKey, "ec", c(nil)), 200},
		{"scopes under scp", mint(t, jose.ES256, ecKey, "ec", c(func(c tree) { delete(c, "scope"); c["scp"] = []string{"decisions:read"} })), 200},
		{"an algorithm that was not allowed", mint(t, jose.EdDSA, edKey, "ed", c(nil)), 401},
		{"a key for encryption", mint(t, jose.RS256, rsaKey, "enc", c(nil)), 401},
		{"the key of another algorithm", mint(t, jose.ES256, ecKey, "rsa", c(nil)), 401},
		{"PS256", mint(t, jose.PS256, rsaKey, "rsa", c(nil)), 401},
		{"HS256 by a published secret", mint(t, jose.HS256, shared, "oct", c(nil)), 401},
		{"HS256 by a public key", mint(t, jose.HS256, rsaKey.PublicKey.N.Bytes(), "rsa", c(nil)), 401},
		{"an unknown key", mint(t, jose.ES256, ecKey, "new", c(nil)), 401},
		{"for somebody else", mint(t, jose.ES256, ecKey, "ec", c(func(c tree) { c["aud"] = "wayguard" })), 401},
		{"as one of our own", mint(t, jose.ES256, ecKey, "ec", c(func(c tree) { c["iss"] = "wayguard" })), 401},
		{"expired", mint(t, jose.ES256, ecKey, "ec", c(func(c tree) { c["exp"] = now.Unix() - 60 })), 401},
	} {
		if status, _, answer := h.call(one.token, "GET", "/api/decisions", nil); status != one.status {
			t.Errorf("%s: %d %s", one.name, status, answer)
		}
	}
	i.mu.Lock()
	if i.asked > 2 {
		t.Errorf("the issuer was asked %d times", i.asked)
	}
	newKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	i.set.Keys = append(i.set.Keys, jose.JSONWebKey{Key: newKey.Public(), KeyID: "new"})
	i.mu.Unlock()
	h.clock.forward(31 * time.Second)
	h.want(200, mint(t, jose.ES256, newKey, "new", c(nil)), "GET", "/api/decisions", nil)
	i.mu.Lock()
	i.raw = "<html>"
	i.mu.Unlock()
	h.clock.forward(11 * time.Minute)
	api.Tend(t.Context(), h.api)
	now = h.clock.now()
	h.want(200, mint(t, jose.ES256, newKey, "new", c(nil)), "GET", "/api/decisions", nil)
	if h.metric("key_set_failures") == 0 {
		t.Error("a failing key set is not counted")
	}
}

func TestKeysOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	flip := func(data []byte) ([]byte, error) {
		turned := make([]byte, len(data))
		for i, b := range data {
			turned[i] = b ^ 0x5a
		}
		return turned, nil
	}
	sealing := api.Sealing{Seal: flip, Open: flip}
	first, err := api.OpenKeys(path, sealing, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	second, err := api.OpenKeys(path, sealing, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a, _ := api.Signing(first)
	if b, _ := api.Signing(second); a != b {
		t.Error("another key was read than was written")
	}
	if _, err := api.OpenKeys(path, api.Sealing{}, time.Now()); err == nil {
		t.Error("a sealed file was read without opening it")
	} else if strings.Contains(err.Error(), "{") {
		t.Errorf("the error tells of the file: %v", err)
	}
	mode, data := api.FileOf(t, path)
	if mode != 0o600 || strings.Contains(string(data), "secret") {
		t.Errorf("mode %o", mode)
	}
	for range 40 {
		if err := first.Rotate(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(first.Infos()); n != 16 {
		t.Errorf("%d keys are kept", n)
	}
	if err := api.TendKeys(second, time.Now()); err != nil {
		t.Fatal(err)
	}
	a, _ = api.Signing(first)
	if b, _ := api.Signing(second); a != b {
		t.Error("another process's rotation was not seen")
	}
}
