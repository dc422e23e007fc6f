package state_test

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"wayguard/state"
)

// collection is the CPU that one garbage collection takes, told by the runtime.
func collection() time.Duration {
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	const rounds = 5
	runtime.GC()
	metrics.Read(sample)
	before := sample[0].Value.Float64()
	for range rounds {
		runtime.GC()
	}
	metrics.Read(sample)
	return time.Duration((sample[0].Value.Float64() - before) / rounds * float64(time.Second))
}

// sessions fills a store with so many live sessions: each with its cookie, its address and headers, and an account.
func sessions(tb testing.TB, m *state.Memory, count int) {
	tb.Helper()
	ctx, value := context.Background(), make([]byte, 420)
	expires := time.Unix(2e9, 0)
	for i := range count {
		session := fmt.Sprintf("s\x00production\x0001935a8e-0000-7000-8000-%012d", i)
		if _, err := m.Commit(ctx, []state.Entry{
			{Key: session, Value: value[:300+i%120], Expires: expires},
			{Key: fmt.Sprintf("t\x00production\x00cookie:sid\x00%032x", i), Value: value[:36], Ref: session, Expires: expires},
			{Key: fmt.Sprintf("f\x00production\x00%032x", i), Ref: session, Expires: expires},
			{Key: fmt.Sprintf("e\x00production\x00username\x00visitor.%d", i), Value: value[:420], Expires: expires},
		}); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkCollectMillion is what a garbage collection costs with a million live sessions, four million entries, in the store;
// the goal is 10 ms. It reports the CPU, and the memory per session.
func BenchmarkCollectMillion(b *testing.B) {
	empty := collection()
	m := state.NewMemory(5_000_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sessions(b, m, 1_000_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		runtime.GC()
	}
	b.ReportMetric(float64(collection().Microseconds())/1000, "ms-cpu/gc")
	b.ReportMetric(float64(empty.Microseconds())/1000, "ms-cpu/gc-empty")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "bytes/session")
	if stats := m.Stats(); stats.Entries != 4_000_000 {
		b.Fatalf("%+v", stats)
	}
}

// What the store holds is not looked at by the garbage collector: the objects that it allocates are few, and without pointers.
func TestStoreHasFewObjects(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := state.NewMemory(0)
	sessions(t, m, 10_000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapObjects) - int64(before.HeapObjects); n > 1500 {
		t.Errorf("40,000 entries are %d objects", n)
	}
	if stats := m.Stats(); stats.Entries != 40_000 {
		t.Errorf("%+v", stats)
	}
}

// Loading and committing what is there takes no memory.
func TestCommitMakesNoGarbage(t *testing.T) {
	ctx, m := context.Background(), state.NewMemory(0)
	sessions(t, m, 100)
	keys := []string{fmt.Sprintf("t\x00production\x00cookie:sid\x00%032x", 7), "e\x00production\x00username\x00visitor.7", "not there"}
	var batch state.Batch
	if n := testing.AllocsPerRun(100, func() {
		entries, err := m.LoadInto(ctx, &batch, keys)
		if err != nil || len(entries) != 4 || entries[3].Version == 0 {
			t.Fatal(entries, err)
		}
		if _, err := m.Commit(ctx, entries[:2]); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// BenchmarkLoadCommit is the store's part of one event: ten keys of one of many visitors.
func BenchmarkLoadCommit(b *testing.B) {
	ctx, m := context.Background(), state.NewMemory(0)
	const visitors = 20_000
	sessions(b, m, visitors)
	var batch state.Batch
	keys := make([][]string, visitors)
	for i := range keys {
		n := i * 7919 % visitors
		keys[i] = []string{fmt.Sprintf("t\x00production\x00cookie:sid\x00%032x", n), fmt.Sprintf("f\x00production\x00%032x", n)}
		for k := range 8 {
			keys[i] = append(keys[i], fmt.Sprintf("e\x00production\x00username\x00visitor.%d", (n+k*997)%visitors))
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		entries, err := m.LoadInto(ctx, &batch, keys[i%visitors])
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Commit(ctx, entries); err != nil {
			b.Fatal(err)
		}
	}
}
