package shop

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

const (
	tickEvery    = time.Second
	chatLimit    = 4096
	chatLasts    = 5 * time.Minute
	tickerLasts  = 10 * time.Minute
	chatGreeting = "Hello, this is Alder & Oak. How can we help?"
)

func (s *site) liveRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /events", s.ticker)
	mux.HandleFunc("GET /ws", s.chat)
}

// ticker tells how many of each article are left, as server-sent events.
func (s *site) ticker(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	end := time.NewTimer(tickerLasts)
	defer end.Stop()
	for n := 0; ; n++ {
		p := s.products[n%len(s.products)]
		if _, err := fmt.Fprintf(w, "id: %d\nevent: stock\ndata: {\"sku\":%q,\"left\":%d}\n\n", n, p.SKU, 3+(n*7)%40); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}

// chat repeats what it is told, politely, over a WebSocket.
func (s *site) chat(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // it knows no secrets
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }() // closed twice is closed
	conn.SetReadLimit(chatLimit)
	// The request's own context ends when the connection is taken over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), chatLasts)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, []byte(chatGreeting)); err != nil {
		return
	}
	for {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if err := conn.Write(ctx, kind, append([]byte("You said: "), message...)); err != nil {
			return
		}
	}
}
