package backend

import (
	"math"
	"strconv"
	"strings"

	"wayguard/payment"
)

// maxMetrics bounds how many metrics of a Server-Timing header are read.
const maxMetrics = 32

// parseTiming reads the metrics total, external and internal of a Server-Timing header (W3C Server Timing, section 2), in
// milliseconds; what Link does not tell of the three is worked out of the other two. It is nil where neither total nor external is told.
func parseTiming(header string) *payment.LinkTiming {
	told := map[string]int64{}
	for i, metric := range strings.Split(header, ",") {
		if i == maxMetrics {
			break
		}
		name, params, _ := strings.Cut(metric, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		for _, param := range strings.Split(params, ";") {
			key, value, _ := strings.Cut(param, "=")
			if !strings.EqualFold(strings.TrimSpace(key), "dur") {
				continue
			}
			dur, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(value), `"`), 64)
			if _, twice := told[name]; err == nil && !twice && dur >= 0 && dur < 1e9 {
				told[name] = int64(math.Round(dur))
			}
		}
	}
	total, hasTotal := told["total"]
	external, hasExternal := told["external"]
	internal, hasInternal := told["internal"]
	if !hasTotal && !hasExternal {
		return nil
	}
	if !hasTotal {
		total = external + internal
	}
	if !hasExternal {
		external = max(total-internal, 0)
		if !hasInternal {
			external = 0
		}
	}
	if !hasInternal {
		internal = max(total-external, 0)
	}
	return &payment.LinkTiming{External: external, Internal: internal, Total: total}
}
