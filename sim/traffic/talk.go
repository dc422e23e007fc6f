package traffic

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

const (
	watchFor = 4 * time.Second
	chatFor  = 10 * time.Second
)

// talk is what people do beside trade.
func (b *pages) talk(ctx context.Context, s step) {
	switch s.do {
	case writeReview:
		if b.signed {
			b.wire.post(ctx, "/products/"+s.what+"/reviews", url.Values{"text": {"As it says. I would take it again."}, "rating": {"5"}})
		}
	case askSupport:
		b.support(ctx, s.what)
	case watchStock:
		b.wire.open(ctx, "/app")
		b.wire.watch(ctx)
	case chat:
		b.wire.open(ctx, "/app")
		b.wire.chat(ctx, s.what)
	}
}

func (b *pages) support(ctx context.Context, topic string) {
	b.wire.open(ctx, "/support")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{{"email", b.person.Account.Email}, {"topic", topic}, {"message", "Does it come in green?"}} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			return // a buffer takes everything
		}
	}
	if err := form.Close(); err != nil {
		return
	}
	b.wire.send(ctx, http.MethodPost, "/support", form.FormDataContentType(), body.Bytes(), true)
}

// watch reads server-sent events for a while.
func (w *wire) watch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watchFor)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.crowd.target.String()+"/events", nil)
	if err != nil {
		return
	}
	w.device.dress(r, false)
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("X-Forwarded-For", w.place.Address)
	w.requests++
	response, err := w.crowd.client.Do(r)
	if err != nil {
		w.crowd.answered(0)
		return
	}
	defer func() { _ = response.Body.Close() }()                           // it is cut off on purpose
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, answerLimit)) // ends with the time-out
	w.crowd.answered(response.StatusCode)
}

// chat says something over a WebSocket and waits for the answer.
func (w *wire) chat(ctx context.Context, text string) {
	ctx, cancel := context.WithTimeout(ctx, chatFor)
	defer cancel()
	r := &http.Request{Header: http.Header{}}
	w.device.dress(r, false)
	r.Header.Set("X-Forwarded-For", w.place.Address)
	w.requests++
	conn, response, err := websocket.Dial(ctx, w.crowd.target.String()+"/ws", &websocket.DialOptions{HTTPClient: w.crowd.client, HTTPHeader: r.Header})
	if err != nil {
		w.crowd.answered(0)
		return
	}
	w.crowd.answered(response.StatusCode)
	defer func() { _ = conn.CloseNow() }() // closed twice is closed
	if _, _, err := conn.Read(ctx); err != nil {
		return
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return
	}
	if _, _, err := conn.Read(ctx); err != nil {
		return
	}
	_ = conn.Close(websocket.StatusNormalClosure, "") // the conversation is over either way
}
