//go:build e2e

package path

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"wayguard/e2e"
)

// sighting is a request that an origin saw.
type sighting struct {
	// ID is also in the header X-Seen of the origin's answer.
	ID     string `json:"id"`
	Method string `json:"method"`
	Target string `json:"target"`
	// Line is the request line, where the origin tells it.
	Line string `json:"line"`
}

// witness is an origin that tells every request it saw.
type witness struct {
	name, url string
	// seen gives all requests so far, in the order noted.
	seen  func() ([]sighting, error)
	close func()
}

// witnesses starts one origin of each kind; close ends those that started, also after an error.
func witnesses(ctx context.Context) (all []witness, close func(), err error) {
	close = func() {
		for _, w := range all {
			w.close()
		}
	}
	for _, start := range []func(context.Context) (witness, error){
		nginxWitness,
		func(ctx context.Context) (witness, error) { return nodeWitness(ctx, "strict") },
		func(ctx context.Context) (witness, error) { return nodeWitness(ctx, "lenient") },
		goWitness,
	} {
		w, err := start(ctx)
		if err != nil {
			return all, close, err
		}
		all = append(all, w)
	}
	return all, close, nil
}

func goWitness(context.Context) (witness, error) {
	var mu sync.Mutex
	var all []sighting
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		s := sighting{ID: fmt.Sprintf("go-%d", len(all)), Method: r.Method, Target: r.RequestURI}
		all = append(all, s)
		mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Seen", s.ID)
		_, _ = io.WriteString(w, "ok")
	}))
	server.Config.DisableGeneralOptionsHandler = true
	server.Start()
	return witness{"Go", server.URL, func() ([]sighting, error) {
		mu.Lock()
		defer mu.Unlock()
		return append([]sighting(nil), all...), nil
	}, server.Close}, nil
}

// nodeWitness is Node's http module, with its strict parser or with its lenient one.
func nodeWitness(ctx context.Context, parser string) (witness, error) {
	root, err := e2e.Root()
	if err != nil {
		return witness{}, err
	}
	node, err := e2e.Start(ctx, "node", filepath.Join(root, "e2e", "path", "testdata", "origin", "witness.mjs"), parser)
	if err != nil {
		return witness{}, err
	}
	at, err := node.WaitFor(`listening at (\S+)`, startLimit)
	if err != nil {
		node.Kill()
		return witness{}, err
	}
	return witness{"Node, " + parser, "http://" + at[1], func() ([]sighting, error) { return sightings(node.Printed()) }, node.Kill}, nil
}

// sightings reads lines of JSON; others are no requests.
func sightings(text string) ([]sighting, error) {
	readable := regexp.MustCompile("^([A-Za-z0-9!#$%&'*+.^_`|~-]+) (\\S+) HTTP/1\\.[01]$")
	var all []sighting
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "\n") {
			continue
		}
		var s sighting
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		// nginx refuses methods in small letters; it saw the request all the same.
		if found := readable.FindStringSubmatch(s.Line); found != nil && s.Method == "" {
			s.Method, s.Target = found[1], found[2]
		}
		all = append(all, s)
	}
	return all, nil
}

const nginxConfig = `daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
  log_format seen escape=json '{"id":"$request_id","method":"$request_method","target":"$request_uri","line":"$request","status":"$status"}';
  access_log seen.log seen;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 1000000;
  server {
    listen %s;
    client_max_body_size 0;
    add_header X-Seen $request_id always;
    location / { return 200 "ok"; }
  }
}
`

func nginxWitness(ctx context.Context) (witness, error) {
	dir, err := os.MkdirTemp("", "wayguard-nginx-")
	if err != nil {
		return witness{}, err
	}
	at, err := e2e.FreeAddress()
	if err != nil {
		return witness{}, err
	}
	nginx, err := startNginx(ctx, dir, at, nginxConfig)
	if err != nil {
		_ = os.RemoveAll(dir)
		return witness{}, err
	}
	seen := func() ([]sighting, error) {
		text, err := os.ReadFile(filepath.Join(dir, "seen.log"))
		if err != nil {
			return nil, err
		}
		return sightings(string(text))
	}
	return witness{"nginx", "http://" + at, seen, func() {
		nginx.Kill()
		_ = os.RemoveAll(dir)
	}}, nil
}

// startNginx runs nginx in a directory, with a configuration that lacks its address.
func startNginx(ctx context.Context, dir, at, config string) (*e2e.Process, error) {
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, at), 0o600); err != nil {
		return nil, err
	}
	nginx, err := e2e.StartIn(ctx, dir, nil, "nginx", "-p", dir, "-c", file, "-e", "stderr")
	if err != nil {
		return nil, err
	}
	if err := answers(ctx, at); err != nil {
		nginx.Kill()
		return nil, fmt.Errorf("nginx: %w\n%s", err, nginx.Printed())
	}
	return nginx, nil
}
