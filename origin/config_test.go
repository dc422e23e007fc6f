package origin

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/document"
)

type file struct {
	Origins []Config `yaml:"origins"`
}

func load(t testing.TB, text string) ([]Config, document.Problems) {
	t.Helper()
	parsed, problems := document.Parse("wayguard.yaml", []byte(text))
	var f file
	problems = append(problems, parsed.Decode(&f)...)
	return f.Origins, problems
}

func TestConfigIsRead(t *testing.T) {
	configs, problems := load(t, `
origins:
  - name: shop
    endpoints: [http://10.0.0.1:8080, {url: "http://10.0.0.2:8080", weight: 3}]
  - name: api
    endpoints: ["https://api.internal"]
    balance: least_connections
    sticky: {cookie: visitor, address: true}
    server_name: origin.example.com
    tls: {ca: ca.pem, min_version: "1.3", certificate: us.pem, key: us.key}
    protocol: h2
    connect_timeout: 2s
    health: {path: /healthz, status: [200, 204], interval: 5s}
    outlier: {failures: 3}
    connections: 100
    slow_start: 30s
    fallback: shop
`)
	problems = append(problems, Validate(configs)...)
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	shop, api := configs[0], configs[1]
	if shop.Endpoints[0].Weight != 1 || shop.Endpoints[1].Weight != 3 || shop.Balance != BalanceRandom || shop.IdleConnections != 512 {
		t.Errorf("shop %+v", shop)
	}
	if api.Sticky != (StickyConfig{Cookie: "visitor", Address: true}) || api.TLS.MinVersion != "1.3" || api.Health.Interval != 5*time.Second ||
		api.Health.Timeout != 3*time.Second || len(api.Health.Status) != 2 || api.Outlier.MaxPercent != 50 || api.Outlier.Failures != 3 {
		t.Errorf("api %+v", api)
	}
	var files []string
	for _, path := range api.Files() {
		files = append(files, *path)
	}
	if !slices.Equal(files, []string{"ca.pem", "us.pem", "us.key"}) {
		t.Errorf("files %v", files)
	}
	if shop.At.Line() != 3 || shop.Endpoints[1].At.Path() != "origins[0].endpoints[1]" {
		t.Errorf("marks %s, %s", shop.At, shop.Endpoints[1].At.Path())
	}
}

func TestProblems(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"no name":          {"endpoints: [http://a]", `name: missing`},
		"reserved name":    {"name: default, endpoints: [http://a]", `name: .*default`},
		"odd name":         {"name: A B, endpoints: [http://a]", `name: must be of`},
		"twice":            {"name: x, endpoints: [http://a]}, {name: x, endpoints: [http://a]", `\[1\]\.name: .*wayguard\.yaml:1`},
		"unknown key":      {"name: x, endpoint: [http://a]", `endpoint: no such key .*endpoints`},
		"no endpoints":     {"name: x", `endpoints: missing`},
		"empty endpoint":   {`name: x, endpoints: [""]`, `endpoints\[0\]: names no URL`},
		"no URL":           {"name: x, endpoints: [10.0.0.1:80]", `endpoints\[0\]: not a URL`},
		"scheme":           {"name: x, endpoints: [grpc://a]", `endpoints\[0\]: the scheme .*protocol`},
		"password":         {"name: x, endpoints: ['http://u:hunter2@a']", `endpoints\[0\]: must not hold`},
		"unreadable":       {"name: x, endpoints: ['http://u:hunter2@a b']", `endpoints\[0\]: not a URL`},
		"path":             {"name: x, endpoints: [http://a/b]", `endpoints\[0\]: must end`},
		"host":             {"name: x, endpoints: ['http://a..b']", `endpoints\[0\]: the host`},
		"port":             {"name: x, endpoints: ['http://a:0']", `endpoints\[0\]: the port`},
		"same":             {"name: x, endpoints: [http://a, 'http://A:80/']", `endpoints\[1\]: is named twice`},
		"weight":           {"name: x, endpoints: [{url: http://a, weight: 0}]", `endpoints\[0\]\.weight: must be between 1 and 100`},
		"weight's name":    {"name: x, endpoints: [{url: http://a, wieght: 1}]", `wieght: no such key .*weight`},
		"balance":          {"name: x, endpoints: [http://a], balance: evn", `balance: must be one of .*even`},
		"weighted":         {"name: x, endpoints: [http://a], balance: weighted", `balance: .*weights count in each`},
		"protocol":         {"name: x, endpoints: [http://a], protocol: h1", `protocol: must be one of`},
		"h2 in clear":      {"name: x, endpoints: [http://a], protocol: h2", `endpoints\[0\]: h2 needs https .*h2c`},
		"h2c over TLS":     {"name: x, endpoints: [https://a], protocol: h2c", `endpoints\[0\]: h2c needs http`},
		"TLS version":      {"name: x, endpoints: [http://a], tls: {min_version: '1.1'}", `tls\.min_version: `},
		"half a pair":      {"name: x, endpoints: [http://a], tls: {key: k}", `tls: certificate and key`},
		"server name":      {"name: x, endpoints: [http://a], server_name: 'https://a'", `server_name: is no host name`},
		"two names":        {"name: x, endpoints: [http://a], server_name: a, server_name_from_host: true", `server_name_from_host: .*together`},
		"auto by host":     {"name: x, endpoints: [https://a], protocol: auto, server_name_from_host: true", `server_name_from_host: .*auto`},
		"cookie":           {"name: x, endpoints: [http://a], sticky: {cookie: 'a b'}", `sticky\.cookie: `},
		"header":           {"name: x, endpoints: [http://a], sticky: {header: 'a:'}", `sticky\.header: `},
		"connect timeout":  {"name: x, endpoints: [http://a], connect_timeout: 0s", `connect_timeout: must be between`},
		"negative":         {"name: x, endpoints: [http://a], response_timeout: -1s", `response_timeout: must be between`},
		"retries":          {"name: x, endpoints: [http://a], retries: 50", `retries: must be between 0 and 5`},
		"connections":      {"name: x, endpoints: [http://a], connections: -1", `connections: must be between`},
		"panic":            {"name: x, endpoints: [http://a], panic_percent: 101", `panic_percent: `},
		"health path":      {"name: x, endpoints: [http://a], health: {path: healthz}", `health\.path: must be a path`},
		"health URL":       {"name: x, endpoints: [http://a], health: {path: 'http://b/x'}", `health\.path: must be a path`},
		"health host":      {"name: x, endpoints: [http://a], health: {path: /, host: 'a b'}", `health\.host: `},
		"host alone":       {"name: x, endpoints: [http://a], health: {host: a}", `health\.path: missing`},
		"health interval":  {"name: x, endpoints: [http://a], health: {path: /, interval: 1ms}", `health\.interval: `},
		"health status":    {"name: x, endpoints: [http://a], health: {path: /, status: [200, 2xx]}", `health\.status\[1\]: `},
		"no status":        {"name: x, endpoints: [http://a], health: {path: /, status: []}", `health\.status: missing`},
		"backward status":  {"name: x, endpoints: [http://a], health: {path: /, status: 300-200}", `health\.status\[0\]: `},
		"unhealthy":        {"name: x, endpoints: [http://a], health: {path: /, unhealthy: 0}", `health\.unhealthy: `},
		"outlier share":    {"name: x, endpoints: [http://a], outlier: {max_percent: 500}", `outlier\.max_percent: `},
		"outlier times":    {"name: x, endpoints: [http://a], outlier: {base_ejection: 1h}", `outlier\.max_ejection: `},
		"unknown fallback": {"name: shop, endpoints: [http://a]}, {name: y, endpoints: [http://a], fallback: shpo", `\[1\]\.fallback: there is no origin "shpo" .*"shop"`},
		"own fallback":     {"name: x, endpoints: [http://a], fallback: x", `fallback: .*its own`},
		"circle":           {"name: x, endpoints: [http://a], fallback: y}, {name: y, endpoints: [http://b], fallback: x", `fallback: .*circle`},
	}
	for name, c := range cases {
		configs, problems := load(t, "origins: [{"+c.text+"}]")
		problems = append(problems, Validate(configs)...)
		pattern := regexp.MustCompile(c.want)
		matching := 0
		for _, p := range problems {
			if pattern.MatchString(p.Error()) {
				matching++
			}
			if p.Line == 0 {
				t.Errorf("%s: %s has no place", name, p.Error())
			}
		}
		several := name == "circle" || name == "unknown key"
		if matching == 0 || len(problems) > 1 && !several {
			t.Errorf("%s: want %s\n%s", name, c.want, problems.Error())
		}
		if strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%s: a password is told", name)
		}
	}
}

// Every example of the guide is a configuration that holds, and the guide names every key.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../docs/origins.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) < 6 {
		t.Fatalf("only %d examples", len(examples))
	}
	for i, example := range examples {
		configs, problems := load(t, example[1])
		problems = append(problems, Validate(configs)...)
		if len(problems) > 0 || len(configs) == 0 {
			t.Errorf("example %d: %v", i+1, problems)
		}
	}
	for _, key := range []string{"name", "endpoints", "url", "weight", "balance", "sticky", "cookie", "header", "address", "server_name",
		"server_name_from_host", "tls", "ca", "insecure", "certificate", "key", "min_version", "protocol", "connect_timeout",
		"response_timeout", "idle_timeout", "idle_connections", "connections", "health", "path", "host", "interval", "timeout", "healthy",
		"unhealthy", "status", "outlier", "failures", "base_ejection", "max_ejection", "max_percent", "retries", "slow_start",
		"panic_percent", "resolve_interval", "fallback"} {
		if !regexp.MustCompile("`[a-z_.]*\\b" + key + "\\b").Match(text) {
			t.Errorf("the guide does not name %q", key)
		}
	}
	for _, m := range metrics() {
		name := regexp.MustCompile(`wayguard_origin_\w+`).FindString(m.description.String())
		if !strings.Contains(string(text), name) {
			t.Errorf("the guide does not name %s", name)
		}
	}
}

func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"http://10.0.0.1:8080", "https://a.example", "http://[::1]:1", "http://[fe80::1%25eth0]", "http://a\x00", "https://u:p@h", "http://a:99999", "//x", "http://é.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, problem, _ := parsePlace(text)
		if problem != "" {
			return
		}
		again, problem, _ := parsePlace(p.String())
		if problem != "" || again != p {
			t.Errorf("%q reads as %v, and that as %v (%s)", text, p, again, problem)
		}
		if own, problem, _ := parsePlace(p.scheme() + "://" + p.hostHeader()); problem != "" || own != p {
			t.Errorf("%q has the host %q, which reads as %v (%s)", text, p.hostHeader(), own, problem)
		}
	})
}

func FuzzServerName(f *testing.F) {
	for _, seed := range []string{"www.example.com", "WWW.Example.com:443", "[::1]:8443", "a b", "", ":80", "a..b", "1.2.3.4", "x.", "0..", "[", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name := serverName(host)
		if name == "" {
			return
		}
		if !validHost(name) || strings.ToLower(name) != name || strings.HasSuffix(name, ".") || strings.ContainsAny(name, " /@\x00[]") {
			t.Errorf("%q gives %q", host, name)
		}
	})
}

func FuzzStatuses(f *testing.F) {
	for _, seed := range []string{"200", "200-399", "399-200", "99", "600", "-", "200-", "1e2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseStatuses([]string{text})
		if err != nil {
			return
		}
		n := 0
		for status := -1; status < 700; status++ {
			if set.has(status) {
				n++
				if status < 100 || status > 599 {
					t.Errorf("%q holds %d", text, status)
				}
			}
		}
		if n == 0 {
			t.Errorf("%q holds nothing", text)
		}
	})
}
