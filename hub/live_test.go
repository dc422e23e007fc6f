package hub

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
)

// listener reads one live stream and hands on its messages.
type listener struct {
	messages chan [2]string // name, data; a comment's name is ":"
	end      chan error
}

func listen(t *testing.T, body io.ReadCloser) *listener {
	t.Helper()
	l := &listener{messages: make(chan [2]string, 1000), end: make(chan error, 1)}
	t.Cleanup(func() { body.Close() })
	go func() {
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, 1<<20)
		name := ""
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "event: "):
				name = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				l.messages <- [2]string{name, line[len("data: "):]}
			case strings.HasPrefix(line, ":"):
				l.messages <- [2]string{":", line}
			}
		}
		l.end <- lines.Err()
	}()
	return l
}

// next waits for a message of that name and passes over others.
func (l *listener) next(t *testing.T, name string) string {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case message := <-l.messages:
			if message[0] == name {
				return message[1]
			}
		case err := <-l.end:
			t.Fatalf("the stream ended before %s: %v", name, err)
		case <-deadline:
			t.Fatalf("no %s within ten seconds", name)
		}
	}
}

func (l *listener) ends(t *testing.T) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case <-l.messages:
		case <-l.end:
			return
		case <-deadline:
			t.Fatal("the stream goes on")
		}
	}
}

func livePath(env event.Environment) string { return base + "/live?environment=" + string(env) }

func sampleRecord(env event.Environment, number int64) event.Record {
	at := sampleNow()
	return event.Record{
		Event:   event.Event{ID: event.DeriveID(at, fmt.Sprint(number)), Environment: env, Time: at, Name: "Login", Type: event.AuthenticationAttempt},
		Session: event.Session{ID: event.DeriveID(at, "session"), Number: number},
		Verdict: event.Verdict{Rating: event.Suspicious, Labels: []event.Label{{Name: "Seen"}, {Name: "Not obeyed", Shadow: true}}},
	}
}

// quick makes the streams of a house fast enough for a test.
func quick(b *house) *house {
	b.hub.pace = pace{batch: 20 * time.Millisecond, health: 50 * time.Millisecond, heartbeat: 70 * time.Millisecond}
	return b
}

func TestLiveTellsRecordsOfItsEnvironment(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	quick(b)
	response := b.fetch(t, livePath(sampleEnvironment), token, nil)
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream; charset=utf-8" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", response.Header)
	}
	l := listen(t, response.Body)
	if health := l.next(t, "health"); !strings.Contains(health, `"lag_records":12`) {
		t.Errorf("health %s", health)
	}
	b.hub.Publish(sampleRecord("staging", 1))
	b.hub.Publish(sampleRecord(sampleEnvironment, 2))
	var batch liveBatch
	if err := json.Unmarshal([]byte(l.next(t, "records")), &batch); err != nil {
		t.Fatal(err)
	}
	if len(batch.Records) != 1 || batch.Records[0].Number != 2 || batch.Records[0].Rating != event.Suspicious ||
		fmt.Sprint(batch.Records[0].Labels) != "[Seen]" || batch.Skipped != 0 {
		t.Errorf("batch %+v", batch)
	}
	// It outlives the server's own timeouts (300 ms here), by health and heartbeats that keep coming.
	for range 10 {
		l.next(t, "health")
	}
	l.next(t, ":")
	b.hub.Publish(sampleRecord(sampleEnvironment, 3))
	if last := l.next(t, "records"); !strings.Contains(last, `"number":3`) {
		t.Errorf("later batch %s", last)
	}
}

func TestLiveEndsWithTheLogin(t *testing.T) {
	for name, undo := range map[string]func(b *house){
		"logged out": func(b *house) { b.store.live = map[string]access.Login{} },
		"role taken away": func(b *house) {
			for id, user := range b.store.people {
				b.store.people[id] = withGrant(user, sampleEnvironment, "")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, token := loggedIn(t, access.Viewer)
			l := listen(t, quick(b).fetch(t, livePath(sampleEnvironment), token, nil).Body)
			l.next(t, "health")
			b.store.mu.Lock()
			undo(b)
			b.store.mu.Unlock()
			l.ends(t)
		})
	}
}

func TestLiveGoesOnWhileTheStoreIsDown(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	l := listen(t, quick(b).fetch(t, livePath(sampleEnvironment), token, nil).Body)
	b.store.mu.Lock()
	b.store.err = errors.New("disk full")
	b.store.mu.Unlock()
	for range 5 {
		l.next(t, "health")
	}
}

func TestSlowStreamsSkipAndNeverBlock(t *testing.T) {
	broker := newBroker()
	slow, err := broker.subscribe(sampleEnvironment, "slow")
	if err != nil {
		t.Fatal(err)
	}
	const published = 5*batchRecords + 17
	for i := range published { // nobody reads; if this could block, the test would hang
		record := sampleRecord(sampleEnvironment, int64(i))
		broker.publish(&record)
	}
	batch := slow.take()
	if len(batch.Records) != batchRecords || batch.Skipped != published-batchRecords {
		t.Fatalf("%d records, %d skipped", len(batch.Records), batch.Skipped)
	}
	for i, record := range batch.Records {
		if record.Number != int64(published-batchRecords+i) {
			t.Fatalf("record %d has number %d: not the newest in order", i, record.Number)
		}
	}
	if empty := slow.take(); len(empty.Records) != 0 || empty.Skipped != 0 {
		t.Errorf("taken twice: %+v", empty)
	}
	record := sampleRecord(sampleEnvironment, 1)
	broker.publish(&record)
	if again := slow.take(); len(again.Records) != 1 {
		t.Errorf("after being emptied: %+v", again)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	broker := newBroker()
	var mine []*subscriber
	for range streamsEach {
		s, err := broker.subscribe(sampleEnvironment, "me")
		if err != nil {
			t.Fatal(err)
		}
		mine = append(mine, s)
	}
	if _, err := broker.subscribe(sampleEnvironment, "me"); !errors.Is(err, errTooManyStreams) {
		t.Errorf("one user too many: %v", err)
	}
	for i := streamsEach; i < streamsInAll; i++ {
		if _, err := broker.subscribe("staging", event.ID(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := broker.subscribe("staging", "last"); !errors.Is(err, errTooManyStreams) {
		t.Errorf("one stream too many: %v", err)
	}
	for range 2 { // twice, as a stream may be told so from two sides
		for _, s := range mine {
			broker.unsubscribe(s)
		}
	}
	if left := broker.open.Load(); left != streamsInAll-streamsEach || len(broker.byUser) != streamsInAll-streamsEach {
		t.Errorf("%d streams, %d users left", left, len(broker.byUser))
	}
	broker.close()
	broker.close()
	if _, err := broker.subscribe("staging", "late"); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestPublishCounts has writers and readers at once: whatever is not delivered is counted as skipped.
func TestPublishCounts(t *testing.T) {
	broker := newBroker()
	s, err := broker.subscribe(sampleEnvironment, "reader")
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 2000
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for i := range each {
				record := sampleRecord(sampleEnvironment, int64(i))
				broker.publish(&record)
			}
		})
	}
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	seen := int64(0)
	for finished := false; !finished; {
		select {
		case <-s.wake:
		case <-done:
			finished = true
		}
		batch := s.take()
		seen += int64(len(batch.Records)) + batch.Skipped
	}
	if seen != writers*each {
		t.Errorf("%d of %d records are accounted for", seen, writers*each)
	}
}

func BenchmarkPublishUnwatched(b *testing.B) {
	broker, record := newBroker(), sampleRecord(sampleEnvironment, 1)
	b.ReportAllocs()
	for b.Loop() {
		broker.publish(&record)
	}
}

func TestServeStops(t *testing.T) {
	b, token := loggedIn(t, access.Viewer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- b.hub.Serve(ctx, l) }()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+l.Addr().String()+livePath(sampleEnvironment), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	stream := listen(t, response.Body)
	stream.next(t, "health")
	stop()
	stream.ends(t)
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Serve does not return")
	}
}
