package socket

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// pair is the two ends of a connection, the first one ours.
func pair(t testing.TB) (*Conn, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := New(near.(*net.TCPConn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); _ = far.Close() })
	_ = far.SetDeadline(time.Now().Add(20 * time.Second))
	return conn, far.(*net.TCPConn)
}

// echoLines serves a connection: each line is answered with itself. It looks for the end of the stream only where a short
// read may have hidden it, as a server would. The error is Serve's.
func echoLines(conn *Conn, size int, hidden bool) error {
	buffer := make([]byte, size)
	var line []byte
	return conn.Serve(func(bool) (wait bool) {
		for {
			n, err := conn.TryRead(buffer)
			if err == ErrWouldBlock {
				return true
			}
			if err != nil {
				return false
			}
			for _, c := range buffer[:n] {
				if line = append(line, c); c == '\n' {
					if _, err := conn.Write(line); err != nil {
						return false
					}
					line = line[:0]
				}
			}
			if n < len(buffer) && hidden {
				return true
			}
		}
	})
}

// TestServe sends lines in every manner and wants all of them back: no edge may be lost.
func TestServe(t *testing.T) {
	long := strings.Repeat("0123456789", 3000) + "\n"
	senders := map[string]func(io.Writer){
		"one by one": func(w io.Writer) {
			for _, c := range []byte("a line that comes byte by byte\n") {
				_, _ = w.Write([]byte{c})
			}
		},
		"burst":       func(w io.Writer) { _, _ = io.WriteString(w, strings.Repeat("short\n", 1000)) },
		"long":        func(w io.Writer) { _, _ = io.WriteString(w, long) },
		"exactly all": func(w io.Writer) { _, _ = io.WriteString(w, strings.Repeat("x", 63)+"\n") },
	}
	for name, send := range senders {
		for _, hidden := range []bool{false, true} {
			conn, far := pair(t)
			ended := make(chan error, 1)
			go func() { ended <- echoLines(conn, 64, hidden) }()
			var sent bytes.Buffer
			send(&sent)
			var got bytes.Buffer
			var reading sync.WaitGroup
			reading.Go(func() { _, _ = io.CopyN(&got, far, 3*int64(sent.Len())) })
			for range 3 {
				send(far)
			}
			reading.Wait()
			if want := strings.Repeat(sent.String(), 3); got.String() != want {
				t.Errorf("%s: got %d bytes, want %d", name, got.Len(), len(want))
			}
			_ = far.Close()
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestServeAgain leaves Serve, reads in the ordinary way, and serves again; nothing may be lost in between.
func TestServeAgain(t *testing.T) {
	conn, far := pair(t)
	done := make(chan string, 1)
	go func() {
		var got strings.Builder
		buffer := make([]byte, 4)
		for round := range 200 {
			if round%2 == 1 {
				if _, err := io.ReadFull(conn, buffer); err != nil {
					break
				}
				got.Write(buffer)
				continue
			}
			for filled := 0; filled < 4; {
				_ = conn.Serve(func(bool) (wait bool) {
					n, err := conn.TryRead(buffer[filled:])
					filled += max(n, 0)
					return err == ErrWouldBlock
				})
			}
			got.Write(buffer)
		}
		done <- got.String()
	}()
	var sent strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for sent.Len() < 800 {
		piece := strings.Repeat("abcdefg", 1+random.IntN(3))[:1+random.IntN(7)]
		piece = piece[:min(len(piece), 800-sent.Len())]
		sent.WriteString(piece)
		_, _ = io.WriteString(far, piece)
	}
	if got := <-done; got != sent.String() {
		t.Errorf("got %q", got)
	}
}

// TestWriteInside writes more than there is room for, so that some is left to Write, and then to an end that is no longer there.
func TestWriteInside(t *testing.T) {
	conn, far := pair(t)
	long := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
	wrote := make(chan error, 2)
	var serving sync.WaitGroup
	serving.Go(func() {
		_ = conn.Serve(func(bool) (wait bool) {
			for _, p := range [][]byte{[]byte("short"), long} {
				n, err := conn.WriteInside(p)
				if err == nil && n != len(p) {
					err = io.ErrShortWrite
				}
				wrote <- err
			}
			return false
		})
	})
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len("short")+len(long))
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got[5:], long) || string(got[:5]) != "short" {
		t.Fatalf("read other bytes than were written: %v", err)
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	serving.Wait()
	_ = far.SetLinger(0)
	_ = far.Close()
	_ = conn.Serve(func(bool) (wait bool) {
		until(t, "an error", func() bool {
			_, err := conn.WriteInside([]byte("lost"))
			return err != nil && err != ErrWouldBlock
		})
		return false
	})
}

func TestServeEndsFromOutside(t *testing.T) {
	conn, _ := pair(t)
	waiting := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- conn.Serve(func(bool) (wait bool) {
			_, err := conn.TryRead(make([]byte, 10))
			waiting <- struct{}{}
			return err == ErrWouldBlock
		})
	}()
	<-waiting
	_ = conn.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the deadline: %v", err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	go func() {
		ended <- conn.Serve(func(bool) (wait bool) {
			waiting <- struct{}{}
			_, err := conn.TryRead(make([]byte, 10))
			return err == ErrWouldBlock
		})
	}()
	<-waiting
	_ = conn.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the close: %v", err)
	}
}

// TestAsk has a client ask a thousand times; the server answers at once, late, or in pieces.
func TestAsk(t *testing.T) {
	conn, far := pair(t)
	go func() {
		buffer := make([]byte, 100)
		for i := 0; ; i++ {
			if _, err := io.ReadFull(far, buffer[:4]); err != nil {
				return
			}
			if i%10 == 3 {
				time.Sleep(time.Millisecond)
			}
			_, _ = far.Write([]byte("an"))
			_, _ = far.Write([]byte("swer"))
		}
	}()
	into := make([]byte, 64)
	for range 1000 {
		n, err := conn.Ask([]byte("ask\n"), into)
		for err == nil && n < 6 {
			var more int
			more, err = conn.Read(into[n:])
			n += more
		}
		if err != nil || string(into[:n]) != "answer" {
			t.Fatalf("%q, %v", into[:n], err)
		}
	}
	if conn.HungUp(0) {
		t.Error("gone although it is there")
	}
	_ = far.Close()
	if _, err := conn.Ask([]byte("ask\n"), into); err == nil {
		t.Error("an answer from nobody")
	}
}

func TestAskLongerThanTheBuffers(t *testing.T) {
	conn, far := pair(t)
	long := bytes.Repeat([]byte("x"), 8<<20)
	go func() {
		_, _ = io.CopyN(io.Discard, far, int64(len(long)))
		_, _ = io.WriteString(far, "thanks")
	}()
	into := make([]byte, 64)
	if n, err := conn.Ask(long, into); err != nil || string(into[:n]) != "thanks" {
		t.Errorf("%q, %v", into[:n], err)
	}
}

func TestAskIsBounded(t *testing.T) {
	conn, _ := pair(t)
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := conn.Ask([]byte("ask"), make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestHungUp(t *testing.T) {
	conn, far := pair(t)
	if conn.HungUp(0) || conn.HungUp(40) {
		t.Error("gone although it is there")
	}
	_, _ = io.WriteString(far, "a few bytes")
	until(t, "the bytes", func() bool { return !conn.HungUp(0) })
	_ = far.CloseWrite()
	until(t, "the end behind a few bytes", func() bool { return conn.HungUp(40) })
	if conn.HungUp(0) || conn.HungUp(5) {
		t.Error("gone although there are bytes to be read")
	}
	if n, err := conn.Read(make([]byte, 100)); n != 11 || err != nil {
		t.Errorf("looking took bytes away: %d, %v", n, err)
	}
	if !conn.HungUp(0) {
		t.Error("not gone")
	}
	reset, far := pair(t)
	_ = far.SetLinger(0)
	_ = far.Close()
	until(t, "the reset", func() bool { return reset.HungUp(0) })
	_ = reset.Close()
	if !reset.HungUp(0) {
		t.Error("a closed connection is there")
	}
}

func TestProgress(t *testing.T) {
	conn, far := pair(t)
	_, _ = conn.Write([]byte("hello"))
	until(t, "the acknowledgement", func() bool {
		acknowledged, waiting := conn.Progress()
		return acknowledged >= 5 && !waiting
	})
	go func() { _, _ = conn.Write(make([]byte, 32<<20)) }()
	until(t, "a queue", func() bool { _, waiting := conn.Progress(); return waiting })
	before, _ := conn.Progress()
	_, _ = io.CopyN(io.Discard, far, 8<<20)
	until(t, "progress", func() bool { now, _ := conn.Progress(); return now > before })
	_ = conn.SetWriteDeadline(time.Unix(1, 0))
}

func TestSplice(t *testing.T) {
	source, sender := pair(t)
	target, receiver := pair(t)
	sent := make([]byte, 3<<20)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range sent {
		sent[i] = byte(random.Uint32())
	}
	go func() {
		_, _ = sender.Write(sent)
		_ = sender.CloseWrite()
	}()
	var got bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.CopyN(&got, receiver, 2<<20) })
	if n, err := source.Splice(target, 2<<20); n != 2<<20 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	reading.Wait()
	if !bytes.Equal(got.Bytes(), sent[:2<<20]) {
		t.Error("other bytes came")
	}
	go func() { _, _ = io.Copy(io.Discard, receiver) }()
	if n, err := source.Splice(target, 2<<20); n != 1<<20 || err != io.ErrUnexpectedEOF {
		t.Errorf("the end in the middle: %d, %v", n, err)
	}
}

// TestManyConnections has a thousand visitors, who close, reset, or stay, at any point.
func TestManyConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var serving, visiting sync.WaitGroup
	serving.Go(func() {
		for {
			accepted, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				conn, err := New(accepted.(*net.TCPConn))
				if err != nil {
					t.Error(err)
					return
				}
				_ = echoLines(conn, 64, false)
				_ = conn.Close()
			})
		}
	})
	for i := range 1000 {
		visiting.Go(func() {
			far, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = far.Close() }()
			_ = far.SetDeadline(time.Now().Add(20 * time.Second))
			for round := range 3 {
				if i%5 == round {
					if i%2 == 0 {
						_ = far.(*net.TCPConn).SetLinger(0)
					}
					_, _ = io.WriteString(far, "half a li")
					return
				}
				_, _ = io.WriteString(far, "a line\n")
				if _, err := io.ReadFull(far, make([]byte, 7)); err != nil {
					t.Errorf("visitor %d, round %d: %v", i, round, err)
					return
				}
			}
		})
	}
	visiting.Wait()
	_ = listener.Close()
	serving.Wait()
}

func TestServingAllocatesNothing(t *testing.T) {
	near, far := pair(t)
	go func() { _ = echoLines(near, 64, true) }()
	asking, err := New(far)
	if err != nil {
		t.Fatal(err)
	}
	out, into := []byte("a line\n"), make([]byte, 64)
	if got := testing.AllocsPerRun(1000, func() {
		if n, err := asking.Ask(out, into); n != len(out) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}); got > 0 {
		t.Errorf("%v allocations for each question and answer", got)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
		time.Sleep(time.Millisecond)
	}
}
