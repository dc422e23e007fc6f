package config

import (
	"regexp"
	"slices"
	"time"
)

// environmentForm keeps an environment's name a word: it stands in keys, paths and addresses.
var environmentForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// The bounds of what a person may reasonably mean.
const (
	shortestIdle    = time.Second
	longestIdle     = 24 * time.Hour
	fewestEntries   = 1000
	leastRetention  = time.Hour
	mostDuckThreads = 1024
)

// mistake is a value that is of the right kind and makes no sense.
type mistake struct{ path, message string }

// mistakes checks what no room's own configuration checks.
func (c *Config) mistakes() []mistake {
	var found []mistake
	check := func(holds bool, path, message string) {
		if !holds {
			found = append(found, mistake{path, message})
		}
	}
	check(environmentForm.MatchString(string(c.Environment)), "environment", "must be a word of a-z, 0-9, - and _, at most 63 long")
	check(c.Data != "", "data", "must name a directory")
	check(c.Hub.Listen != "", "hub.listen", "must be host:port")
	check(c.Decisions.RouteTimeout >= 50*time.Millisecond && c.Decisions.RouteTimeout <= time.Minute, "decisions.route_timeout", "must be from 50ms to 1m")
	check(c.Decisions.Counters >= fewestEntries, "decisions.counters", "must be 1000 or more")
	check(c.Sessions.IdleTimeout >= shortestIdle && c.Sessions.IdleTimeout <= longestIdle, "sessions.idle_timeout", "must be from 1s to 24h")
	check(c.Retention.Warehouse == 0 || c.Retention.Warehouse >= leastRetention, "retention.warehouse", "must be 1h or more; 0 keeps everything")
	check(c.Limits.StateEntries >= fewestEntries, "limits.state_entries", "must be 1000 or more")
	check(c.Limits.WarehouseThreads >= 1 && c.Limits.WarehouseThreads <= mostDuckThreads, "limits.warehouse_threads", "must be from 1 to 1024")
	return found
}

// newMistakes are those that were not there before.
func (c *Config) newMistakes(before []mistake) []mistake {
	return slices.DeleteFunc(c.mistakes(), func(m mistake) bool { return slices.Contains(before, m) })
}
