//go:build e2e

package payments

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"wayguard/e2e"
	"wayguard/event"
)

// instance is a Wayguard that decides about payments, an administrator at its Hub, and a merchant's back end.
type instance struct {
	*e2e.Wayguard
	admin  *e2e.Analyst
	dir    string
	origin string
	// email and password are the first administrator's, id and secret the merchant's, token what he got for them.
	email, password, id, secret, token string
}

// allScopes are those of the merchant.
const allScopes = "decisions:create decisions:read decisions:write events:create events:read interceptors:execute"

// start runs a Wayguard with a decision API. decisions are lines of that section of the configuration, more are other sections.
func start(ctx context.Context, origin, decisions, more string) (_ *instance, err error) {
	i := &instance{origin: origin}
	if i.dir, err = os.MkdirTemp("", "wayguard-payments-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			i.close()
		}
	}()
	text := "data: " + i.data() + "\ndecisions:\n  listen: 127.0.0.1:0\n  allow_private: [127.0.0.0/8]\n"
	for line := range strings.Lines(decisions) {
		text += "  " + line
	}
	if err := os.WriteFile(i.file(), []byte(text+"\n"+more), 0o600); err != nil {
		return nil, err
	}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	return i, i.enrol(ctx)
}

// enrol makes the merchant a client, with a token.
func (i *instance) enrol(ctx context.Context) error {
	var client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := i.admin.Payments(ctx, http.MethodPost, "admin/clients", nil, map[string]any{"name": "shop", "scopes": strings.Fields(allScopes)}, &client); err != nil {
		return err
	}
	i.id, i.secret = client.ID, client.Secret
	return i.authorise(ctx)
}

func (i *instance) file() string { return filepath.Join(i.dir, "wayguard.yaml") }

func (i *instance) data() string { return filepath.Join(i.dir, "data") }

// run starts the program on the instance's folder, for the first time or again.
func (i *instance) run(ctx context.Context) (err error) {
	i.Wayguard, err = e2e.StartWayguard(ctx, "--config", i.file(), "--origin", i.origin, "--listen", "127.0.0.1:0", "--hub", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if i.Password != "" {
		i.email, i.password = i.Email, i.Password
	}
	i.admin, err = e2e.LogIn(ctx, i.Hub, i.email, i.password)
	return err
}

func (i *instance) close() {
	if i.Wayguard != nil {
		i.Kill()
	}
	_ = os.RemoveAll(i.dir)
}

// authorise gets a token.
func (i *instance) authorise(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {allScopes}, "audience": {"wayguard"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.Decisions+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(i.id, i.secret)
	_, body, err := do(request)
	if err != nil {
		return err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" {
		return fmt.Errorf("no token: %s", body)
	}
	i.token = answer.Token
	return nil
}

// post sends JSON to the decision API as the merchant.
func (i *instance) post(ctx context.Context, path string, body any, header http.Header) (*http.Response, []byte, error) {
	text, raw := body.([]byte)
	if !raw {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return nil, nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.Decisions+path, bytes.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	request.Header = header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+i.token)
	return do(request)
}

// get asks the decision API as the merchant.
func (i *instance) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.Decisions+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+i.token)
	response, body, err := do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", path, response.StatusCode, body)
	}
	return json.Unmarshal(body, into)
}

func do(request *http.Request) (*http.Response, []byte, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

// rules puts rules in force in a context.
func (i *instance) rules(ctx context.Context, contextName string, rules []map[string]any, more map[string]any) (event.ID, error) {
	body := map[string]any{"context": contextName, "rules": rules}
	for name, value := range more {
		body[name] = value
	}
	var made struct {
		ID event.ID `json:"id"`
	}
	if err := i.admin.Payments(ctx, http.MethodPost, "admin/rulesets", nil, body, &made); err != nil {
		return "", err
	}
	return made.ID, i.admin.Payments(ctx, http.MethodPost, "admin/rulesets/"+string(made.ID)+"/activate", nil, nil, nil)
}

// intercept puts an interceptor in force and says by which ref it is called.
func (i *instance) intercept(ctx context.Context, body map[string]any) (ref string, err error) {
	var made struct {
		ID  event.ID `json:"id"`
		Ref string   `json:"ref"`
	}
	if err := i.admin.Payments(ctx, http.MethodPost, "admin/interceptors", nil, body, &made); err != nil {
		return "", err
	}
	return made.Ref, i.admin.Payments(ctx, http.MethodPost, "admin/interceptors/"+string(made.ID)+"/activate", nil, nil, nil)
}
