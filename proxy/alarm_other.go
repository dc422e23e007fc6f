//go:build !linux

package proxy

import "time"

// alarm would wake a goroutine more exactly than a timer does.
type alarm struct{}

func newAlarm() *alarm { return nil }

func (*alarm) sleep(time.Duration) bool { return false }

func (*alarm) close() {}
