//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// CheckTrouble locks the warehouse and fills the disk under a running instance: traffic flows on, and what is shed is
// counted.
func CheckTrouble(ctx context.Context) ([]Figure, error) {
	locked, err := lockedWarehouse(ctx)
	if err != nil {
		return nil, err
	}
	full, err := fullDisk(ctx)
	return append(locked, full...), err
}

// instance is a Wayguard in front of the login origin, with its data in a given directory.
func instance(ctx context.Context, dir, more string) (w *Wayguard, stop func(), err error) {
	origin := loginOrigin()
	config := filepath.Join(dir, "wayguard.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, killConfig+more, "127.0.0.1:0", origin.URL, "127.0.0.1:0"), 0o600); err != nil {
		origin.Close()
		return nil, nil, err
	}
	if w, err = StartWayguard(ctx, "--config", config); err != nil {
		origin.Close()
		return nil, nil, err
	}
	return w, func() { w.Kill(); origin.Close() }, nil
}

// logins posts n logins and says how many were answered as the origin does.
func logins(base string, n int) int {
	answered := 0
	for i := range n {
		form := url.Values{"username": {fmt.Sprintf("user-%d-%s", i, padding)}, "password": {"wrong"}}
		response, err := http.PostForm(base+"/login", form)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
			answered++
		}
	}
	return answered
}

// padding makes records large, so that a small disk fills soon.
const padding = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// lockedWarehouse starts while another process holds the warehouse's file, and lets go of it later.
func lockedWarehouse(ctx context.Context) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "wayguard-locked-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	first, stop, err := instance(ctx, dir, "")
	if err != nil {
		return nil, err
	}
	defer stop()
	if err := first.Stop(15 * time.Second); err != nil {
		return nil, err
	}
	lock, err := holdLock(filepath.Join(dir, "data", "warehouse", "warehouse.duckdb"))
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	w, stop, err := instance(ctx, dir, "")
	if err != nil {
		return nil, err
	}
	defer stop()
	analyst, err := LogIn(ctx, w.Hub, first.Email, first.Password)
	if err != nil {
		return nil, err
	}
	answered := logins(w.Proxy, 50)
	_, refused := analyst.Totals(ctx)
	if err := lock.Close(); err != nil {
		return nil, err
	}
	caught, err := until(30*time.Second, func() (bool, error) {
		totals, err := analyst.Totals(ctx)
		return totals.Events >= 50, err
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		Count("locked warehouse: logins answered", answered, 50),
		Holds("  the Hub says so meanwhile", fmt.Sprint(refused != nil), refused != nil, "an error, no half answer"),
		Within("  all events searchable after the lock is gone", caught, 30*time.Second),
	}, nil
}

// holdLock takes the POSIX lock that DuckDB takes, in this process.
func holdLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lock); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// fullDisk runs on a small file system until it is full.
func fullDisk(ctx context.Context) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "wayguard-full-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if output, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("a small file system (needs root): %w: %s", err, output)
	}
	defer func() { _ = exec.Command("umount", "-l", dir).Run() }()
	w, stop, err := instance(ctx, dir, "limits: {log_buffer: 64KiB}\n")
	if err != nil {
		return nil, err
	}
	defer stop()
	analyst, err := LogIn(ctx, w.Hub, w.Email, w.Password)
	if err != nil {
		return nil, err
	}
	if err := Fill(filepath.Join(dir, "ballast")); err != nil {
		return nil, err
	}
	answered := logins(w.Proxy, 300)
	_, state, err := logHealth(ctx, analyst)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		return nil, err
	}
	recovered, err := until(30*time.Second, func() (bool, error) {
		_, state, err := logHealth(ctx, analyst)
		return state == "ok", err
	})
	if err != nil {
		return nil, err
	}
	after := logins(w.Proxy, 20)
	recorded, err := settledTotal(ctx, analyst)
	if err != nil {
		return nil, err
	}
	shed, _, err := logHealth(ctx, analyst)
	if err != nil {
		return nil, err
	}
	return []Figure{
		Count("full disk: logins answered", answered, 300),
		Holds("  the Hub's health of the log meanwhile", state, state != "ok", "not ok"),
		AtLeast("  events shed and counted", int(shed), 1),
		Count("  events recorded + shed", int(recorded+shed), 320),
		Within("  log well again after space returned", recovered, 30*time.Second),
		Count("  logins answered afterwards", after, 20),
	}, nil
}

// Fill takes all the space that is left where a file is written.
func Fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 1 << 20; size >= 1; size /= 2 {
		for block := make([]byte, size); err == nil; {
			_, err = file.Write(block)
		}
		err = nil
	}
	return nil
}

func logHealth(ctx context.Context, analyst *Analyst) (shed int64, state string, err error) {
	var health struct {
		Log struct {
			State string `json:"state"`
		} `json:"log"`
		Traffic struct {
			Shed map[string]int64 `json:"shed"`
		} `json:"traffic"`
	}
	err = analyst.get(ctx, "/api/v1/health", url.Values{"environment": {"production"}}, &health)
	for _, n := range health.Traffic.Shed {
		shed += n
	}
	return shed, health.Log.State, err
}
