package proxy

import (
	"log/slog"
	"sync"
	"time"
)

// complaintInterval is how often one complaint is logged at most. The counters have them all.
const complaintInterval = time.Second

// complaints logs what goes wrong on the data path, so that a flood of errors is not a flood of lines.
type complaints struct {
	log *slog.Logger

	mu         sync.Mutex
	last       map[string]time.Time
	suppressed map[string]int
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, last: map[string]time.Time{}, suppressed: map[string]int{}}
}

// say logs the message, which is one of the few fixed ones of this package, unless it was logged a moment ago.
func (c *complaints) say(message string, fields ...any) {
	c.mu.Lock()
	now := time.Now()
	if last, said := c.last[message]; said && now.Sub(last) < complaintInterval {
		c.suppressed[message]++
		c.mu.Unlock()
		return
	}
	c.last[message] = now
	suppressed := c.suppressed[message]
	delete(c.suppressed, message)
	c.mu.Unlock()
	if suppressed > 0 {
		fields = append(fields, "suppressed", suppressed)
	}
	c.log.Warn(message, fields...)
}
