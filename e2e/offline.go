//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// CheckOffline runs the demo where there is no network but loopback.
func CheckOffline(ctx context.Context) ([]Figure, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	script := `ip link set lo up && exec "$0" demo --listen 127.0.0.1:0 --hub 127.0.0.1:0 --for 12s`
	output, err := exec.CommandContext(ctx, "unshare", "--net", "sh", "-c", script, binary).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("demo without a network (needs root, unshare and ip): %w\n%s", err, output)
	}
	match := regexp.MustCompile(`msg="traffic ended" requests=(\d+) failures=(\d+)`).FindSubmatch(output)
	if match == nil {
		return nil, fmt.Errorf("the demo did not tell of its traffic:\n%s", output)
	}
	requests, _ := strconv.Atoi(string(match[1]))
	failures, _ := strconv.Atoi(string(match[2]))
	return []Figure{
		AtLeast("demo without any network, 12 s: requests", requests, 50),
		Count("  requests that failed", failures, 0),
	}, nil
}
