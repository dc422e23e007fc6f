package traffic

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	requestTimeout = 20 * time.Second
	answerLimit    = 1 << 20
	formType       = "application/x-www-form-urlencoded"
	jsonType       = "application/json"
)

// wire is one visit's way to the shop: a device at a place with the cookies of the visit.
type wire struct {
	crowd    *crowd
	device   device
	place    Place
	jar      *cookiejar.Jar
	bearer   string
	started  time.Time
	requests int
	// loaded are the pictures and styles that the browser has already.
	loaded map[string]bool
}

func (c *crowd) wire(d device, p Place) *wire {
	jar, _ := cookiejar.New(nil) // fails never, without options
	return &wire{crowd: c, device: d, place: p, jar: jar, started: time.Now().UTC(), loaded: map[string]bool{}}
}

// reply is what the shop answered; status 0 when it did not.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// to is the path that the reply leads to.
func (a reply) to() string { return a.header.Get("Location") }

// text is the string at a path of keys in a JSON body, empty when there is none.
func (a reply) text(keys ...string) string {
	var value any
	if json.Unmarshal(a.body, &value) != nil {
		return ""
	}
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	text, _ := value.(string)
	return text
}

// send makes one exchange.
func (w *wire) send(ctx context.Context, method, path, contentType string, body []byte, page bool) reply {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, w.crowd.target.String()+path, bytes.NewReader(body))
	if err != nil {
		w.crowd.answered(0)
		return reply{}
	}
	w.device.dress(r, page)
	r.Header.Set("X-Forwarded-For", w.place.Address)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
		if !w.device.program {
			r.Header.Set("Origin", w.crowd.target.String())
		}
	}
	if w.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+w.bearer)
	}
	for _, cookie := range w.jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	w.requests++
	response, err := w.crowd.client.Do(r)
	if err != nil {
		if ctx.Err() == nil {
			w.crowd.answered(0)
		}
		return reply{}
	}
	defer func() { _ = response.Body.Close() }() // all that is wanted was read
	w.jar.SetCookies(r.URL, response.Cookies())
	answer, err := content(response)
	if err != nil {
		w.crowd.answered(0)
		return reply{}
	}
	w.crowd.answered(response.StatusCode)
	return reply{response.StatusCode, response.Header, answer}
}

// content reads an answer's body, up to a limit.
func content(response *http.Response) ([]byte, error) {
	var body io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unpacked
	}
	return io.ReadAll(io.LimitReader(body, answerLimit))
}

// open loads a page as a browser does: with its style and its first pictures, once a visit.
func (w *wire) open(ctx context.Context, path string) reply {
	a := w.send(ctx, http.MethodGet, path, "", nil, true)
	if w.device.program || a.status != http.StatusOK {
		return a
	}
	for _, part := range []string{"/static/shop.css", pictureOf(path)} {
		if part != "" && !w.loaded[part] {
			w.loaded[part] = true
			w.send(ctx, http.MethodGet, part, "", nil, false)
		}
	}
	return a
}

func pictureOf(path string) string {
	if sku, ok := strings.CutPrefix(path, "/products/"); ok && !strings.Contains(sku, "/") {
		return "/static/" + sku + ".svg"
	}
	return ""
}

// post sends a form and follows where it leads.
func (w *wire) post(ctx context.Context, path string, form url.Values) reply {
	a := w.send(ctx, http.MethodPost, path, formType, []byte(form.Encode()), true)
	if to := a.to(); a.status >= 300 && a.status < 400 && strings.HasPrefix(to, "/") && !w.device.program {
		w.open(ctx, to)
	}
	return a
}

// call sends JSON.
func (w *wire) call(ctx context.Context, method, path string, body any) reply {
	if body == nil {
		return w.send(ctx, method, path, "", nil, false)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return reply{} // maps of text and numbers always encode
	}
	return w.send(ctx, method, path, jsonType, text, false)
}

func decimal(n int) string { return strconv.Itoa(n) }
