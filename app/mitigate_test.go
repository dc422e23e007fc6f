package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wayguard/config"
	"wayguard/policy"
)

// mitigated is a house with nothing but what mitigation needs.
func mitigated(t *testing.T, dir string, said *strings.Builder) *house {
	t.Helper()
	c := config.Default()
	c.Data = dir
	m, err := newMitigator([]byte("a secret of a test, long enough"), c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.enrich.Close)
	return &house{config: c, mitigator: m, world: World{Stdout: said, Now: time.Now, Logger: slog.New(slog.NewTextHandler(said, nil))}}
}

// Who is spared and that everything is stopped survives a restart.
func TestMitigationIsKept(t *testing.T) {
	dir := t.TempDir()
	var said strings.Builder
	h := mitigated(t, dir, &said)
	if err := h.mitigator.control.Stop(time.Now().Add(time.Hour), "it is too much", "anna"); err != nil {
		t.Fatal(err)
	}
	if err := h.mitigator.control.Spare(policy.ScopeSession, "a-session", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := h.saveMitigation(); err != nil {
		t.Fatal(err)
	}
	next := mitigated(t, dir, &said)
	next.loadMitigation()
	if halt := next.mitigator.control.Halted(time.Now()); halt == nil || halt.Who != "anna" || len(next.mitigator.control.Spared()) != 1 {
		t.Errorf("after the restart the stop is %+v, spared are %v", halt, next.mitigator.control.Spared())
	}
	if err := os.WriteFile(filepath.Join(dir, mitigationFile), []byte(`{"version": 99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := mitigated(t, dir, &said)
	damaged.loadMitigation()
	if damaged.mitigator.control.Halted(time.Now()) != nil || !strings.Contains(said.String(), "cannot be read") {
		t.Errorf("a damaged file was taken, or nobody was told:\n%s", said.String())
	}
}

// The command line stops a running process by a file, and only a new order counts.
func TestStopFile(t *testing.T) {
	dir := t.TempDir()
	var said strings.Builder
	h := mitigated(t, dir, &said)
	if err := StopMitigation(h.world, dir, time.Hour, "too much", "anna"); err == nil {
		t.Error("a folder that is no data directory was taken")
	}
	if err := os.WriteFile(filepath.Join(dir, tenantFile), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, span := range []time.Duration{0, -time.Minute, 8 * 24 * time.Hour} {
		if err := StopMitigation(h.world, dir, span, "too much", "anna"); err == nil {
			t.Errorf("a stop of %s was taken", span)
		}
	}
	if err := StopMitigation(h.world, dir, time.Hour, "too much", "anna"); err != nil {
		t.Fatal(err)
	}
	h.obeyStopFile()
	if halt := h.mitigator.control.Halted(time.Now()); halt == nil || halt.Why != "too much" || halt.Who != "anna" {
		t.Fatalf("the stop is %+v", halt)
	}
	h.mitigator.control.Go()
	if h.obeyStopFile(); h.mitigator.control.Halted(time.Now()) != nil {
		t.Error("an old order counted again")
	}
	if err := h.mitigator.control.Stop(time.Now().Add(time.Hour), "again", "berta"); err != nil {
		t.Fatal(err)
	}
	if err := ResumeMitigation(h.world, dir, "anna"); err != nil {
		t.Fatal(err)
	}
	if h.obeyStopFile(); h.mitigator.control.Halted(time.Now()) != nil {
		t.Error("mitigation does not go on")
	}
	if err := os.WriteFile(filepath.Join(dir, stopFile), []byte(`{"untill": "tomorrow"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if h.obeyStopFile(); !strings.Contains(said.String(), "cannot be understood") {
		t.Errorf("nobody was told of a file that cannot be understood:\n%s", said.String())
	}
}
