package http1

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// llhttpCase is a stream of messages with what llhttp makes of it.
type llhttpCase struct {
	name, kind string // request or response, with llhttp's leniency behind it
	input      string
	complete   int  // messages
	refused    bool // with an error
}

func llhttpCases(t *testing.T) (all []llhttpCase) {
	t.Helper()
	files, _ := filepath.Glob("../../shared/data/llhttp-cases/test/*/*.md")
	if len(files) == 0 {
		t.Skip("NOT TESTED with the llhttp cases: they are not there")
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		where := filepath.Base(filepath.Dir(path)) + "/" + strings.TrimSuffix(filepath.Base(path), ".md")
		all = append(all, casesIn(where, string(text))...)
	}
	if len(all) < 200 {
		t.Fatalf("only %d cases", len(all))
	}
	return all
}

// casesIn reads a file of cases: a title, the kind in a comment, the message and llhttp's log.
func casesIn(where, text string) (all []llhttpCase) {
	title := regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
	block := regexp.MustCompile("(?s)<!-- meta=\\{[^}]*\"type\": *\"([^\"]*)\"[^}]*\\} -->\\s*```http\n(.*?)```[^`#]*(?:```log\n(.*?)```)?")
	for _, m := range block.FindAllStringSubmatchIndex(text, -1) {
		names := title.FindAllStringSubmatch(text[:m[0]], -1)
		c := llhttpCase{name: where, kind: text[m[2]:m[3]], input: unescape(text[m[4]:m[5]])}
		if len(names) > 0 {
			c.name += "/" + names[len(names)-1][1]
		}
		if m[6] >= 0 {
			log := text[m[6]:m[7]]
			c.complete, c.refused = strings.Count(log, " message complete"), refusedIn(log)
		}
		all = append(all, c)
	}
	return all
}

// refusedIn tells whether a log has an error: neither a pause (before a tunnel) nor bytes behind a message that was to be
// the last, which are not ours to judge.
func refusedIn(log string) bool {
	for code := range strings.SplitSeq(log, " error code=") {
		number, _, _ := strings.Cut(code, " ")
		if n, err := strconv.Atoi(number); err == nil && n != 5 && (n < 21 || n > 23) {
			return true
		}
	}
	return false
}

// unescape makes bytes of a case as llhttp's own test runner does.
func unescape(s string) string {
	s = strings.TrimSuffix(s, "\n")
	s = strings.ReplaceAll(s, "\\\n", "")
	s = strings.ReplaceAll(s, "\n", "\r\n")
	s = strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t", `\f`, "\f").Replace(s)
	return regexp.MustCompile(`\\x[0-9a-fA-F]{2}`).ReplaceAllStringFunc(s, func(x string) string {
		n, _ := strconv.ParseUint(x[2:], 16, 8)
		return string([]byte{byte(n)})
	})
}

// withHost gives the message at the start of input a Host, which most cases leave out and without which we refuse.
func withHost(input string) string {
	start := len(input) - len(strings.TrimLeft(input, "\r\n"))
	line := strings.Index(input[start:], "\r\n")
	head, _, _ := strings.Cut(input[start:], "\r\n\r\n")
	if line < 0 || strings.Contains(strings.ToLower(head), "\r\nhost:") {
		return input
	}
	at := start + line + 2
	return input[:at] + "Host: added\r\n" + input[at:]
}

// readCase reads messages until the input ends, one is refused or a tunnel starts.
func readCase(c llhttpCase) (complete int, refusal *Error) {
	rest := c.input
	for rest != "" {
		var m reading
		var err error
		var over bool
		if strings.HasPrefix(c.kind, "request") {
			rest = withHost(rest)
			m, err = readRequest([]byte(rest), nil)
			over = m.request.Upgrade != "" || m.request.Method == "CONNECT" || m.request.Close
		} else {
			m, err = readResponse([]byte(rest), "GET", nil)
			over = m.response.Status == 101 || m.response.Close
		}
		if err == ErrMore && c.refused { // llhttp judges a line before the head is whole
			var r Request
			if _, err = r.Parse([]byte(rest+"\r\n"), Limits{}); strings.HasPrefix(c.kind, "response") {
				err = nil
			}
		}
		if err != nil || m.size == 0 {
			refusal, _ = err.(*Error)
			return complete, refusal
		}
		if m.framing.UntilClose {
			return complete, nil // only the end, which no case has, completes it
		}
		complete++
		if over {
			break
		}
		rest = rest[m.size:]
	}
	return complete, nil
}

// TestLlhttpCases wants a refusal wherever llhttp refuses, and wherever else we refuse or read another number of messages
// a reason in the list below.
func TestLlhttpCases(t *testing.T) {
	explained := differences()
	counts := map[string]int{}
	for _, c := range llhttpCases(t) {
		if strings.Contains(c.kind, "lenient") {
			continue // what llhttp does when told to be careless; the same messages are there without
		}
		complete, refusal := readCase(c)
		verdict := ""
		switch {
		case refusal != nil && !c.refused:
			verdict = "we refuse: " + refusal.Reason
		case refusal == nil && c.refused:
			verdict = "we accept"
		case refusal == nil && complete != c.complete:
			verdict = "messages: " + strconv.Itoa(complete) + ", llhttp " + strconv.Itoa(c.complete)
		default:
			counts["agreed"]++
			continue
		}
		why, ok := explained[c.name]
		if !ok || why.verdict != verdict {
			t.Errorf("%q: {%q, \"\"},\n%q", c.name, verdict, c.input)
			continue
		}
		counts[why.reason]++
		delete(explained, c.name)
	}
	for name := range explained {
		t.Errorf("%q no longer differs", name)
	}
	t.Log(counts)
}

type difference struct{ verdict, reason string }

// differences are the cases we judge otherwise, with what we say and why.
func differences() map[string]difference {
	return map[string]difference{
		"request/connection/Upgrade POST request":                        {"we refuse: version", upgradeIgnored},
		"request/content-length/`Content-Length` with zeroes":            {"we refuse: content length", leadingZero},
		"request/content-length/`Content-Length` with follow-up headers": {"we refuse: content length", leadingZero},
		"request/content-length/Tabs in `Content-Length` (surrounding)":  {"we refuse: field value", tab},
		"response/content-length/Tabs in `Content-Length` (surrounding)": {"we refuse: field value", tab},

		"request/content-length/Content-Length reset when no body is received":  {"messages: 0, llhttp 2", told},
		"response/content-length/Content-Length reset when no body is received": {"messages: 0, llhttp 2", told},

		"request/invalid/HTTP protocol and ANNOUNCE method": {"we accept", anyMethod},
		"request/invalid/Invalid method":                    {"we accept", anyMethod},

		"request/method/M-SEARCH request":           {"we refuse: method and target", starForOptions},
		"request/method/PRI request HTTP2":          {"we refuse: method and target", starForOptions},
		"request/method/SOURCE request with ICE":    {"we refuse: version", onlyHTTP},
		"request/method/OPTIONS request with RTSP":  {"we refuse: version", onlyHTTP},
		"request/method/ANNOUNCE request with RTSP": {"we refuse: version", onlyHTTP},
		"request/sample/No HTTP version":            {"we refuse: start line", onlyHTTP},
		"response/sample/RTSP response":             {"we refuse: version", onlyHTTP},
		"response/sample/ICE response":              {"we refuse: version", onlyHTTP},
		"response/sample/HTTP version 0.9":          {"we refuse: version", onlyHTTP},

		"request/sample/curl GET":                {"we refuse: host", badHost},
		"request/sample/Firefox GET":             {"we refuse: host", badHost},
		"request/uri/`host:port` and basic auth": {"we refuse: host", badHost},
		"request/uri/Fragment in URI":            {"we refuse: target", fragment},

		"request/transfer-encoding/POST with `chunked` as last transfer-encoding":                    {"we refuse: target", fragment},
		"request/transfer-encoding/POST with `chunked` as last transfer-encoding (multiple headers)": {"we refuse: target", fragment},

		"response/connection/HTTP 304 with Content-Length": {"we refuse: version", emptyLine},
		"response/connection/HTTP 100 first, then 400":     {"we refuse: version", emptyLine},
		"response/pipelining/Should parse multiple events": {"we refuse: version", emptyLine},
		"response/sample/Response starting with CRLF":      {"we refuse: version", emptyLine},

		"response/transfer-encoding/`chunked` before other transfer-encoding":                             {"we refuse: transfer encoding", otherCoding},
		"response/transfer-encoding/multiple transfer-encoding where chunked is not the last one":         {"we refuse: transfer encoding", otherCoding},
		"response/transfer-encoding/`chunkedchunked` transfer-encoding does not enable chunked enconding": {"we refuse: transfer encoding", otherCoding},
	}
}

// Why we judge otherwise.
const (
	upgradeIgnored = "an upgrade other than to a WebSocket is not offered to the origin, so what follows is the next request"
	leadingZero    = "a length with leading zeros reads as octal to some"
	tab            = "parsers disagree about tabs around a length; llhttp itself does about those behind it"
	told           = "the case tells llhttp to skip bodies"
	anyMethod      = "we forward any method that is a token"
	starForOptions = "only OPTIONS has the target *"
	onlyHTTP       = "we speak HTTP/1.0 and HTTP/1.1 alone"
	badHost        = "no host looks like this, or it has user information"
	fragment       = "a fragment is never sent"
	emptyLine      = "bytes between responses are a sign of two readings"
	otherCoding    = "a transfer coding we do not speak"
)
