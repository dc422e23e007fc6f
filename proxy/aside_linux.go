package proxy

import "syscall"

// stepAside lets another thread or program that waits for this processor go first; without one it returns at once.
// The scheduler of Go is not told: it could only hand on what runs here already.
func stepAside() { _, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
