package stream_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"wayguard/stream"
	"wayguard/stream/streamtest"
)

// The environment that makes the test binary the victim of TestKill9: the log's folder and the first record's number.
const (
	victimFolder = "WAYGUARD_STREAM_VICTIM"
	victimFirst  = "WAYGUARD_STREAM_VICTIM_FIRST"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimFolder); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// victim appends from several goroutines and prints each position, with the record's number, once it is acknowledged.
func victim(dir string) error {
	first, err := strconv.Atoi(os.Getenv(victimFirst))
	if err != nil {
		return err
	}
	log, err := stream.OpenDisk(dir, stream.Options{SegmentBytes: 60_000, Linger: -1})
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for n := first + w; n < first+100_000; n += 4 {
				pos, err := log.Append(context.Background(), streamtest.Record(n))
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				fmt.Printf("%d %d\n", pos, n)
			}
		})
	}
	group.Wait()
	return log.Close()
}

// kill lets a victim acknowledge some records and kills it; acknowledged grows by what it printed.
func kill(t *testing.T, dir string, first, after int, acknowledged map[stream.Position]int) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), victimFolder+"="+dir, fmt.Sprintf("%s=%d", victimFirst, first))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	printed := 0
	for lines := bufio.NewScanner(output); lines.Scan(); printed++ {
		var pos stream.Position
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &pos, &n); err != nil {
			break // the line that was being printed
		}
		if other, taken := acknowledged[pos]; taken {
			t.Errorf("position %d was acknowledged for records %d and %d", pos, other, n)
		}
		acknowledged[pos] = n
		if printed == after {
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err == nil || printed <= after {
		t.Fatalf("the victim ended by itself after %d records: %v", printed, err)
	}
}

func TestKill9LosesAndDoublesNothing(t *testing.T) {
	dir, acknowledged := t.TempDir(), map[stream.Position]int{}
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 20 {
		kill(t, dir, round*1_000_000, random.IntN(150), acknowledged)
	}
	log := openDisk(t, dir, stream.Options{})
	seen := map[int64]bool{}
	for _, entry := range streamtest.All(t, log, 0) {
		n := entry.Record.Session.Number
		if seen[n] {
			t.Errorf("record %d is there twice", n)
		}
		seen[n] = true
		if want, ok := acknowledged[entry.Position]; ok {
			streamtest.Same(t, entry, want)
			delete(acknowledged, entry.Position)
		}
	}
	if len(acknowledged) > 0 || len(seen) < 20 {
		t.Errorf("%d acknowledged records are missing of %d", len(acknowledged), len(seen))
	}
	if damaged := log.Recovered().Damaged; len(damaged) > 0 {
		t.Errorf("damage: %v", damaged)
	}
}
