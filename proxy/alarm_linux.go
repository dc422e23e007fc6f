package proxy

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm wakes a goroutine by a timer of the kernel's. It is as exact as the arrival of a message, and comes the same way: what
// waits for an alarm is as late, on a busy machine, as what waits for an origin.
type alarm struct {
	file *os.File
	fd   int
}

// newAlarm is nil where there can be none.
func newAlarm() *alarm {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &alarm{file: os.NewFile(uintptr(fd), "alarm"), fd: fd}
}

// sleep waits for so long. It answers false when the alarm is broken.
func (a *alarm) sleep(d time.Duration) bool {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))}
	if unix.TimerfdSettime(a.fd, 0, &spec, nil) != nil {
		return false
	}
	var rings [8]byte
	_, err := a.file.Read(rings[:])
	return err == nil
}

func (a *alarm) close() { _ = a.file.Close() }
