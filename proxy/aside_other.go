//go:build !linux

package proxy

import "runtime"

// stepAside lets other goroutines go first.
func stepAside() { runtime.Gosched() }
