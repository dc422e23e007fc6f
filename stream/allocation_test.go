package stream

import (
	"errors"
	"testing"
	"time"

	"wayguard/event"
)

// TestEnqueueDoesNotAllocate counts what a record costs once the buffers have grown; the writer's own, a few for each
// batch, are shared by its records.
func TestEnqueueDoesNotAllocate(t *testing.T) {
	d, err := OpenDisk(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	record := event.Record{Event: event.Event{ID: "id", Name: "Login", Elements: []event.Element{{Name: "email", Value: "ann@mail.example"}}},
		Session: event.Session{Labels: []string{"a", "b"}}}
	record.Event.Time = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	enqueue := func() {
		if _, err := d.Enqueue(record); err != nil && !errors.Is(err, ErrFull) {
			t.Fatal(err)
		}
	}
	if allocations := testing.AllocsPerRun(20_000, enqueue); allocations >= 1 {
		t.Errorf("%v allocations a record", allocations)
	}
}
