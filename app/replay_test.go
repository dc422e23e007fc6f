package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wayguard/config"
	"wayguard/event"
	"wayguard/replay"
	"wayguard/state"
	"wayguard/stream"
	"wayguard/world"
)

// events is how many records BenchmarkCompare replays: -events 1000000 is the figure of docs/replay.md.
var events = flag.Int("events", 20_000, "how many recorded events the benchmark of replays has")

// recorded fills a data directory's log with so many events of a generated world, judged by the packs.
func recorded(t testing.TB, count int, data string) {
	t.Helper()
	log, err := stream.OpenDisk(filepath.Join(data, "log"), stream.Options{BufferBytes: 256 << 20, SegmentBytes: 8 << 20, Linger: -1})
	if err != nil {
		t.Fatal(err)
	}
	record(t, log, count)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func record(t testing.TB, log *stream.Disk, count int) {
	t.Helper()
	keys, err := trialKeys()
	if err != nil {
		t.Fatal(err)
	}
	p, problems := compileForTrial(config.Default(), keys)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	options := world.Default(7, max(200, count/40))
	options.Campaigns = world.AllCampaigns(options.Days, 0.2)
	source, memory, turn := world.New(options), state.NewMemory(0), state.NewTurn()
	var item world.Item
	for n := range count {
		if !source.Next(&item) {
			t.Fatalf("the world ended after %d events", n)
		}
		step, err := turn.Observe(t.Context(), memory, p.engine, &item.Event)
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err = log.Enqueue(step.Record); err == nil {
				break
			}
			time.Sleep(time.Millisecond) // the disk is behind
		}
	}
	for deadline := time.Now().Add(time.Minute); log.Durable() < log.Stats().Next-1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the log is not durable")
		}
	}
}

const candidateRules = `
rules:
  - {id: any-login, label: Any Login, severity: suspicious, family: velocity, points: 700, on: [authentication_attempt], when: 'event.status > 0', sentence: "a login"}
  - {id: watch-payments, label: Watched Payment, severity: suspicious, family: outcome, points: 300, mode: shadow, on: [transaction], when: 'event.status > 0', sentence: "a payment"}
  - {id: broken-now, label: Broken, severity: suspicious, family: outcome, points: 300, on: [authentication_attempt], when: 'int(event.host) > 0', sentence: "never"}
settings: {login-velocity.per_minute: 1, login-velocity.per_session: 1}
`

func compared(t testing.TB, o CompareOptions) (replay.Report, []byte) {
	t.Helper()
	out := &bytes.Buffer{}
	world := quietWorld()
	world.Stdout, world.Stderr = out, io.Discard
	o.JSON = true
	if err := Compare(t.Context(), world, o); err != nil {
		t.Fatal(err)
	}
	var report replay.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	return report, out.Bytes()
}

func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "candidate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The same rules differ in nothing, from each other and from what was recorded; other rules differ in what they say, twice
// alike.
func TestCompare(t *testing.T) {
	data := t.TempDir()
	recorded(t, 12_000, data)
	same, _ := compared(t, CompareOptions{Data: data, Rules: written(t, "settings: {}\n")})
	if same.Events != 12_000 || same.Differ != 0 || same.Split != 0 || same.Lost != 0 {
		t.Errorf("%d events, %d differ, %d split, %d lost", same.Events, same.Differ, same.Split, same.Lost)
	}
	for i := range same.Findings {
		if same.Findings[i].Changed() {
			t.Errorf("%s changed without a reason", same.Findings[i].ID)
		}
	}
	options := CompareOptions{Data: data, Rules: written(t, candidateRules), Against: Active}
	report, first := compared(t, options)
	if _, second := compared(t, options); !bytes.Equal(first, second) {
		t.Error("two comparisons differ")
	}
	hits := naively(t, data)
	for i := range report.Findings {
		c := &report.Findings[i]
		switch {
		case c.ID == "any-login":
			if c.Active != replay.Absent || c.Candidate != replay.Live || c.Newly.Sessions != hits.logins || c.Newly.Sessions != c.After || len(c.Newly.Examples) != 10 {
				t.Errorf("any-login hits %+v, want %d", c, hits.logins)
			}
		case c.ID == "login-velocity" && (c.Newly.Sessions == 0 || c.Gone.Sessions > 0):
			t.Errorf("login-velocity %+v", c)
		}
	}
	checkShadow(t, &report, hits)
	if len(report.Errors) != 1 || report.Errors[0].Rule != "broken-now" || report.Errors[0].Active != 0 || report.Errors[0].Candidate == 0 {
		t.Errorf("errors %+v", report.Errors)
	}
	rose := int64(0)
	for _, c := range report.Ratings {
		if c.Candidate < c.Active {
			t.Errorf("%d sessions fell from %s to %s", c.Sessions, c.Active, c.Candidate)
		}
		if c.Candidate > c.Active {
			rose += c.Sessions
		}
	}
	if rose == 0 || report.Sessions != hits.sessions {
		t.Errorf("%d sessions, want %d; %d rose", report.Sessions, hits.sessions, rose)
	}
}

func checkShadow(t *testing.T, report *replay.Report, hits naive) {
	t.Helper()
	for _, s := range report.Shadows {
		if s.ID != "watch-payments" {
			continue
		}
		if s.Sessions != hits.payers || s.Paid != hits.paidAgain || s.Good.Low > s.Good.Permille || s.Good.High < s.Good.Permille {
			t.Errorf("the shadow rule: %+v, want %d sessions of which %d paid again", s, hits.payers, hits.paidAgain)
		}
		return
	}
	t.Error("the shadow rule is not told of")
}

// naive counts what a comparison must come to by looking at each record.
type naive struct{ sessions, logins, payers, paidAgain int64 }

func naively(t *testing.T, data string) naive {
	t.Helper()
	sessions, logins, payers, again := map[event.ID]bool{}, map[event.ID]bool{}, map[event.ID]bool{}, map[event.ID]bool{}
	_, err := eachRecord(t.Context(), data, func(e stream.Entry) error {
		id, ev := e.Record.Session.ID, &e.Record.Event
		sessions[id] = true
		if ev.Type == event.AuthenticationAttempt && ev.HTTP.Status > 0 {
			logins[id] = true
		}
		if ev.Type == event.Transaction && ev.HTTP.Status > 0 {
			again[id] = again[id] || payers[id] && ev.Result == event.Success
			payers[id] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n := naive{sessions: int64(len(sessions)), logins: int64(len(logins)), payers: int64(len(payers))}
	for _, paid := range again {
		if paid {
			n.paidAgain++
		}
	}
	return n
}

// Bounds limit what is compared, not what is remembered; what people marked good is counted; a promoted rule is live.
func TestCompareWithin(t *testing.T) {
	data := t.TempDir()
	recorded(t, 6_000, data)
	all, _ := compared(t, CompareOptions{Data: data, Rules: written(t, candidateRules)})
	middle := all.From.Add(all.To.Sub(*all.From) / 2)
	after, _ := compared(t, CompareOptions{Data: data, Rules: written(t, candidateRules), From: middle})
	before, _ := compared(t, CompareOptions{Data: data, Rules: written(t, candidateRules), To: middle})
	if after.Events != all.Events || after.Counted+before.Counted != all.Counted || after.Counted == 0 || before.Counted == 0 || after.From.Before(middle) {
		t.Errorf("%d and %d of %d events", before.Counted, after.Counted, all.Counted)
	}
	var good []string
	for i := range all.Shadows {
		for _, e := range all.Shadows[i].Examples {
			good = append(good, string(e.Session)+" # known to us")
		}
	}
	path := filepath.Join(t.TempDir(), "good")
	if err := os.WriteFile(path, []byte(strings.Join(good, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	marked, _ := compared(t, CompareOptions{Data: data, Rules: written(t, candidateRules), Good: path, Promote: []string{"refund-without-page"}})
	for i := range marked.Shadows {
		if s := &marked.Shadows[i]; s.MarkedGood < int64(len(s.Examples)) || s.ID == "refund-without-page" {
			t.Errorf("%s: %d marked good of %d", s.ID, s.MarkedGood, s.Sessions)
		}
	}
}

// A policy is compared as one thing, whatever its steps; what only policies name is no finding of its own.
func TestComparePolicies(t *testing.T) {
	data := t.TempDir()
	recorded(t, 200, data)
	const ladder = candidateRules + `
actions:
  - {name: prove, kind: challenge}
  - {name: refuse, kind: block}
  - {name: note, kind: tag, when: {label: Any Login}}
policies:
  - {name: ladder, when: {label: Any Login}, mode: shadow, steps: [{action: prove}, {action: refuse}]}
`
	kinds := func(o CompareOptions) map[string]replay.Mode {
		o.Data, o.Rules = data, written(t, ladder)
		found := map[string]replay.Mode{}
		report, _ := compared(t, o)
		for _, f := range report.Findings {
			if f.Kind == replay.Policy || f.Kind == replay.Action {
				found[string(f.Kind)+" "+f.ID+" "+f.Name] = f.Candidate
			}
		}
		return found
	}
	if got := kinds(CompareOptions{}); len(got) != 2 || got["policy ladder challenge"] != replay.Shadow || got["action note tag"] != replay.Live {
		t.Errorf("findings %v", got)
	}
	if got := kinds(CompareOptions{Promote: []string{"ladder"}}); got["policy ladder challenge"] != replay.Live {
		t.Errorf("promoted: %v", got)
	}
	err := Compare(t.Context(), quietWorld(), CompareOptions{Data: data, Rules: written(t, ladder), Promote: []string{"prove"}})
	if err == nil || !strings.Contains(err.Error(), "prove") {
		t.Errorf("an action without a condition was promoted: %v", err)
	}
}

// What is wrong with a candidate is told.
func TestCompareTellsMistakes(t *testing.T) {
	data := t.TempDir()
	recorded(t, 200, data)
	for name, c := range map[string]struct {
		o    CompareOptions
		want string
	}{
		"no such setting": {CompareOptions{Rules: written(t, "settings: {login-velocity.per_minutes: 3}\n")}, "per_minute"},
		"a typing error":  {CompareOptions{Rules: written(t, "rulez: []\n")}, "rulez"},
		"specs":           {CompareOptions{Rules: written(t, "specs:\n  - {name: x, event: X, type: transaction, match: {method: GET, path: /}}\n")}, "--whole"},
		"mitigation":      {CompareOptions{Rules: written(t, "mitigation: {cookie: seen}\n")}, "--whole"},
		"nothing there":   {CompareOptions{Rules: filepath.Join(data, "none.yaml")}, "none.yaml"},
		"empty folder":    {CompareOptions{Rules: t.TempDir()}, "no .yaml"},
		"promoted":        {CompareOptions{Promote: []string{"nobody"}}, "nobody"},
		"no good":         {CompareOptions{Good: filepath.Join(data, "none")}, "good"},
	} {
		c.o.Data = data
		if err := Compare(t.Context(), quietWorld(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Compare(t.Context(), quietWorld(), CompareOptions{Data: t.TempDir()}); err == nil {
		t.Error("nothing recorded, and no error")
	}
}

// A log is read while another process writes it, when it ends in half a record, and where its oldest part is JSON. Nothing of it
// is changed, and nothing is left behind.
func TestGlance(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	data := t.TempDir()
	dir := filepath.Join(data, "log")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "00000000000000000001.segment")
	if err := os.WriteFile(old, oldSegment(t, 3), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := stream.OpenDisk(dir, stream.Options{Linger: -1, SegmentBytes: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	record(t, log, 3000)
	if got := counted(t, data); got != 3003 {
		t.Errorf("%d records while the log is written, want 3003", got)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(dir, segmentPattern))
	if err != nil || len(segments) < 3 {
		t.Fatal(segments, err)
	}
	newest := segments[len(segments)-1]
	whole, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	torn := whole[:len(whole)-7]
	if err := os.WriteFile(newest, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	// A process was killed as it began another segment.
	if err := os.WriteFile(filepath.Join(dir, "00000000000000009999.segment"), whole[:11], 0o600); err != nil {
		t.Fatal(err)
	}
	if got := counted(t, data); got != 3002 {
		t.Errorf("%d records with a torn tail, want 3002", got)
	}
	if now, err := os.ReadFile(newest); err != nil || !bytes.Equal(now, torn) {
		t.Errorf("the log was repaired: %v", err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func counted(t *testing.T, data string) (count int) {
	t.Helper()
	lost, err := eachRecord(t.Context(), data, func(stream.Entry) error { count++; return nil })
	if err != nil || lost > 0 {
		t.Errorf("%d lost, %v", lost, err)
	}
	return count
}

// oldSegment is a segment of format 1, whose records are JSON.
func oldSegment(t *testing.T, count int) []byte {
	t.Helper()
	table := crc32.MakeTable(crc32.Castagnoli)
	b := append([]byte("WGSTREAM"), 1, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, 1)
	b = append(b, make([]byte, 12)...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, table))
	for n := range count {
		at := time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC)
		r := event.Record{Event: event.Event{ID: event.DeriveID(at, "old"), Environment: "production", Time: at, Type: event.ProductView},
			Session: event.Session{ID: event.DeriveID(at, "old session"), Number: 1, Opened: at, Join: event.Join{By: "opened"}}}
		payload, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		start := len(b)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
		b = append(b, 0, 0, 0, 0)
		b = binary.LittleEndian.AppendUint64(b, uint64(n+1))
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
		b = append(b, payload...)
		binary.LittleEndian.PutUint32(b[start+4:], crc32.Update(crc32.Checksum(b[start:start+4], table), table, b[start+8:]))
	}
	return b
}

// BenchmarkCompare replays recorded events under two sets of rules.
func BenchmarkCompare(b *testing.B) {
	data := b.TempDir()
	recorded(b, *events, data)
	candidate := written(b, candidateRules)
	world, before := quietWorld(), busy(b)
	for b.Loop() {
		if err := Compare(context.Background(), world, CompareOptions{Data: data, Rules: candidate}); err != nil {
			b.Fatal(err)
		}
	}
	// On a machine with other work, the time on the processors says more than that on the wall.
	b.ReportMetric((busy(b)-before).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(*events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// busy is the time that the process has spent on processors.
func busy(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
