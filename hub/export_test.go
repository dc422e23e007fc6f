package hub

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/search"
)

func exportPath(query string) string { return base + "/sessions.csv?query=" + url.QueryEscape(query) }

const everything = `{"environment":"production","limit":1,"offset":7,"sort":"events","descending":true}`

func TestExport(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	b.warehouse.rows = []search.Session{
		{ID: "s-1", Opened: sampleNow().Add(1234567 * time.Microsecond), Rating: event.Malicious, Events: 12, Labels: 3, Seconds: 3725.4,
			Country: "US", City: "=HYPERLINK(\"http://evil.example\",\"x\")", Address: "198.51.100.77"},
		{ID: "-s2", Opened: sampleNow(), Seconds: 0.2, Country: "+1", City: "@SUM(A1)", Address: "2001:db8::1"},
		{ID: "s3", Opened: sampleNow(), City: "\tTab, \"quoted\"\nand broken", Country: "\rX"},
		{ID: "s4", Opened: sampleNow(), City: "'s-Hertogenbosch", Country: "NL"},
	}
	r := b.send(t, "GET", exportPath(everything), token, "")
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" ||
		r.Header.Get("Content-Disposition") != `attachment; filename="sessions-20261121-103000.csv"` || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	rows, err := csv.NewReader(r.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// The writer drops carriage returns and breaks lines its own way; csv.Reader undoes the latter.
	want := [][]string{
		{"Session ID", "Session UTC", "Session Risk Rating", "# Events", "# Labels", "Duration", "Country", "City", "IP Address"},
		{"s-1", "2026-11-21 10:30:01.234", "Malicious Session", "12", "3", "1:02:05", "US", "'=HYPERLINK(\"http://evil.example\",\"x\")", "198.51.100.77"},
		{"'-s2", "2026-11-21 10:30:00.000", "Normal Session", "0", "0", "0:00:00", "'+1", "'@SUM(A1)", "2001:db8::1"},
		{"s3", "2026-11-21 10:30:00.000", "Normal Session", "0", "0", "0:00:00", "'X", "'\tTab, \"quoted\"\nand broken", ""},
		{"s4", "2026-11-21 10:30:00.000", "Normal Session", "0", "0", "0:00:00", "NL", "'s-Hertogenbosch", ""},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("got %q", rows)
	}
	if q := b.warehouse.last(); q.Limit != 0 || q.Offset != 0 || q.Sort != search.ColumnEvents || !q.Descending {
		t.Errorf("asked %+v", q)
	}
	if got := b.store.actions(); !slices.Equal(got, []string{"production ada@shop.example sessions.export"}) {
		t.Errorf("audit %v", got)
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add("=1+1")
	f.Add("")
	f.Fuzz(func(t *testing.T, cell string) {
		got := harmless(cell)
		if got != "" && strings.ContainsAny(got[:1], "=+-@\t\r") {
			t.Errorf("%q stays a formula", cell)
		}
		if got != cell && got != "'"+cell {
			t.Errorf("%q became %q", cell, got)
		}
	})
}

func TestExportOfNothingHasAHeader(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	if got := text(t, b.send(t, "GET", exportPath(everything), token, "")); !strings.HasPrefix(got, "Session ID,Session UTC,") || strings.Count(got, "\r\n") != 1 {
		t.Errorf("got %q", got)
	}
}

// TestExportStreams reads the first rows while the warehouse still holds back the rest.
func TestExportStreams(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	b.warehouse.rows = manyRows(3 * flushRows)
	seen := make(chan struct{})
	b.warehouse.during = func(ctx context.Context, row int) {
		if row == 0 { // longer than the server's timeouts: the warehouse may need its time
			select {
			case <-ctx.Done():
				t.Error("the server's read timeout ended the export")
			case <-time.After(500 * time.Millisecond):
			}
		}
		if row == 2*flushRows {
			select {
			case <-seen:
			case <-time.After(10 * time.Second):
				t.Error("no row arrived before the last was read")
			}
		}
	}
	response := b.fetch(t, exportPath(everything), token, nil)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	count := 0
	for lines.Scan() {
		if count++; count == 10 {
			close(seen)
		}
	}
	if count != 3*flushRows+1 || lines.Err() != nil {
		t.Errorf("%d lines, %v", count, lines.Err())
	}
}

// TestExportThatBreaksOff must not look like a whole file.
func TestExportThatBreaksOff(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	b.warehouse.rows, b.warehouse.failAfter = manyRows(2*flushRows), flushRows+100
	response := b.fetch(t, exportPath(everything), token, nil)
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the reader sees %v", err)
	}
}

func TestNoExportWithoutAudit(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	b.warehouse.rows = manyRows(1)
	b.store.auditErr = errors.New("disk full")
	r := b.send(t, "GET", exportPath(everything), token, "")
	if got, _ := code(t, r); r.StatusCode != http.StatusServiceUnavailable || got != "store_unavailable" || len(b.warehouse.asked) != 0 {
		t.Errorf("%d %s", r.StatusCode, got)
	}
}

func TestExportsAreFew(t *testing.T) {
	b, token := loggedIn(t, access.Analyst)
	for range exportsAtOnce {
		b.hub.exports <- struct{}{}
	}
	r := b.send(t, "GET", exportPath(everything), token, "")
	if got, _ := code(t, r); r.StatusCode != http.StatusServiceUnavailable || got != "busy" {
		t.Errorf("%d %s", r.StatusCode, got)
	}
}

func manyRows(n int) []search.Session {
	rows := make([]search.Session, n)
	for i := range rows {
		rows[i] = search.Session{ID: event.ID(fmt.Sprint("s", i)), Opened: sampleNow(), City: "Berlin", Country: "DE"}
	}
	return rows
}

// fetch asks over a real connection, whose server ends short requests early unless a handler lifts that.
func (b *house) fetch(t *testing.T, path, token string, change func(*http.Request)) *http.Response {
	t.Helper()
	server := httptest.NewUnstartedServer(b.hub.Handler())
	server.Config.ReadTimeout = 300 * time.Millisecond
	server.Config.WriteTimeout = 300 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
	if change != nil {
		change(r)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", response.StatusCode, text(t, response))
	}
	return response
}
