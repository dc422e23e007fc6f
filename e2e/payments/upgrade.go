//go:build e2e

package payments

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"wayguard/e2e"
)

// CheckUpgrade replaces the running program while a merchant asks on: the address, the tokens and what was decided are the new one's.
func CheckUpgrade(ctx context.Context) ([]e2e.Figure, error) {
	var addresses [3]string
	for n := range addresses {
		address, err := e2e.FreeAddress()
		if err != nil {
			return nil, err
		}
		addresses[n] = address
	}
	i := &instance{}
	var err error
	if i.dir, err = os.MkdirTemp("", "wayguard-upgrade-"); err != nil {
		return nil, err
	}
	defer i.close()
	text := fmt.Sprintf("data: %s\nproxy: {listen: [{address: %q}], origin: {url: \"http://127.0.0.1:1\"}}\nhub: {listen: %q}\ndecisions: {listen: %q}\n",
		i.data(), addresses[0], addresses[1], addresses[2])
	if err := os.WriteFile(i.file(), []byte(text), 0o600); err != nil {
		return nil, err
	}
	if i.Wayguard, err = e2e.StartWayguard(ctx, "--config", i.file()); err != nil {
		return nil, err
	}
	if i.admin, err = e2e.LogIn(ctx, i.Hub, i.Email, i.Password); err != nil {
		return nil, err
	}
	if err := i.enrol(ctx); err != nil {
		return nil, err
	}
	const body = `{"credential":{"type":"masked_pan"},"customer":{"id":"anna"},"transaction":{"reference":"A-1","amount":100,"currency":"EUR"}}`
	before, answer, err := i.post(ctx, "/api/decisions", []byte(body), nil)
	if err != nil || before.StatusCode/100 != 2 {
		return nil, fmt.Errorf("before the upgrade: %v %s", err, answer)
	}
	if err := i.Signal(syscall.SIGUSR2); err != nil {
		return nil, err
	}
	if _, err := i.WaitFor(`handed over[\s\S]*msg="decision API open"`, 30*time.Second); err != nil {
		return nil, err
	}
	defer endSuccessor(i.Printed())
	after, _, err := i.post(ctx, "/api/decisions", []byte(body), nil)
	if err != nil {
		return nil, err
	}
	var page struct {
		Data []struct{} `json:"data"`
	}
	if err := i.get(ctx, "/api/decisions?limit=10", &page); err != nil {
		return nil, err
	}
	return []e2e.Figure{
		e2e.Holds("a decision after the upgrade, with the token from before", fmt.Sprint(after.StatusCode), after.StatusCode == before.StatusCode, http.StatusText(before.StatusCode)),
		e2e.Count("decisions that the new process knows", len(page.Data), 2),
	}, nil
}

// endSuccessor ends the process that took over: it is nobody's child here.
func endSuccessor(printed string) {
	all := regexp.MustCompile(`msg=serving .*pid=(\d+)`).FindAllStringSubmatch(printed, -1)
	if pid, err := strconv.Atoi(all[len(all)-1][1]); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
