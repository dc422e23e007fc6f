//go:build e2e

package e2e

import (
	"fmt"
	"time"
)

// Figure is one thing measured, beside its goal.
type Figure struct {
	Name, Value, Goal string
	Met               bool
}

// Count is a figure that must be exactly the goal.
func Count(name string, got, want int) Figure {
	return Figure{name, fmt.Sprint(got), fmt.Sprintf("= %d", want), got == want}
}

// AtLeast is a figure with a floor.
func AtLeast(name string, got, floor int) Figure {
	return Figure{name, fmt.Sprint(got), fmt.Sprintf(">= %d", floor), got >= floor}
}

// Within is a time that must not be longer than the limit.
func Within(name string, got, limit time.Duration) Figure {
	return Figure{name, got.Round(time.Millisecond).String(), "<= " + limit.String(), got <= limit}
}

// Holds is something that is so or is not.
func Holds(name string, value string, met bool, goal string) Figure {
	return Figure{name, value, goal, met}
}

// Line is the figure for a terminal.
func (f Figure) Line() string {
	verdict := "ok  "
	if !f.Met {
		verdict = "FAIL"
	}
	return fmt.Sprintf("%s  %-62s %-22s %s", verdict, f.Name, f.Value, f.Goal)
}
