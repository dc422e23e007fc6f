package capture_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wayguard/capture"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden replays written exchanges: a file holds specs, a request, a response and the event they make. The last
// section is written by -update.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sections := split(string(data))
			set := mustCompile(t, sections["specs"])
			var resp *capture.Response
			if text, ok := sections["response"]; ok {
				resp = parseResponse(t, text)
			}
			e := observe(set, parseRequest(t, sections["request"]), resp)
			got, err := json.MarshalIndent(e, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				before, _, _ := strings.Cut(string(data), "-- event --\n")
				if err := os.WriteFile(file, []byte(before+"-- event --\n"+string(got)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := strings.TrimSpace(sections["event"]); string(got) != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// split cuts a file at its "-- name --" lines.
func split(text string) map[string]string {
	sections := map[string]string{}
	for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, content, _ := strings.Cut(part, " --\n")
		sections[name] = content + "\n"
	}
	return sections
}

func parseHead(text string) (first string, header []string, body string) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	return lines[0], lines[1:], strings.TrimSuffix(body, "\n")
}

func parseRequest(t *testing.T, text string) *capture.Request {
	t.Helper()
	first, header, body := parseHead(text)
	r := request(strings.TrimSuffix(first, " HTTP/1.1"), body, header...)
	for _, field := range r.Header {
		if field.Name == "Host" {
			r.Host = field.Value
		}
	}
	return r
}

func parseResponse(t *testing.T, text string) *capture.Response {
	t.Helper()
	first, header, body := parseHead(text)
	status, err := strconv.Atoi(strings.Fields(first)[1])
	if err != nil {
		t.Fatal(err)
	}
	return response(status, body, header...)
}
