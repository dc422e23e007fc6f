package hub

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"wayguard/access"
)

// pace is how often a live stream says what, and the steps in which refused logins are answered.
type pace struct{ batch, health, heartbeat, refusal time.Duration }

func usualPace() pace {
	return pace{batch: 250 * time.Millisecond, health: 5 * time.Second, heartbeat: 15 * time.Second, refusal: 250 * time.Millisecond}
}

const (
	// streamWrite is how long a page may take to accept one message before its stream is ended.
	streamWrite = 10 * time.Second
	// retryAfter is how long a page waits before it opens a broken stream again.
	retryAfter = 2 * time.Second
)

// live answers GET /live: records as they become durable, and the health every few seconds.
func (h *Hub) live(w http.ResponseWriter, r *http.Request, who visitor) error {
	s, err := h.broker.subscribe(who.env, who.user.ID)
	if err != nil {
		return &problem{status: http.StatusServiceUnavailable, code: "too_many_streams", message: err.Error(), retry: 10 * time.Second}
	}
	defer h.broker.unsubscribe(s)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out := &eventStream{to: w, control: http.NewResponseController(w)}
	out.write(retryFrame(retryAfter))
	h.sendHealth(out, r, who)
	h.follow(out, r, who, s)
	return nil
}

// follow writes until the page goes away, the hub stops, or the login no longer allows it.
func (h *Hub) follow(out *eventStream, r *http.Request, who visitor, s *subscriber) {
	healthTick, heartbeat := time.NewTicker(h.pace.health), time.NewTicker(h.pace.heartbeat)
	defer healthTick.Stop()
	defer heartbeat.Stop()
	batch := time.NewTimer(h.pace.batch)
	defer batch.Stop()
	quiet := true
	for out.err == nil {
		wake := s.wake
		if !quiet {
			wake = nil // the last batch is too fresh
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.done:
			return
		case <-batch.C:
			quiet = true
		case <-wake:
			out.message("records", s.take())
			quiet = false
			batch.Reset(h.pace.batch)
		case <-heartbeat.C:
			out.write(commentFrame("still here"))
		case <-healthTick.C:
			// A stream outlives the request that opened it: whoever was logged out or lost the role must not go on.
			if !h.stillMay(r, access.ViewSessions, who.env) {
				return
			}
			h.sendHealth(out, r, who)
		}
	}
}

func (h *Hub) sendHealth(out *eventStream, r *http.Request, who visitor) {
	out.message("health", h.healthOf(r.Context(), who.env))
}

// eventStream writes server-sent events; after the first failure it writes nothing more.
type eventStream struct {
	to      io.Writer
	control *http.ResponseController
	err     error
}

func (s *eventStream) message(name string, data any) {
	if s.err != nil {
		return
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		s.err = fmt.Errorf("encode a live message: %w", err)
		return
	}
	s.write(messageFrame(name, encoded))
}

func messageFrame(name string, data []byte) string {
	return fmt.Sprintf("event: %s\ndata: %s\n\n", name, data)
}

func commentFrame(text string) string { return ": " + text + "\n\n" }

func retryFrame(after time.Duration) string {
	return fmt.Sprintf("retry: %d\n\n", after.Milliseconds())
}

func (s *eventStream) write(text string) {
	if s.err != nil {
		return
	}
	// The server's own deadline is made for short answers; here each message gets its own.
	if s.err = s.control.SetWriteDeadline(time.Now().Add(streamWrite)); s.err != nil {
		return
	}
	if _, s.err = io.WriteString(s.to, text); s.err != nil {
		return
	}
	s.err = s.control.Flush()
}
