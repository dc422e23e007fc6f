package stream_test

import (
	"errors"
	"testing"

	"wayguard/stream"
	"wayguard/stream/streamtest"
)

// seeds are a whole segment, its beginning, and damaged copies of it.
func seeds(f *testing.F) {
	content := stream.Segment(5)
	f.Add(content)
	f.Add(content[:len(content)/2])
	f.Add(content[:41])
	f.Add([]byte(nil))
	f.Add(append(append(append([]byte(nil), content[:66]...), "junk"...), content[66:]...))
	f.Add(append(append([]byte(nil), content[:66]...), content[92:]...))
	for _, at := range []int{3, 50, 70, 90, 120, len(content) - 5} {
		damaged := append([]byte(nil), content...)
		damaged[at] ^= 0x10
		f.Add(damaged)
	}
}

func FuzzInspect(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		last, end, scarred, damage, err := stream.Inspect(content, 1)
		if err != nil {
			return
		}
		if end > int64(max(len(content), 40)) || (last == 0) != (end == 40) {
			t.Fatalf("last %d ends at byte %d of %d", last, end, len(content))
		}
		lost := stream.Position(0)
		for _, d := range damage {
			if d.First > d.Last || d.First <= lost || d.Last >= last {
				t.Fatalf("damage %+v in records up to %d", d, last)
			}
			lost = d.Last
		}
		if last == 0 || scarred {
			return // taken out of the way, or left as it is
		}
		again, size, scarred, _, err := stream.Inspect(content[:end], 1)
		if err != nil || again != last || size != end || scarred || len(damage) > 0 {
			t.Fatalf("what was kept reads as %d to byte %d, %v, %v; it was %d to %d", again, size, scarred, err, last, end)
		}
	})
}

func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		for after, steps := stream.Position(0), 0; ; steps++ {
			entries, err := stream.Passage(content, 1, 5, after, 2)
			var damage *stream.CorruptError
			if errors.As(err, &damage) {
				if damage.Last <= after || damage.Last > 5 || damage.First != after+1 {
					t.Fatalf("after %d: %v", after, damage)
				}
				after = damage.Last
				continue
			}
			if err != nil || len(entries) == 0 {
				if after != 5 {
					t.Fatalf("reading ended at %d: %v", after, err)
				}
				return
			}
			for _, entry := range entries {
				if entry.Position != after+1 || entry.Position > 5 {
					t.Fatalf("position %d follows %d", entry.Position, after)
				}
				after = entry.Position
			}
			if steps > 10 {
				t.Fatal("reading does not come to an end")
			}
		}
	})
}

func BenchmarkAppendOne(b *testing.B) {
	log, record := openDisk(b, b.TempDir(), stream.Options{}), streamtest.Record(1)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := log.Append(b.Context(), record); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkEnqueue(b *testing.B) {
	log, record := openDisk(b, b.TempDir(), stream.Options{}), streamtest.Record(1)
	var last stream.Position
	for b.Loop() {
		pos, err := log.Enqueue(record)
		for errors.Is(err, stream.ErrFull) {
			if err := log.Wait(b.Context(), log.Durable()); err != nil {
				b.Fatal(err)
			}
			pos, err = log.Enqueue(record)
		}
		if err != nil {
			b.Fatal(err)
		}
		last = pos
	}
	if err := log.Wait(b.Context(), last-1); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkRead(b *testing.B) {
	log := openDisk(b, b.TempDir(), stream.Options{})
	records := make([]int, 5000)
	for n := range records {
		if _, err := log.Enqueue(streamtest.Record(n)); err != nil {
			b.Fatal(err)
		}
	}
	if err := log.Wait(b.Context(), stream.Position(len(records)-1)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for after := stream.Position(0); ; {
			entries, err := log.Read(b.Context(), after, 1000)
			if err != nil {
				b.Fatal(err)
			}
			if len(entries) == 0 {
				break
			}
			after = entries[len(entries)-1].Position
		}
	}
	b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "records/s")
}
