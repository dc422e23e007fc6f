package proxy

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"wayguard/document"
	"wayguard/listen"
)

// Validate tells every problem of the configuration. It reads no file.
func (c Config) Validate() document.Problems {
	v := &validation{mark: c.At}
	v.problems = listen.Validate(c.At, c.Listen)
	v.origin(c.Origin)
	for i, network := range c.TrustedProxies {
		if _, err := parseNetwork(network); err != nil {
			v.tell(fmt.Sprintf("trusted_proxies[%d]", i), "not an address or a network in CIDR notation", "")
		}
	}
	if c.ForwardedHeaders != ForwardedWrite && c.ForwardedHeaders != ForwardedKeep {
		v.tell("forwarded_headers", "must be write or keep", "")
	}
	if !httpguts.ValidHeaderFieldName(c.Tag.Prefix) || len(c.Tag.Prefix) < 3 || !strings.Contains(c.Tag.Prefix, "-") {
		v.tell("tag.prefix", "must be the beginning of a header name, with a hyphen, such as X-Visit-", "")
	}
	if c.MessageHandling != HandlingOwn && c.MessageHandling != HandlingStandard {
		v.tell("message_handling", "must be own or standard", "")
	}
	v.sizes(c)
	return v.problems
}

type validation struct {
	mark     document.Mark
	problems document.Problems
}

func (v *validation) tell(path, message, suggestion string) {
	v.problems = append(v.problems, v.mark.Problem(path, message, suggestion))
}

func (v *validation) origin(origin OriginConfig) {
	if origin.URL == "" {
		v.tell("origin.url", "missing: the address of the application to protect", "such as http://127.0.0.1:8080")
		return
	}
	parsed, err := url.Parse(origin.URL)
	switch {
	case err != nil || parsed.Hostname() == "":
		// The error's own text is kept out: an origin URL may carry a password.
		v.tell("origin.url", "not a URL with a host", "such as http://127.0.0.1:8080")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		v.tell("origin.url", "the scheme must be http or https", "")
	case parsed.User != nil:
		v.tell("origin.url", "must not hold a user name or a password", "")
	case parsed.Path != "" && parsed.Path != "/", parsed.RawQuery != "", parsed.Fragment != "":
		v.tell("origin.url", "must end after host and port: paths are forwarded as they came", "")
	}
}

func (v *validation) sizes(c Config) {
	positive := func(path string, ok bool) {
		if !ok {
			v.tell(path, "must be greater than zero", "")
		}
	}
	positiveTime := func(path string, d time.Duration) { positive(path, d > 0) }
	positiveTime("origin.connect_timeout", c.Origin.ConnectTimeout)
	positiveTime("origin.idle_timeout", c.Origin.IdleTimeout)
	positive("origin.idle_connections", c.Origin.IdleConnections > 0)
	if c.Origin.ResponseTimeout < 0 {
		v.tell("origin.response_timeout", "must not be negative", "0 waits for ever")
	}
	positiveTime("inline.budget", c.Inline.Budget)
	positiveTime("inline.body_timeout", c.Inline.BodyTimeout)
	positive("inline.concurrency", c.Inline.Concurrency > 0)
	positive("queue.length", c.Queue.Length > 0)
	positive("queue.per_visitor", c.Queue.PerVisitor > 0)
	positive("queue.workers", c.Queue.Workers > 0)
	positive("queue.memory", c.Queue.Memory > 0)
	if c.Limits.HeaderBytes < 4<<10 || c.Limits.HeaderBytes > 16<<20 {
		v.tell("limits.header_bytes", "must be between 4KiB and 16MiB", "")
	}
	positiveTime("limits.header_timeout", c.Limits.HeaderTimeout)
	positiveTime("limits.idle_timeout", c.Limits.IdleTimeout)
	positiveTime("limits.stall_timeout", c.Limits.StallTimeout)
	positive("limits.connections", c.Limits.Connections > 0)
	positiveTime("shutdown.grace", c.Shutdown.Grace)
	positiveTime("shutdown.drain", c.Shutdown.Drain)
}

// parseNetwork reads "10.0.0.0/8" or a single address.
func parseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("read network: %w", err)
		}
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("read network: %w", err)
	}
	return prefix.Masked(), nil
}
