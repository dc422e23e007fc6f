package decoy

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"wayguard/capture"
	"wayguard/event"
)

// The bounds of what is read of a request.
const (
	maxValues     = 64
	maxValueSize  = 1024
	maxAskedDepth = 8
	maxAskedBody  = 64 << 10
)

// value is something that a request said and that its answer may repeat.
type value struct {
	// field says where it stood, such as "form:username".
	field, text string
}

// asked is what a request said, in an order that follows from where it was said.
type asked struct {
	values []value
	// secret is the first value of a field that is named like a password's; it is looked at for its hash alone.
	secret string
}

func (a asked) find(field string) (string, bool) {
	for _, v := range a.values {
		if v.field == field {
			return v.text, true
		}
	}
	return "", false
}

func (a *asked) add(field, text string) {
	if text == "" || len(text) > maxValueSize || a.full() {
		return
	}
	if isSecretName(field) {
		if a.secret == "" {
			a.secret = text
		}
		return
	}
	if _, double := a.find(field); !double {
		a.values = append(a.values, value{field, text})
	}
}

func (a *asked) full() bool { return len(a.values) >= maxValues }

// readSecret is the password that a request submits, empty when none is found.
func readSecret(r *capture.Request) string { return readAsked(r).secret }

// isSecretName keeps what is never to be repeated out of answers, and out of memory.
func isSecretName(field string) bool {
	field = strings.ToLower(field)
	return strings.Contains(field, "pass") || strings.Contains(field, "pwd") || strings.Contains(field, "secret") ||
		strings.Contains(field, "cvc") || strings.Contains(field, "cvv")
}

// readAsked reads what a request said: its form, its JSON, its query, and the headers that answers repeat.
func readAsked(r *capture.Request) asked {
	var a asked
	body := r.Body.Bytes
	if len(body) > maxAskedBody {
		body = body[:maxAskedBody]
	}
	media, _, _ := mime.ParseMediaType(fieldValue(r.Header, "Content-Type"))
	switch {
	case media == "application/x-www-form-urlencoded":
		a.pairs("form:", string(body))
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		a.json(body)
	}
	a.pairs("query:", r.Query)
	for _, name := range []string{"Origin", "X-Request-Id", "X-Correlation-Id", "Access-Control-Request-Headers", "Referer"} {
		a.add("header:"+strings.ToLower(name), fieldValue(r.Header, name))
	}
	a.cookies(r.Header)
	a.add("host", r.Host)
	if len(r.Path) > 1 {
		a.add("path", r.Path)
	}
	return a
}

func (a *asked) pairs(prefix, text string) {
	for pair := range strings.SplitSeq(text, "&") {
		if a.full() {
			return
		}
		name, raw, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		if decoded, err := url.QueryUnescape(raw); err == nil {
			a.add(prefix+name, decoded)
		}
	}
}

// cookies reads the cookies that a request carries: origins set them again, and repeat them in forms.
func (a *asked) cookies(header []capture.Field) {
	for i := range header {
		if !strings.EqualFold(header[i].Name, "Cookie") {
			continue
		}
		for pair := range strings.SplitSeq(header[i].Value, ";") {
			name, text, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if ok && !a.full() && len(text) >= 6 {
				a.add("cookie:"+name, text)
			}
		}
	}
}

func (a *asked) json(body []byte) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) == nil {
		a.leaves("json:", tree, 0)
	}
}

func (a *asked) leaves(path string, node any, depth int) {
	if depth > maxAskedDepth || a.full() {
		return
	}
	switch node := node.(type) {
	case string:
		a.add(path, node)
	case json.Number:
		a.add(path, node.String())
	case []any:
		for _, item := range node {
			a.leaves(path+"[]", item, depth+1)
		}
	case map[string]any:
		names := make([]string, 0, len(node))
		for name := range node {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			a.leaves(path+"."+name, node[name], depth+1)
		}
	}
}

// fieldValue is the value of the first header line of that name, empty when there is none.
func fieldValue(header []capture.Field, name string) string {
	for i := range header {
		if strings.EqualFold(header[i].Name, name) {
			return header[i].Value
		}
	}
	return ""
}

// manner is how a request asks, as far as answers differ by it, from the finest to the coarsest: what it says at all (a form
// without its password is answered otherwise), how it takes the answer, and what kind of program it seems to be.
type manner [3]string

func mannerOf(r *capture.Request, e *event.Event, said *asked) manner {
	accept := strings.ToLower(fieldValue(r.Header, "Accept"))
	takes := "other"
	switch {
	case strings.Contains(accept, "text/html"):
		takes = "html"
	case strings.Contains(accept, "json"):
		takes = "json"
	case accept == "":
		takes = "none"
	}
	media, _, _ := strings.Cut(strings.ToLower(fieldValue(r.Header, "Content-Type")), ";")
	known := "new"
	for i := range e.Evidence.Tokens {
		if !e.Evidence.Tokens[i].Issued {
			known = "known"
		}
	}
	coarse := r.Method + " " + takes
	script := fieldValue(r.Header, "X-Requested-With") != ""
	fine := coarse + " " + strings.TrimSpace(media) + " " + known + " " + strings.Join(codings(fieldValue(r.Header, "Accept-Encoding")), ",")
	if script {
		fine += " script"
	}
	fine = fine[:min(len(fine), 128)]
	return manner{fine + " " + said.names(), fine, coarse}
}

// names is a hash of which fields have a value, in their order.
func (a *asked) names() string {
	digest := fnv.New64a()
	for _, v := range a.values {
		if strings.HasPrefix(v.field, "form:") || strings.HasPrefix(v.field, "json:") || strings.HasPrefix(v.field, "query:") {
			_, _ = digest.Write([]byte(v.field + "\n"))
		}
	}
	if a.secret != "" {
		_, _ = digest.Write([]byte("secret"))
	}
	return strconv.FormatUint(digest.Sum64(), 16)
}

// accountOf is the account that an event is about, empty when it names none.
func accountOf(e *event.Event) *event.Element {
	for _, name := range []string{"username", "account_id", "email"} {
		if element := e.Find(name); element != nil && element.Value != "" {
			return element
		}
	}
	return nil
}
