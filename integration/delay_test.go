package integration

import (
	"testing"
	"time"
)

func TestDelayGrowsWithinBounds(t *testing.T) {
	w := &Webhooks{config: DefaultConfig()}
	before := time.Duration(0)
	for number := 1; number < 70; number++ {
		exact := w.config.LongestDelay
		if number < 14 {
			exact = min(exact, w.config.FirstDelay<<(number-1))
		}
		for range 50 {
			got := w.delay(number, 0)
			if got < exact*8/10 || got > exact*12/10+1 {
				t.Fatalf("after attempt %d the pause is %v, want %v or a fifth beside it", number, got, exact)
			}
		}
		if exact < before {
			t.Fatalf("the pause shrinks from %v to %v", before, exact)
		}
		before = exact
	}
	if got := w.delay(1, time.Hour); got < 48*time.Minute || got > 72*time.Minute {
		t.Errorf("asked for an hour the pause is %v", got)
	}
	if got := w.delay(1, 1<<60); got > w.config.LongestDelay*12/10+1 {
		t.Errorf("asked for decades the pause is %v", got)
	}
}
