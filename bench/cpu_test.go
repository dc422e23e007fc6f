package bench

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime reports what an operation costs in processor time of the whole process, the garbage collector and the log's
// writer included: on a machine that others use, too, time by the clock says little.
func cpuTime(b *testing.B) func() {
	b.Helper()
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	b.ReportAllocs()
	b.ResetTimer()
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}
