package decoy

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"

	"wayguard/capture"
)

// The bounds of what is learned of one spec and result.
const (
	maxVariants      = 12
	maxSamples       = 48
	maxBookBytes     = 1 << 20
	maxSections      = 96
	printableSamples = 5
)

// heading is the head of answers of one kind.
type heading struct {
	status int
	// names are the headers' names in order and spelling, without those of the connection and of the framing.
	names   []string
	coding  string
	framing Framing
	html    bool
	json    bool
}

// Framing is where an answer says how long its body is.
type Framing struct {
	// Name is the header as the origin spells it, Content-Length or Transfer-Encoding; empty where there was neither.
	Name string
	// At is the index in Answer.Header before which it stands; len(Header) is the end.
	At int
	// Chunked says that it is Transfer-Encoding.
	Chunked bool
}

// variant is one kind of answer with its samples.
type variant struct {
	key     string
	heading heading
	samples []*sample
	latency latencies
	total   float64
	manners map[string]float64
	packer  packer
	printed *template
	fresh   int
	bytes   int
}

// connectionHeader says whether a header is about the connection and not the answer.
func connectionHeader(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer", "upgrade":
		return true
	}
	return false
}

// readHeading reads an answer's head, with the values of its headers. It fails for answers that are not learned.
func readHeading(r *capture.Response) (h heading, values []string, ok bool) {
	h.status = r.Status
	for i := range r.Header {
		f := &r.Header[i]
		switch lower := strings.ToLower(f.Name); {
		case connectionHeader(lower):
		case lower == "content-length" || lower == "transfer-encoding":
			h.framing = Framing{Name: f.Name, At: len(h.names), Chunked: lower == "transfer-encoding"}
		default:
			if lower == "content-encoding" {
				h.coding = strings.ToLower(strings.TrimSpace(f.Value))
			}
			h.names = append(h.names, f.Name)
			values = append(values, f.Value)
		}
	}
	media := strings.ToLower(fieldValue(r.Header, "Content-Type"))
	h.json = strings.Contains(media, "json") || strings.Contains(media, "javascript")
	h.html = !h.json && (media == "" || strings.Contains(media, "html") || strings.Contains(media, "xml"))
	return h, values, len(values) < maxSections && r.Status >= 200
}

// key tells kinds of answers apart: status, headers, coding, and how the body is built.
func (h *heading) key(body []byte) string {
	return strconv.Itoa(h.status) + "\n" + strings.Join(h.names, "\n") + "\n" + h.coding + "\n" + h.framing.Name + strconv.Itoa(h.framing.At) +
		"\n" + strconv.FormatUint(structure(body, h), 16)
}

// structure is a hash of how a body is built, whatever its words: the members and kinds of JSON, the tags of HTML.
func structure(body []byte, h *heading) uint64 {
	digest := fnv.New64a()
	switch {
	case h.json:
		jsonStructure(body, func(part string) { _, _ = digest.Write([]byte(part)) })
	case h.html:
		for at := 0; ; {
			open := bytes.IndexByte(body[at:], '<')
			if open < 0 {
				break
			}
			start := at + open + 1
			end := start
			for end < len(body) && (body[end] == '/' || body[end] == '!' || isWord(body[end])) {
				end++
			}
			_, _ = digest.Write(body[start:end])
			_, _ = digest.Write([]byte{0})
			at = end
		}
	}
	return digest.Sum64()
}

// jsonStructure names the tokens of a JSON text; values by their kind, the members of a list by the first of each kind in a row.
func jsonStructure(body []byte, put func(string)) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var inObject []bool
	isName, before := false, ""
	for {
		t, err := decoder.Token()
		if err != nil {
			return
		}
		name := ""
		switch t := t.(type) {
		case json.Delim:
			name = t.String()
			if t == '{' || t == '[' {
				inObject = append(inObject, t == '{')
			} else if len(inObject) > 0 {
				inObject = inObject[:len(inObject)-1]
			}
			isName = len(inObject) > 0 && inObject[len(inObject)-1]
		case string:
			if isName {
				name, isName = "="+t, false
			} else {
				name, isName = "s", len(inObject) > 0 && inObject[len(inObject)-1]
			}
		default:
			name, isName = "v", len(inObject) > 0 && inObject[len(inObject)-1]
			if t == nil {
				name = "0"
			}
		}
		if name != before || name != "s" && name != "v" {
			put(name + "\n")
		}
		before = name
	}
}

// add keeps a sample, and forgets the oldest where there are too many.
func (v *variant) add(s *sample) (grown int) {
	before := v.bytes
	v.samples = append(v.samples, s)
	v.bytes += s.size()
	for len(v.samples) > maxSamples || v.bytes > maxBookBytes && len(v.samples) > printableSamples {
		v.bytes -= v.samples[0].size()
		v.samples = append(v.samples[:0:0], v.samples[1:]...)
	}
	v.fresh++
	return v.bytes - before
}

// visitors counts the different visitors among samples.
func visitors(samples []*sample) int {
	seen := map[uint64]bool{}
	for _, s := range samples {
		seen[s.visitor] = true
	}
	return len(seen)
}

// print makes the template anew where samples came in. A variant with too few samples, or all of one visitor's, has none: what
// they have in common could be somebody's.
func (v *variant) print(chance *memos) {
	if len(v.samples) < printableSamples || visitors(v.samples) < anonymous {
		v.printed = nil
		return
	}
	if v.fresh == 0 && v.printed != nil {
		return
	}
	v.fresh = 0
	v.printed = compile(v.samples, chance)
}
