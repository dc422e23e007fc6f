//go:build e2e

package path

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"wayguard/e2e"
)

// CheckHTTP2 runs h2spec against both doors.
func CheckHTTP2(ctx context.Context) ([]e2e.Figure, error) {
	h2spec, err := tool(ctx, "github.com/summerwind/h2spec/cmd/h2spec")
	if err != nil {
		return nil, err
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("an answer of some length\n", 40)))
	}))
	defer origin.Close()
	i, err := Start(ctx, Settings{Origin: origin.URL, ClearKeys: []string{"h2c: true"}})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	var figures []e2e.Figure
	for _, door := range []struct {
		name, address string
		more          []string
	}{{"over TLS", i.Secure, []string{"-t", "-k"}}, {"in clear", i.Clear, nil}} {
		host, port, err := net.SplitHostPort(door.address)
		if err != nil {
			return figures, err
		}
		// h2spec ends with an error where a test fails; what it printed is the result.
		text, _ := exec.CommandContext(ctx, h2spec, append([]string{"-h", host, "-p", port, "-o", "5", "-S"}, door.more...)...).CombinedOutput()
		found := regexp.MustCompile(`(\d+) tests, (\d+) passed`).FindSubmatch(text)
		if found == nil {
			return figures, fmt.Errorf("h2spec %s told no result:\n%s", door.name, text)
		}
		total, _ := strconv.Atoi(string(found[1]))
		passed, _ := strconv.Atoi(string(found[2]))
		figures = append(figures, e2e.Holds("h2spec "+door.name, fmt.Sprintf("%d of %d", passed, total), total >= 146 && passed >= 145, ">= 145 of 146"))
	}
	return figures, nil
}

// grpcCases are the interoperability cases that need no cloud. The server of this release knows nothing of some of the last
// ones: what counts is that a case passes through us where it passes directly.
func grpcCases() []string {
	return []string{"empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
		"timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
		"special_status_message", "custom_metadata", "unimplemented_method", "unimplemented_service", "pick_first_unary",
		"orca_per_rpc", "orca_oob"}
}

// CheckGRPC runs the interoperability client through both doors against the interoperability server.
func CheckGRPC(ctx context.Context) ([]e2e.Figure, error) {
	client, err := tool(ctx, "google.golang.org/grpc/interop/client")
	if err != nil {
		return nil, err
	}
	server, err := tool(ctx, "google.golang.org/grpc/interop/server")
	if err != nil {
		return nil, err
	}
	at, err := e2e.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(at)
	origin, err := e2e.Start(ctx, server, "-port", port)
	if err != nil {
		return nil, err
	}
	defer origin.Kill()
	if err := answers(ctx, at); err != nil {
		return nil, err
	}
	i, err := Start(ctx, Settings{Origin: "http://" + at, ClearKeys: []string{"h2c: true"},
		More: fmt.Sprintf("origins: [{name: grpc, endpoints: [\"http://%s\"], protocol: h2c}]\nsites: [{name: grpc, origin: grpc}]\n", at)})
	if err != nil {
		return nil, err
	}
	defer i.Close()
	direct, _ := passing(ctx, client, at, nil, grpcCases())
	figures := []e2e.Figure{e2e.AtLeast("gRPC interop cases that the server itself passes, asked directly", len(direct), 14)}
	for _, door := range []struct {
		name, address string
		more          []string
	}{
		{"over TLS", i.Secure, []string{"-use_tls", "-use_test_ca", "-ca_file", i.Dir + "/certificate.pem", "-server_host_override", Host}},
		{"in clear", i.Clear, nil},
	} {
		passed, failed := passing(ctx, client, door.address, door.more, direct)
		value := fmt.Sprintf("%d of %d %s", len(passed), len(direct), strings.Join(failed, "; "))
		figures = append(figures, e2e.Holds("gRPC interop cases "+door.name, value, len(failed) == 0, "as directly"))
	}
	return figures, nil
}

// passing runs the cases against an address, and gives those that passed and what the others said.
func passing(ctx context.Context, client, address string, more, cases []string) (passed, failed []string) {
	host, port, _ := net.SplitHostPort(address)
	for _, one := range cases {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		arguments := append([]string{"-server_host", host, "-server_port", port, "-test_case", one}, more...)
		text, err := exec.CommandContext(bounded, client, arguments...).CombinedOutput()
		cancel()
		if err == nil {
			passed = append(passed, one)
			continue
		}
		failed = append(failed, fmt.Sprintf("%s (%s)", one, lastLine(text)))
	}
	return passed, failed
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// answers waits until somebody listens at an address.
func answers(ctx context.Context, address string) error {
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
