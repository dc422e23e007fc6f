package proxy

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"wayguard/document"
)

func TestDefaultConfigLacksOnlyTheOrigin(t *testing.T) {
	config := DefaultConfig()
	problems := config.Validate()
	if len(problems) != 1 || problems[0].Path != "origin.url" {
		t.Errorf("problems %v", problems)
	}
	config.Origin.URL = "http://127.0.0.1:8080"
	if problems := config.Validate(); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestProblems(t *testing.T) {
	cases := map[string]struct {
		change func(*Config)
		path   string
	}{
		"no listener":       {func(c *Config) { c.Listen = nil }, "listen"},
		"no port":           {func(c *Config) { c.Listen[0].Address = "localhost" }, "listen[0].address"},
		"port too high":     {func(c *Config) { c.Listen[0].Address = ":70000" }, "listen[0].address"},
		"no key":            {func(c *Config) { c.Listen[0].TLS = &TLSConfig{Certificate: "a"} }, "listen[0].tls"},
		"origin's scheme":   {func(c *Config) { c.Origin.URL = "ftp://a" }, "origin.url"},
		"origin's path":     {func(c *Config) { c.Origin.URL = "http://a/b" }, "origin.url"},
		"origin's password": {func(c *Config) { c.Origin.URL = "http://u:hunter2@a" }, "origin.url"},
		"origin's nonsense": {func(c *Config) { c.Origin.URL = "http://u:hunter2@a\x00" }, "origin.url"},
		"trusted":           {func(c *Config) { c.TrustedProxies = document.Strings{"10.0.0.0/8", "10.0.0.0/99"} }, "trusted_proxies[1]"},
		"forwarded":         {func(c *Config) { c.ForwardedHeaders = "drop" }, "forwarded_headers"},
		"empty prefix":      {func(c *Config) { c.Tag.Prefix = "" }, "tag.prefix"},
		"greedy prefix":     {func(c *Config) { c.Tag.Prefix = "X" }, "tag.prefix"},
		"odd prefix":        {func(c *Config) { c.Tag.Prefix = "X-A:b-" }, "tag.prefix"},
		"no workers":        {func(c *Config) { c.Queue.Workers = 0 }, "queue.workers"},
		"no memory":         {func(c *Config) { c.Queue.Memory = 0 }, "queue.memory"},
		"no budget":         {func(c *Config) { c.Inline.Budget = 0 }, "inline.budget"},
		"header size":       {func(c *Config) { c.Limits.HeaderBytes = 10 }, "limits.header_bytes"},
		"response time":     {func(c *Config) { c.Origin.ResponseTimeout = -time.Second }, "origin.response_timeout"},
		"no grace":          {func(c *Config) { c.Shutdown.Grace = 0 }, "shutdown.grace"},
	}
	for name, c := range cases {
		config := DefaultConfig()
		config.Origin.URL = "http://127.0.0.1:8080"
		config.At = document.At("proxy")
		c.change(&config)
		problems := config.Validate()
		if len(problems) != 1 || problems[0].Path != "proxy."+c.path {
			t.Errorf("%s: problems %v, want one at %s", name, problems, c.path)
		}
		if strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%s: a password is told", name)
		}
		if _, err := New(config, Deps{Observer: newObserver(), Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("%s: a server was made", name)
		}
	}
}

func TestConfigReadsFromYAML(t *testing.T) {
	text := `
listen:
  - { address: "127.0.0.1:0", tls: { certificate: a.pem, key: b.pem } }
origin: { url: "https://127.0.0.1:1", response_timeout: 5s, tls: { insecure: true } }
trusted_proxies: 10.0.0.0/8
inline: { budget: 15ms, fail_closed: [login] }
queue: { memory: 1MiB }
`
	doc, problems := document.Parse("wayguard.yaml", []byte(text))
	config := DefaultConfig()
	problems = append(problems, doc.Decode(&config)...)
	problems = append(problems, config.Validate()...)
	if len(problems) != 0 {
		t.Fatalf("problems %v", problems)
	}
	switch {
	case config.Listen[0].TLS.Key != "b.pem", config.Origin.ResponseTimeout != 5*time.Second, !config.Origin.TLS.Insecure:
		t.Errorf("config %+v", config)
	case config.TrustedProxies[0] != "10.0.0.0/8", config.Inline.Budget != 15*time.Millisecond, config.Queue.Memory != 1<<20:
		t.Errorf("config %+v", config)
	case config.Inline.FailClosed[0] != "login", config.Limits.HeaderBytes != 64<<10, !config.PreserveHost:
		t.Errorf("config %+v", config)
	}
}
