package main

import "time"

// kind is how a scenario makes its load.
type kind string

const (
	saturating kind = "wrk"        // HTTP/1.1, as fast as it goes
	multiplex  kind = "h2load"     // HTTP/2, as fast as it goes
	handshakes kind = "handshakes" // one full TLS handshake, one request, close
	fixedRate  kind = "fixed rate" // so many requests a second, sent at their times
	idling     kind = "idle"       // connections that do nothing
)

// scenario is one row of the comparison.
type scenario struct {
	name   string
	kind   kind
	tls    bool
	method string
	path   string
	// clients are connections; rate is requests a second of a fixed rate.
	clients, rate int
	duration      time.Duration
	// syscalls counts system calls too.
	syscalls bool
	// peers are measured; nil: all.
	peers []string
	goals []goal
}

// The figures a goal can be about.
const (
	cpuToNginx      = "CPU per request / nginx"
	cpuToCaddy      = "CPU per request / Caddy"
	systemCalls     = "system calls per request"
	addedP50ToNginx = "added latency p50 / nginx's"
	addedP95ToNginx = "added latency p95 / nginx's"
	addedP95        = "added latency p95, ms"
	idleKiB         = "KiB per idle connection"
)

// goal is a figure of Wayguard and the most it may be.
type goal struct {
	Figure string  `json:"figure"`
	Most   float64 `json:"most"`
}

func scenarios(d time.Duration) []scenario {
	const busy, held = "/api/r42/7", "/api/r43/7"
	ofNginx := func(most float64) []goal { return []goal{{cpuToNginx, most}, {cpuToCaddy, 0.2}} }
	return []scenario{
		{name: "GET 1 KiB, HTTP/1.1", kind: saturating, method: "GET", path: busy, clients: 64, duration: d, syscalls: true,
			goals: append(ofNginx(1.0), goal{systemCalls, 5})},
		{name: "POST 2 KiB, HTTP/1.1", kind: saturating, method: "POST", path: busy, clients: 64, duration: d, syscalls: true,
			goals: append(ofNginx(1.2), goal{systemCalls, 5})},
		{name: "GET 1 KiB, HTTP/1.1 over TLS", kind: saturating, tls: true, method: "GET", path: busy, clients: 64, duration: d, syscalls: true,
			goals: append(ofNginx(1.0), goal{systemCalls, 5})},
		{name: "GET 1 KiB, HTTP/2", kind: multiplex, tls: true, method: "GET", path: busy, clients: 16, duration: d, syscalls: true,
			goals: append(ofNginx(1.1), goal{systemCalls, 4})},
		{name: "POST 2 KiB, HTTP/2", kind: multiplex, tls: true, method: "POST", path: busy, clients: 16, duration: d, syscalls: true,
			goals: append(ofNginx(1.1), goal{systemCalls, 4})},
		{name: "full TLS handshake", kind: handshakes, tls: true, method: "GET", path: busy, clients: 8, duration: d,
			goals: []goal{{cpuToNginx, 0.85}}},
		{name: "GET at 2,000 a second", kind: fixedRate, method: "GET", path: busy, clients: 64, rate: 2000, duration: 2 * d, syscalls: true,
			goals: []goal{{cpuToNginx, 1.2}, {systemCalls, 10}, {addedP50ToNginx, 1}, {addedP95ToNginx, 1}, {addedP95, 1}}},
		{name: "POST at 2,000 a second", kind: fixedRate, method: "POST", path: busy, clients: 64, rate: 2000, duration: 2 * d, syscalls: true,
			goals: []goal{{cpuToNginx, 1.2}, {systemCalls, 10}, {addedP50ToNginx, 1}, {addedP95ToNginx, 1}, {addedP95, 1}}},
		{name: "POST held for its verdict, at 2,000 a second", kind: fixedRate, method: "POST", path: held, clients: 64, rate: 2000,
			duration: 2 * d, peers: []string{nginx, wayguard, earlier}, goals: []goal{{addedP95, 2}}},
		{name: "1 MiB, not inspected", kind: saturating, method: "GET", path: "/files/1m", clients: 16, duration: d,
			goals: []goal{{cpuToNginx, 0.3}}},
		{name: "100 MiB, not inspected", kind: saturating, method: "GET", path: "/files/100m", clients: 4, duration: 2 * d,
			goals: []goal{{cpuToNginx, 0.3}}},
		{name: "idle keep-alive connections", kind: idling, method: "GET", path: busy, clients: 2000, duration: d, goals: []goal{{idleKiB, 8}}},
	}
}
