package stream_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"wayguard/stream"
	"wayguard/stream/streamtest"
)

// written makes a log of n records, each durable before the next, and gives its segments.
func written(t testing.TB, dir string, n int, segmentBytes int64) []string {
	t.Helper()
	log := openDisk(t, dir, stream.Options{SegmentBytes: segmentBytes})
	for i := range n {
		if _, err := log.Append(context.Background(), streamtest.Record(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.segment"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	return paths
}

func edit(t *testing.T, path string, change func(content []byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// readable reads on over damage: the records that can be read, and the positions that cannot.
func readable(t *testing.T, log stream.Reader) (kept []stream.Entry, lost int) {
	t.Helper()
	after := stream.Position(0)
	for range 1000 {
		entries, err := log.Read(context.Background(), after, 3)
		var damage *stream.CorruptError
		switch {
		case errors.As(err, &damage):
			if damage.First != after+1 || damage.Last < damage.First || damage.Segment == "" {
				t.Fatalf("after %d: %v", after, damage)
			}
			lost += int(damage.Last - damage.First + 1)
			after = damage.Last
		case err != nil:
			t.Fatal(err)
		case len(entries) == 0:
			return kept, lost
		default:
			for _, entry := range entries {
				streamtest.Same(t, entry, int(entry.Position)-1)
			}
			kept, after = append(kept, entries...), entries[len(entries)-1].Position
		}
	}
	t.Fatal("reading does not come to an end")
	return nil, 0
}

func TestTornTailIsCutOffAtEveryByte(t *testing.T) {
	source := t.TempDir()
	path := written(t, source, 4, 0)[0]
	name := filepath.Base(path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for cut := 0; cut < len(content); cut += 1 + random.IntN(80) {
		for _, junk := range [][]byte{nil, make([]byte, 100), []byte("junk of another file")} {
			dir := t.TempDir()
			torn := append(append([]byte(nil), content[:cut]...), junk...)
			if err := os.WriteFile(filepath.Join(dir, name), torn, 0o600); err != nil {
				t.Fatal(err)
			}
			log := openDisk(t, dir, stream.Options{})
			whole := len(streamtest.All(t, log, 0))
			streamtest.Fill(t, log, whole, whole+2)
			kept, lost := readable(t, log)
			if len(kept) != whole+2 || lost != 0 || whole > 3 || len(log.Recovered().Damaged) != 0 {
				t.Fatalf("cut at %d: %d whole, %d kept, %d lost", cut, whole, len(kept), lost)
			}
			if torn := log.Recovered().Torn; torn > int64(len(content)+100) || torn == 0 && len(junk) > 0 {
				t.Fatalf("cut at %d: %d torn bytes", cut, torn)
			}
		}
	}
}

func TestDamageToAcknowledgedRecordsIsReportedNotCutOff(t *testing.T) {
	const n = 12
	for name, segmentBytes := range map[string]int64{"newest segment": 0, "several segments": 3000} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			paths := written(t, dir, n, segmentBytes)
			edit(t, paths[0], func(content []byte) []byte {
				content[len(content)/2] ^= 1
				return content
			})
			log := openDisk(t, dir, stream.Options{SegmentBytes: segmentBytes})
			streamtest.Fill(t, log, n, n+3)
			kept, lost := readable(t, log)
			if lost != 1 || len(kept) != n+2 {
				t.Fatalf("a flipped bit lost %d records and left %d", lost, len(kept))
			}
			if reported := len(log.Recovered().Damaged); reported != 0 == (segmentBytes > 0) {
				t.Errorf("opening reported %d damages", reported)
			}
			if log.Recovered().Torn != 0 {
				t.Errorf("%d bytes were cut off", log.Recovered().Torn)
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			log = openDisk(t, dir, stream.Options{SegmentBytes: segmentBytes})
			if again, lost := readable(t, log); len(again) != n+2 || lost != 1 {
				t.Errorf("opened again, %d records are left and %d lost", len(again), lost)
			}
		})
	}
}

func TestRandomDamageNeverInventsOrReordersRecords(t *testing.T) {
	const n = 20
	random, template := rand.New(rand.NewPCG(3, 4)), t.TempDir()
	written(t, template, n, 5000)
	for range 40 {
		dir := filepath.Join(t.TempDir(), "log")
		if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
			t.Fatal(err)
		}
		paths, err := filepath.Glob(filepath.Join(dir, "*.segment"))
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + random.IntN(3) {
			edit(t, paths[random.IntN(len(paths))], func(content []byte) []byte {
				from := random.IntN(len(content))
				to := min(from+1+random.IntN(400), len(content))
				switch random.IntN(3) {
				case 0:
					for i := from; i < to; i++ {
						content[i] = byte(random.Uint32())
					}
				case 1:
					clear(content[from:to])
				default:
					content = append(content[:from:from], content[to:]...)
				}
				return append(content, 0)[:max(len(content), 1)]
			})
		}
		log := openDisk(t, dir, stream.Options{AtLeast: n})
		if _, err := log.Append(context.Background(), streamtest.Record(int(log.Stats().Next)-1)); err != nil {
			t.Fatal(err)
		}
		kept, _ := readable(t, log) // checks each record against its position
		for i := 1; i < len(kept); i++ {
			if kept[i].Position <= kept[i-1].Position {
				t.Fatalf("position %d follows %d", kept[i].Position, kept[i-1].Position)
			}
		}
		if len(kept) == 0 || kept[len(kept)-1].Position < n {
			t.Fatalf("the new record cannot be read: %d entries", len(kept))
		}
	}
}

func TestMissingSegmentIsReported(t *testing.T) {
	dir := t.TempDir()
	paths := written(t, dir, 12, 2000)
	if err := os.Remove(paths[1]); err != nil {
		t.Fatal(err)
	}
	kept, lost := readable(t, openDisk(t, dir, stream.Options{}))
	if lost == 0 || len(kept)+lost != 12 {
		t.Errorf("%d records kept, %d reported lost", len(kept), lost)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "00000000000000000001.segment"), stream.NewerHeader(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.OpenDisk(dir, stream.Options{}); err == nil {
		t.Error("a segment of a newer format was opened")
	}
}

func TestStrangeFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "x.segment", "00000000000000000000.segment", "99999999999999999999.segment"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := openDisk(t, dir, stream.Options{})
	streamtest.Fill(t, log, 0, 1)
	if files, err := os.ReadDir(dir); err != nil || len(files) != 6 || log.Durable() != 1 {
		t.Errorf("%d files, %v, durable %d", len(files), err, log.Durable())
	}
}
