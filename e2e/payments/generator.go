//go:build e2e

package payments

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"wayguard/event"
)

// generator sends payments over connections that stay open, each with its own, and reads what they are answered with. It is a small part
// of what the program under test costs, and runs beside it.
type generator struct {
	i           *instance
	connections int
	// rate is payments a second, sent whether or not those before are answered; 0 sends as fast as answers come.
	rate     int
	duration time.Duration
	seed     uint64
}

// volley is what came of it.
type volley struct {
	answers []answered
	// waits are from the moment when a payment was due to its answer, sorted.
	waits []time.Duration
	// errors are payments that were not answered 200 or 201; the first is kept. An answer that breaks off is lost, not an error.
	errors, lost int
	first        error
	took         time.Duration
}

// fire sends until its time is over or ctx ends.
func (g *generator) fire(ctx context.Context) volley {
	ctx, cancel := context.WithTimeout(ctx, g.duration)
	defer cancel()
	due := make(chan time.Time, 1<<16)
	var all sync.WaitGroup
	if g.rate > 0 {
		all.Go(func() { g.pace(ctx, due) })
	} else {
		context.AfterFunc(ctx, func() { close(due) })
	}
	parts := make([]volley, g.connections)
	began := time.Now()
	for n := range parts {
		all.Go(func() { parts[n] = g.one(due, uint64(n)) })
	}
	all.Wait()
	sum := volley{took: time.Since(began)}
	for _, p := range parts {
		sum.answers, sum.waits = append(sum.answers, p.answers...), append(sum.waits, p.waits...)
		sum.errors, sum.lost, sum.first = sum.errors+p.errors, sum.lost+p.lost, errors.Join(sum.first, p.first)
	}
	slices.Sort(sum.waits)
	return sum
}

// pace says when payments are due. It sleeps in the system, whose timers are finer than those of the runtime.
func (g *generator) pace(ctx context.Context, due chan<- time.Time) {
	defer close(due)
	gap := time.Second / time.Duration(g.rate)
	for next := time.Now(); ctx.Err() == nil; next = next.Add(gap) {
		if wait := time.Until(next); wait > 0 {
			nap := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&nap, nil) // a signal may cut it short, which does no harm
		}
		due <- next
	}
}

// one is one connection.
func (g *generator) one(due <-chan time.Time, number uint64) (v volley) {
	host := strings.TrimPrefix(g.i.Decisions, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return volley{lost: 1, first: err}
	}
	defer conn.Close()
	lines := bufio.NewReaderSize(conn, 16<<10)
	made := newTraffic(g.seed<<16 + number)
	made.next = int(number) << 24
	head := fmt.Sprintf("POST /api/decisions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: ", host, g.i.token)
	var request, body, answer []byte
	for at := range next(due, g.rate) {
		body = made.append(body[:0])
		request = strconv.AppendInt(append(request[:0], head...), int64(len(body)), 10)
		request = append(append(request, "\r\n\r\n"...), body...)
		if _, err := conn.Write(request); err != nil {
			v.lost, v.first = v.lost+1, err
			return v
		}
		status, read, err := readAnswer(lines, answer)
		if err != nil {
			v.lost, v.first = v.lost+1, err
			return v
		}
		answer = read
		if status != http.StatusOK && status != http.StatusCreated {
			if v.errors++; v.first == nil {
				v.first = fmt.Errorf("answered %d: %s", status, answer)
			}
			continue
		}
		v.waits = append(v.waits, time.Since(at))
		v.answers = append(v.answers, answered{event.ID(field(answer, `"id":"`, '"')), field(answer, `"decision":"`, '"'), micros(answer)})
	}
	return v
}

// next are the moments when a payment is due: now, where there is no rate.
func next(due <-chan time.Time, rate int) func(func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		for {
			at := time.Now()
			if rate > 0 {
				told, open := <-due
				if !open {
					return
				}
				at = told
			} else {
				select {
				case <-due:
					return
				default:
				}
			}
			if !yield(at) {
				return
			}
		}
	}
}

// readAnswer reads an answer whose length is told.
func readAnswer(lines *bufio.Reader, into []byte) (status int, body []byte, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first {
			if len(line) < len("HTTP/1.1 200") {
				return 0, nil, errors.New("no HTTP answer")
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, nil, err
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 {
		return 0, nil, errors.New("an answer without a length")
	}
	body = slices.Grow(into[:0], length)[:length]
	_, err = io.ReadFull(lines, body)
	return status, body, err
}

// field is what follows a mark in an answer, up to an end.
func field(answer []byte, mark string, end byte) string {
	_, rest, found := bytes.Cut(answer, []byte(mark))
	if !found {
		return ""
	}
	if at := bytes.IndexByte(rest, end); at >= 0 {
		rest = rest[:at]
	}
	return string(rest)
}

func micros(answer []byte) int64 {
	n, err := strconv.ParseInt(field(answer, `"latency_us":`, ','), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// at is the value that a share of a sorted list is not above.
func at[T any](sorted []T, share float64) (value T) {
	if len(sorted) == 0 {
		return value
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// decided are the service's own times, sorted.
func (v volley) decided() []time.Duration {
	list := make([]time.Duration, len(v.answers))
	for i, a := range v.answers {
		list[i] = time.Duration(a.micros) * time.Microsecond
	}
	slices.Sort(list)
	return list
}

// perSecond is how many were answered a second.
func (v volley) perSecond() int { return int(float64(len(v.answers)) / v.took.Seconds()) }
