package integration_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wayguard/event"
	"wayguard/integration"
)

// The environment that makes the test binary a receiver: the file in which it keeps what it got, and where it listens.
const (
	receiverLedger  = "WAYGUARD_WEBHOOK_RECEIVER"
	receiverAddress = "WAYGUARD_WEBHOOK_RECEIVER_ADDRESS"
)

// killEvery is after how many messages the receiver dies, between keeping one and saying so.
const killEvery = 12

// runReceiver is a receiver that does what the standard asks of one: it keeps the id of each message with the message, takes an id it has as
// done, and only then answers. Every line of the ledger is "new" or "again", and an id. It dies by SIGKILL now and then.
func runReceiver(ledger, address string) {
	known := map[string]bool{}
	if text, err := os.ReadFile(ledger); err == nil {
		for line := range strings.Lines(string(text)) {
			known[strings.Fields(line)[1]] = true
		}
	}
	file, err := os.OpenFile(ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	turn := make(chan struct{}, 1) // one message at a time, as a database would have it
	count := 0
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // it ends by SIGKILL
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		turn <- struct{}{}
		defer func() { <-turn }()
		id := r.Header.Get("Webhook-Id")
		if id == "" {
			var m struct {
				DedupKey string `json:"dedup_key"`
			}
			if json.Unmarshal(body, &m) != nil {
				return
			}
			id = m.DedupKey
		}
		word := "new"
		if known[id] {
			word = "again"
		}
		known[id] = true
		fmt.Fprintln(file, word, id)
		if count++; count%killEvery == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
		w.WriteHeader(http.StatusAccepted)
	}))
}

// startReceiver starts a receiver as a process of its own and says where it listens.
func startReceiver(t *testing.T, ledger, address string) (*exec.Cmd, string) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), receiverLedger+"="+ledger, receiverAddress+"="+address)
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the receiver did not start: %v", err)
	}
	return command, strings.TrimSpace(line)
}

// A receiver that is killed again and again, and started again, has each message exactly once where it goes by the id, and none is lost.
func TestReceiverKilledMidwayHasEachMessageOnce(t *testing.T) {
	for _, kind := range []integration.Kind{integration.Webhook, integration.PagerDuty} {
		const messages = 100
		ledger := filepath.Join(t.TempDir(), "ledger")
		process, address := startReceiver(t, ledger, "127.0.0.1:0")
		n := told(t, integration.IntegrationConfig{Kind: kind, URL: "http://" + address, RoutingKey: map[integration.Kind]string{integration.PagerDuty: "k"}[kind]}, time.Now)
		outbox := newOutbox(alerts(0, messages)...)
		run(t, outbox, n, time.Now)
		died := make(chan struct{})
		kills := 0
		watch := func(p *exec.Cmd) {
			_ = p.Wait() // it is killed
			died <- struct{}{}
		}
		go watch(process)
		eventually(t, string(kind)+": all are told", func() bool {
			select {
			case <-died:
				kills++
				process, _ = startReceiver(t, ledger, address)
				go watch(process)
			default:
			}
			return n.Status()[0].Counts.Told == messages
		})
		_ = process.Process.Kill() // it may be dead already
		<-died
		text, err := os.ReadFile(ledger)
		if err != nil {
			t.Fatal(err)
		}
		times, again := map[string]int{}, 0
		for line := range strings.Lines(string(text)) {
			word, id, _ := strings.Cut(strings.TrimSpace(line), " ")
			if word == "again" {
				again++
				continue
			}
			times[id]++
		}
		for _, d := range alerts(0, messages) {
			if times[string(d.ID)] != 1 || outbox.end(d.ID) != "delivered" {
				t.Errorf("%s: message %s was kept %d times and ended %q", kind, d.ID, times[string(d.ID)], outbox.end(d.ID))
			}
		}
		if len(times) != messages || kills < 5 || again < kills/2 || n.Status()[0].Counts.Failed == 0 {
			t.Errorf("%s: %d messages, %d kills, %d came again, %+v", kind, len(times), kills, again, n.Status()[0])
		}
	}
}

// While nothing breaks, each message is posted exactly once, however often the outbox is looked at.
func TestNothingIsSentTwiceWhileNothingBreaks(t *testing.T) {
	const messages = 500
	r := receive(t, always(204))
	n := told(t, integration.IntegrationConfig{Kind: integration.Webhook, URL: r.URL, Concurrency: 8}, time.Now)
	outbox := newOutbox()
	w := run(t, outbox, n, time.Now)
	for _, d := range alerts(0, messages) {
		outbox.mu.Lock()
		outbox.pending[d.ID] = d
		outbox.mu.Unlock()
		w.Wake()
	}
	eventually(t, "all are told", func() bool { return n.Status()[0].Counts.Told == messages })
	times := map[event.ID]int{}
	for _, request := range r.got {
		times[event.ID(request.Header.Get("Webhook-Id"))]++
	}
	if len(times) != messages || r.count() != messages {
		t.Errorf("%d posts of %d messages", r.count(), len(times))
	}
}
