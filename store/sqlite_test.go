package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/store"
	"wayguard/store/storetest"
)

var _ storetest.Store = (*store.SQLite)(nil)

func open(t *testing.T, path string, opts store.Options) *store.SQLite {
	t.Helper()
	s, err := store.Open(context.Background(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // may be closed already
	return s
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (storetest.Store, func() storetest.Store) {
		path := filepath.Join(t.TempDir(), "settings.db")
		s := open(t, path, store.Options{})
		return s, func() storetest.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, path, store.Options{})
		}
	})
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd name?&#%20")
	path := filepath.Join(dir, "settings.db")
	s := open(t, path, store.Options{})
	if err := s.SetSetting(context.Background(), "", "a", "b", time.Now()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v: expected the database and its write-ahead log", files, err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", file.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder has mode %v, %v", info.Mode(), err)
	}
}

// lock takes the write lock as another process would, until the test ends or release is called.
func lock(t *testing.T, path string) (release func()) {
	t.Helper()
	other, err := sql.Open("sqlite", path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := other.Begin()
	if err != nil {
		t.Fatal(err)
	}
	release = func() { _ = errors.Join(tx.Rollback(), other.Close()) }
	t.Cleanup(release)
	return release
}

func TestLockedDatabaseIsSaidClearlyAndRecovers(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "settings.db")
	s := open(t, path, store.Options{BusyTimeout: 30 * time.Millisecond})
	release := lock(t, path)
	err := s.SetSetting(ctx, "", "a", "b", time.Unix(1, 0))
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "locked by another process") {
		t.Errorf("a locked database gave %v", err)
	}
	if _, err := s.SaveObject(ctx, store.Key{Kind: "k", Name: "n"}, nil, store.Note{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a locked database gave %v in a transaction", err)
	}
	if _, err := store.Open(ctx, filepath.Join(t.TempDir(), "free.db"), store.Options{}); err != nil {
		t.Errorf("another database is not concerned: %v", err)
	}
	release()
	if err := s.SetSetting(ctx, "", "a", "b", time.Unix(1, 0)); err != nil {
		t.Errorf("after the lock was released: %v", err)
	}
}

func TestOpeningALockedNewDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.db")
	lock(t, path)
	if _, err := store.Open(context.Background(), path, store.Options{BusyTimeout: 20 * time.Millisecond}); !errors.Is(err,
		store.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("opening gave %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, garbage, store.Options{}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a file of prose gave %v, want ErrCorrupt", err)
	}
	if text, err := os.ReadFile(garbage); err != nil || !strings.HasPrefix(string(text), "not a database") {
		t.Error("the refused file was changed")
	}
	if _, err := store.Open(ctx, t.TempDir(), store.Options{}); err == nil {
		t.Error("a folder was opened")
	}
	newer := filepath.Join(t.TempDir(), "newer.db")
	if err := open(t, newer, store.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, newer, store.Options{}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a newer schema gave %v, want ErrNewer", err)
	}
}

func TestFullDiskChangesNothing(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "settings.db")
	if err := open(t, path, store.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, path, store.Options{})
	if err := s.CapPages(ctx, 40); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 100_000)
	key := store.Key{Environment: "production", Kind: "list", Name: "big"}
	var saved int64
	var err error
	for err == nil && saved < 100 {
		if _, err = s.SaveObject(ctx, key, body, store.Note{}); err == nil {
			saved++
		}
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("a full disk gave %v after %d objects", err, saved)
	}
	if err := s.CapPages(ctx, 4000); err != nil {
		t.Fatal(err)
	}
	if n, err := s.SaveObject(ctx, key, body, store.Note{}); err != nil || n != saved+1 {
		t.Errorf("with space again: version %d, %v; want %d", n, err, saved+1)
	}
}

func TestErrorsHoldNoValues(t *testing.T) {
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), "settings.db"), store.Options{})
	u := access.User{ID: "u", Email: "secret@shop.example", PasswordHash: "$argon2id$secret",
		Grants: map[event.Environment]access.Role{}}
	if err := s.CreateUser(ctx, u); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateUser(ctx, u); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v", err)
	}
}

func TestCancelledContext(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "settings.db"), store.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.SetSetting(ctx, "", "a", "b", time.Unix(1, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gave %v", err)
	}
	if err := s.SetSetting(context.Background(), "", "a", "b", time.Unix(1, 0)); err != nil {
		t.Errorf("the next statement gave %v", err)
	}
}
