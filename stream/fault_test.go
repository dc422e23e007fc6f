package stream_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wayguard/stream"
	"wayguard/stream/streamtest"
)

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func faulty(t *testing.T, dir string, disk *stream.FaultyDisk, opts stream.Options) *stream.Disk {
	t.Helper()
	opts.Retry = time.Millisecond
	return openDisk(t, dir, stream.Faulty(opts, disk))
}

// intact closes the log, opens its folder with a good disk and checks that it holds the records 0 to n-1, each once.
func intact(t *testing.T, log *stream.Disk, dir string, n int) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		again := openDisk(t, dir, stream.Options{})
		all := streamtest.All(t, again, 0)
		if len(all) != n || len(again.Recovered().Damaged) != 0 {
			t.Fatalf("%d records, want %d; recovery %+v", len(all), n, again.Recovered())
		}
		for i, entry := range all {
			if entry.Position != stream.Position(i+1) {
				t.Fatalf("record %d has position %d", i, entry.Position)
			}
			streamtest.Same(t, entry, i)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFullDiskHoldsBackShedsAndRecovers(t *testing.T) {
	dir, disk := t.TempDir(), &stream.FaultyDisk{Capacity: 20_000}
	log := faulty(t, dir, disk, stream.Options{BufferBytes: 10_000, SegmentBytes: 6000})
	accepted, acknowledged := 0, stream.Position(0)
	var refused error
	eventually(t, "the full disk fills the buffer", func() bool {
		if _, err := log.Enqueue(streamtest.Record(accepted)); err != nil {
			refused = err
			return errors.Is(err, stream.ErrFull) && log.Stats().Failure != nil
		}
		accepted++
		acknowledged = max(acknowledged, log.Durable())
		return false
	})
	_, refused = log.Enqueue(streamtest.Record(accepted))
	if !errors.Is(refused, stream.ErrFull) || !errors.Is(refused, syscall.ENOSPC) {
		t.Errorf("a full buffer says %v, want ErrFull because of ENOSPC", refused)
	}
	s := log.Stats()
	if s.Full == 0 || s.Failures == 0 || s.Buffered > 10_000 || s.Durable < acknowledged || int(s.Durable) >= accepted {
		t.Errorf("stats are %+v with %d accepted", s, accepted)
	}
	if got := len(streamtest.All(t, log, 0)); got != int(s.Durable) {
		t.Errorf("%d records can be read, %d are durable", got, s.Durable)
	}
	ctx, cancel := context.WithCancel(context.Background())
	failing := make(chan error, 1)
	go func() { failing <- log.Wait(ctx, s.Durable) }()
	cancel()
	if err := <-failing; !errors.Is(err, context.Canceled) {
		t.Errorf("while the disk is full, Wait gave %v", err)
	}

	disk.Set(func(d *stream.FaultyDisk) { d.Capacity = -1 })
	eventually(t, "all accepted records become durable", func() bool { return int(log.Durable()) == accepted })
	eventually(t, "the failure is over", func() bool { return log.Stats().Failure == nil })
	streamtest.Fill(t, log, accepted, accepted+10)
	intact(t, log, dir, accepted+10)
}

func TestFullDiskMakesRoomFromConsumedSegments(t *testing.T) {
	dir, disk := t.TempDir(), &stream.FaultyDisk{Capacity: 20_000}
	log := faulty(t, dir, disk, stream.Options{SegmentBytes: 2000})
	streamtest.Fill(t, log, 0, 8)
	if err := log.TrimBefore(8); err != nil {
		t.Fatal(err)
	}
	if first := log.Stats().First; first != 1 {
		t.Fatalf("the first record is %d before the disk is full", first)
	}
	for n := 8; n < 40; n++ { // needs far more than the disk has
		streamtest.Fill(t, log, n, n+1)
		if err := log.TrimBefore(stream.Position(n)); err != nil {
			t.Fatal(err)
		}
	}
	if s := log.Stats(); s.First == 1 || s.Lost != 0 || s.Durable != 40 {
		t.Errorf("stats are %+v", s)
	}
}

func TestFailuresOfEveryKindLoseNothing(t *testing.T) {
	for name, fail := range map[string]func(d *stream.FaultyDisk){
		"fsync":                         func(d *stream.FaultyDisk) { d.Syncs = 1 },
		"fsync three times":             func(d *stream.FaultyDisk) { d.Syncs = 3 },
		"fsync and cutting off":         func(d *stream.FaultyDisk) { d.Syncs, d.Truncates = 2, -1 },
		"fsync, cutting off, removing":  func(d *stream.FaultyDisk) { d.Syncs, d.Truncates, d.Removes = 2, -1, 1 },
		"creating after fsync":          func(d *stream.FaultyDisk) { d.Syncs, d.Creates = 1, 3 },
		"the folder's fsync":            func(d *stream.FaultyDisk) { d.Syncs, d.Folders = 1, 3 },
		"the folder's fsync, removing":  func(d *stream.FaultyDisk) { d.Syncs, d.Folders, d.Removes = 1, 2, 2 },
		"a write cut short":             func(d *stream.FaultyDisk) { d.Capacity = 8_000 },
		"a write cut short, not undone": func(d *stream.FaultyDisk) { d.Capacity, d.Truncates = 8_000, 1 },
	} {
		for _, at := range []int{0, 6} {
			t.Run(name, func(t *testing.T) {
				dir, disk := t.TempDir(), &stream.FaultyDisk{Capacity: -1}
				log := faulty(t, dir, disk, stream.Options{SegmentBytes: 50_000})
				streamtest.Fill(t, log, 0, at)
				disk.Set(fail)
				for n := at; n < at+10; n++ {
					if _, err := log.Enqueue(streamtest.Record(n)); err != nil {
						t.Fatal(err)
					}
				}
				eventually(t, "the failure is noticed", func() bool { return log.Stats().Failures > 0 })
				disk.Set(func(d *stream.FaultyDisk) { d.Capacity = -1 })
				eventually(t, "all are durable", func() bool { return int(log.Durable()) == at+10 })
				if got := len(streamtest.All(t, log, 0)); got != at+10 {
					t.Errorf("%d records can be read, want %d", got, at+10)
				}
				disk.Set(func(d *stream.FaultyDisk) { d.Truncates = 0 })
				intact(t, log, dir, at+10)
			})
		}
	}
}

func TestFailedFsyncIsNeverTriedOnTheSameFile(t *testing.T) {
	dir, disk := t.TempDir(), &stream.FaultyDisk{Capacity: -1}
	log := faulty(t, dir, disk, stream.Options{})
	streamtest.Fill(t, log, 0, 3)
	disk.Set(func(d *stream.FaultyDisk) { d.Syncs = 1 })
	streamtest.Fill(t, log, 3, 4)
	if files, err := filepath.Glob(filepath.Join(dir, "*.segment")); err != nil || len(files) != 2 {
		t.Errorf("after a failed fsync there are %d segments, %v; want a new one", len(files), err)
	}
	intact(t, log, dir, 4)
}

func TestCloseOnADeadDiskSaysWhatWasNotWritten(t *testing.T) {
	dir, disk := t.TempDir(), &stream.FaultyDisk{Capacity: -1}
	log, err := stream.OpenDisk(dir, stream.Faulty(stream.Options{Linger: -1, Retry: time.Millisecond}, disk))
	if err != nil {
		t.Fatal(err)
	}
	streamtest.Fill(t, log, 0, 2)
	disk.Set(func(d *stream.FaultyDisk) { d.Syncs = -1 })
	for n := 2; n < 5; n++ {
		if _, err := log.Enqueue(streamtest.Record(n)); err != nil {
			t.Fatal(err)
		}
	}
	waiting := make(chan error, 1)
	go func() { waiting <- log.Wait(context.Background(), 2) }()
	if err := log.Close(); err == nil || !strings.Contains(err.Error(), "3 records were not made durable") {
		t.Errorf("Close says %v", err)
	}
	if err := <-waiting; !errors.Is(err, stream.ErrClosed) {
		t.Errorf("who waited got %v", err)
	}
	again := openDisk(t, dir, stream.Options{})
	if all := streamtest.All(t, again, 0); len(all) < 2 {
		t.Errorf("%d records are left, two were acknowledged", len(all))
	}
}
