package http1

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// gadget is a spelling of Transfer-Encoding that some server takes for one and another does not.
type gadget struct {
	Name   string `json:"name"`
	Header string `json:"header_latin1"`
}

func (g gadget) bytes() string {
	b := make([]byte, 0, len(g.Header))
	for _, c := range g.Header {
		b = append(b, byte(c))
	}
	return string(b)
}

func gadgets(t testing.TB) (all []gadget) {
	t.Helper()
	file, err := os.Open("../../shared/data/smuggling/transfer-encoding-gadgets.jsonl")
	if err != nil {
		t.Skip("NOT TESTED with the smuggling headers: ", err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var g gadget
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if len(all) < 100 {
		t.Fatalf("only %d smuggling headers", len(all))
	}
	return all
}

// TestSmugglingHeaders sends every spelling alone, before and after a Content-Length. Beside a length, one that is taken
// must be no framing for anybody; alone, one that is taken is "chunked" for everybody or no framing for anybody.
func TestSmugglingHeaders(t *testing.T) {
	accepted := 0
	for _, g := range gadgets(t) {
		header := g.bytes()
		for _, lines := range []string{header + "\r\n", "Content-Length: 6\r\n" + header + "\r\n", header + "\r\nContent-Length: 6\r\n"} {
			head := "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"
			var r Request
			n, err := r.Parse([]byte(head), Limits{})
			if err != nil {
				if _, refused := err.(*Error); !refused {
					t.Errorf("%s: %q: %v", g.Name, head, err)
				}
				continue
			}
			accepted++
			if n != len(head) {
				t.Errorf("%s: %q ends at %d", g.Name, head, n)
			}
			checkForwarded(t, []byte(head))
			if both := strings.Contains(lines, "Content-Length"); both == r.Framing.Chunked && careful(header) {
				t.Errorf("%s: %q is read as %+v", g.Name, head, r.Framing)
			}
			if !careful(header) && r.Framing.Chunked {
				t.Errorf("%s: %q is read as chunked", g.Name, head)
			}
		}
	}
	if accepted == 0 {
		t.Error("nothing was accepted: the test says nothing")
	}
	t.Logf("%d accepted", accepted)
}

// careful tells whether a line of a header is the one right spelling of the chunked coding.
func careful(header string) bool {
	for line := range strings.SplitSeq(header, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Transfer-Encoding") && strings.EqualFold(strings.Trim(value, " "), "chunked") {
			return true
		}
	}
	return false
}

func TestSmugglingHeadersInAResponse(t *testing.T) {
	for _, g := range gadgets(t) {
		head := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n" + g.bytes() + "\r\n\r\n"
		var r Response
		if _, err := r.Parse([]byte(head), "GET", Limits{}); err == nil && (r.Framing.Chunked || r.Framing.Length != 6) {
			t.Errorf("%s: %q is read as %+v", g.Name, head, r.Framing)
		}
		checkForwardedResponse(t, []byte(head), "GET")
	}
}
