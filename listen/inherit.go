package listen

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// handoverVariable is the environment variable by which a process tells the next one what it hands over, as JSON.
const handoverVariable = "WAYGUARD_HANDOVER"

// The environment variables of systemd's socket activation (sd_listen_fds(3)) and the first descriptor it passes.
const (
	systemdPID   = "LISTEN_PID"
	systemdCount = "LISTEN_FDS"
	systemdNames = "LISTEN_FDNAMES"
	systemdFirst = 3
)

// maxSockets bounds what may be handed over.
const maxSockets = 1024

// handover is what one process tells the next. Numbers are descriptors of the new process.
type handover struct {
	// Word is where the new process says that it is ready, Life a pipe that ends when the old one does.
	Word    int            `json:"word"`
	Life    int            `json:"life"`
	Sockets []handedSocket `json:"sockets"`
}

type handedSocket struct {
	Descriptor int    `json:"descriptor"`
	Network    string `json:"network"` // tcp or udp
	// Address is as configured, Bound the actual one.
	Address string `json:"address"`
	Bound   string `json:"bound"`
}

// Inherited are listening sockets that this process was started with, by the process before it (HandOver) or by systemd.
// A nil one holds nothing.
type Inherited struct {
	sockets []*inheritedSocket
	word    *os.File      // where to say that this process is ready; nil where nobody waits for it
	allowed chan struct{} // closed when the process before this one has heard it, or has ended
	gone    chan struct{} // closed when the process before this one has ended
	told    atomic.Bool
}

type inheritedSocket struct {
	network, address string
	listener         *net.TCPListener
	packets          *net.UDPConn
	used             bool
}

// Inherit takes what this process was started with and removes the environment variables that tell of it, so that it
// must be called once, early. It gives nil if there is nothing.
func Inherit() (*Inherited, error) {
	text, handed := os.LookupEnv(handoverVariable)
	pid, count := os.Getenv(systemdPID), os.Getenv(systemdCount)
	for _, name := range []string{handoverVariable, systemdPID, systemdCount, systemdNames} {
		if err := os.Unsetenv(name); err != nil {
			return nil, fmt.Errorf("inherit sockets: %w", err)
		}
	}
	switch {
	case handed:
		return inheritFromProcess(text)
	case count != "" && pid == strconv.Itoa(os.Getpid()):
		return inheritFromSystemd(count)
	}
	return nil, nil
}

func inheritFromProcess(text string) (*Inherited, error) {
	var told handover
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		return nil, fmt.Errorf("inherit sockets: read %s: %w", handoverVariable, err)
	}
	if len(told.Sockets) > maxSockets || told.Word <= 2 || told.Life <= 2 {
		return nil, fmt.Errorf("inherit sockets: %s does not come from a process like this one", handoverVariable)
	}
	i := &Inherited{allowed: make(chan struct{}), gone: make(chan struct{})}
	for _, s := range told.Sockets {
		taken, err := takeSocket(s.Descriptor)
		if err == nil && (taken.network != s.Network || taken.bound() != s.Bound) {
			err = errors.New("it is another socket than the one announced")
		}
		if err != nil {
			i.closeUnused()
			return nil, fmt.Errorf("inherit the socket of %s: %w", s.Address, err)
		}
		taken.address = s.Address
		i.sockets = append(i.sockets, taken)
	}
	life := os.NewFile(uintptr(told.Life), "life")
	i.word = os.NewFile(uintptr(told.Word), "word")
	closeOnExec(told.Life)
	closeOnExec(told.Word)
	go i.follow(life)
	return i, nil
}

// follow reads the pipe of the process before this one: a word, then nothing until it ends.
func (i *Inherited) follow(life *os.File) {
	defer func() { _ = life.Close() }()
	_, _ = life.Read(make([]byte, len(wordGo)))
	close(i.allowed)
	_, _ = io.Copy(io.Discard, life)
	close(i.gone)
}

func inheritFromSystemd(count string) (*Inherited, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxSockets {
		return nil, fmt.Errorf("inherit sockets: %s is not a number of sockets", systemdCount)
	}
	i := &Inherited{gone: make(chan struct{})}
	close(i.gone)
	for descriptor := systemdFirst; descriptor < systemdFirst+n; descriptor++ {
		taken, err := takeSocket(descriptor)
		if err != nil {
			i.closeUnused()
			return nil, fmt.Errorf("inherit socket %d from systemd: %w", descriptor-systemdFirst+1, err)
		}
		i.sockets = append(i.sockets, taken)
	}
	return i, nil
}

// takeSocket makes a listener or a packet connection of a descriptor, which is closed: Go works on a copy.
func takeSocket(descriptor int) (*inheritedSocket, error) {
	if descriptor <= 2 {
		return nil, errors.New("the descriptor is one of the standard streams")
	}
	file := os.NewFile(uintptr(descriptor), "socket")
	if file == nil {
		return nil, errors.New("the descriptor is not open")
	}
	defer func() { _ = file.Close() }()
	// A stream that does not listen would be taken, and fail at every accept.
	if listener, err := net.FileListener(file); err == nil {
		if tcp, ok := listener.(*net.TCPListener); ok && listening(tcp) {
			return &inheritedSocket{network: "tcp", listener: tcp}, nil
		}
		_ = listener.Close()
		return nil, errors.New("it is not a listening TCP socket")
	}
	packets, err := net.FilePacketConn(file)
	if err != nil {
		return nil, errors.New("it is neither a TCP nor a UDP socket")
	}
	udp, ok := packets.(*net.UDPConn)
	if !ok {
		_ = packets.Close()
		return nil, errors.New("it is neither a TCP nor a UDP socket")
	}
	return &inheritedSocket{network: "udp", packets: udp}, nil
}

func (s *inheritedSocket) bound() string {
	if s.listener != nil {
		return s.listener.Addr().String()
	}
	return s.packets.LocalAddr().String()
}

func (s *inheritedSocket) close() {
	if s.listener != nil {
		_ = s.listener.Close()
	} else {
		_ = s.packets.Close()
	}
}

// find gives an inherited socket for a configured address: one of the same text, or one that is bound to what the
// address means. nil: there is none.
func (i *Inherited) find(network, address string) *inheritedSocket {
	if i == nil {
		return nil
	}
	for _, s := range i.sockets {
		if !s.used && s.network == network && s.address != "" && s.address == address {
			s.used = true
			return s
		}
	}
	for _, s := range i.sockets {
		if !s.used && s.network == network && sameAddress(s.bound(), address) {
			s.used = true
			return s
		}
	}
	return nil
}

// sameAddress says whether a configured address means the bound one.
func sameAddress(bound, configured string) bool {
	boundHost, boundPort, err := net.SplitHostPort(bound)
	if err != nil {
		return false
	}
	host, port, err := net.SplitHostPort(configured)
	if err != nil || port != boundPort {
		return false
	}
	is := net.ParseIP(boundHost)
	if host == "" {
		return is.IsUnspecified()
	}
	wanted := net.ParseIP(host)
	return wanted != nil && (wanted.Equal(is) || wanted.IsUnspecified() && is.IsUnspecified())
}

// tcp listens on an address, with an inherited socket if there is one.
func (i *Inherited) tcp(address string) (*net.TCPListener, error) {
	if s := i.find("tcp", address); s != nil {
		return s.listener, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener.(*net.TCPListener), nil
}

// udp receives packets at an address's host and a port, with an inherited socket if there is one.
func (i *Inherited) udp(address string, port int) (*net.UDPConn, error) {
	if s := i.find("udp", address); s != nil {
		return s.packets, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP/3: %w", err)
	}
	packets, err := net.ListenPacket("udp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP/3: %w", err)
	}
	return packets.(*net.UDPConn), nil
}

// closeUnused closes the sockets that no door took and gives their addresses.
func (i *Inherited) closeUnused() []string {
	if i == nil {
		return nil
	}
	var addresses []string
	for _, s := range i.sockets {
		if !s.used {
			s.used = true
			addresses = append(addresses, s.bound())
			s.close()
		}
	}
	return addresses
}

// awaited says whether a process before this one waits for this one's word and serves until then.
func (i *Inherited) awaited() bool { return i != nil && i.word != nil }

// Gone is closed when the process before this one has ended, at once if there is none: from then on nobody else has its
// files open.
func (i *Inherited) Gone() <-chan struct{} {
	if i == nil {
		none := make(chan struct{})
		close(none)
		return none
	}
	return i.gone
}

// tellReady tells the process before this one, or systemd, that this one is ready, and waits for leave to accept. If the
// other process has ended meanwhile, nobody else serves: that is leave, too.
func (i *Inherited) tellReady() error {
	if !i.awaited() {
		return notify("READY=1")
	}
	if i.told.Swap(true) {
		return errors.New("tell the process before this one: it was told that this one failed")
	}
	// That it cannot be told means that it has ended, or is about to end this one.
	_ = i.tell(wordReady)
	<-i.allowed
	return nil
}

// Failed tells the process before this one why this one does not start, so that it can say so and go on at once.
func (i *Inherited) Failed(why error) {
	if i.awaited() && why != nil && !i.told.Swap(true) {
		// Nobody is left to hear of a failure here.
		_ = i.tell(wordFailed + strings.Join(strings.Fields(why.Error()), " "))
	}
}

// The words of the new process to the old one, each in a line, and the answer to the first.
const (
	wordReady  = "ready"
	wordFailed = "failed: "
	wordGo     = "g"
	maxWord    = 1024
)

// tell says the one word that the old process waits for.
func (i *Inherited) tell(word string) error {
	_, err := io.WriteString(i.word, word[:min(len(word), maxWord-1)]+"\n")
	return errors.Join(err, i.word.Close())
}

// hear reads the new process's word.
func hear(from io.Reader) error {
	line, err := bufio.NewReader(io.LimitReader(from, maxWord)).ReadString('\n')
	line = strings.TrimSuffix(line, "\n")
	why, failed := strings.CutPrefix(line, wordFailed)
	switch {
	case line == wordReady:
		return nil
	case failed:
		return fmt.Errorf("it says: %s", why)
	case err != nil:
		return errors.New("it ended before it was ready")
	}
	return errors.New("it said something unknown")
}
