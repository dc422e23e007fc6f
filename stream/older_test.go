package stream_test

import (
	"os"
	"path/filepath"
	"testing"

	"wayguard/stream"
	"wayguard/stream/streamtest"
)

// TestLogOfAnOlderVersion opens a log whose records are JSON, goes on writing, and reads both kinds, before and after the
// log is opened again. The old segment is not written to.
func TestLogOfAnOlderVersion(t *testing.T) {
	dir := t.TempDir()
	old, err := stream.OldSegment(streamtest.Record(0), streamtest.Record(1), streamtest.Record(2))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "00000000000000000001.segment")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	for n := 3; n < 9; n += 2 {
		log := openDisk(t, dir, stream.Options{})
		if found := log.Recovered(); found.Torn > 0 || len(found.Damaged) > 0 {
			t.Fatalf("%+v", found)
		}
		if pos, err := log.Append(t.Context(), streamtest.Record(n), streamtest.Record(n+1)); err != nil || pos != stream.Position(n+2) {
			t.Fatalf("%d, %v", pos, err)
		}
		var entries []stream.Entry
		for len(entries) < n+2 {
			more, err := log.Read(t.Context(), stream.Position(len(entries)), 100)
			if err != nil || len(more) == 0 {
				t.Fatalf("%d entries, %v", len(entries), err)
			}
			entries = append(entries, more...)
		}
		for i, entry := range entries {
			streamtest.Same(t, entry, i)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(old) {
		t.Errorf("the old segment has %d bytes, it had %d: %v", len(now), len(old), err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*.segment")); err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
}
