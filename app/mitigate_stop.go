package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// stopOrder is what the stop file says.
type stopOrder struct {
	// Go ends a stop; else Until is when it ends by itself.
	Go    bool      `json:"go,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why,omitempty"`
	Who   string    `json:"who,omitempty"`
	// At makes two orders of the same words two orders.
	At time.Time `json:"at"`
}

func readStop(text []byte) (stopOrder, error) {
	var order stopOrder
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&order); err != nil {
		return order, fmt.Errorf("not what `wayguard mitigation` writes: %w", err)
	}
	if !order.Go && order.Until.IsZero() {
		return order, errors.New("it says neither go nor until")
	}
	return order, nil
}

// StopMitigation has the process that uses the data directory let every request through for a time, whatever policies say. It
// works by a file, so it works without the Hub; the process obeys within a second.
func StopMitigation(world World, data string, span time.Duration, why, who string) error {
	now := world.Now().UTC()
	if span <= 0 || span > 7*24*time.Hour {
		return errors.New("say for how long, with --for: more than nothing and at most 168h")
	}
	return world.order(data, stopOrder{Until: now.Add(span), Why: why, Who: who, At: now},
		fmt.Sprintf("all mitigation stops until %s", now.Add(span).Format(time.RFC3339)))
}

// ResumeMitigation ends such a stop before its time.
func ResumeMitigation(world World, data, who string) error {
	return world.order(data, stopOrder{Go: true, Who: who, At: world.Now().UTC()}, "mitigation goes on")
}

func (w World) order(data string, order stopOrder, said string) error {
	if _, err := os.Stat(filepath.Join(data, tenantFile)); err != nil {
		return fmt.Errorf("%s is no data directory of a Wayguard: %w", data, err)
	}
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(data, stopFile), text); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.Stdout, said)
	return err
}
