package listen

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// The published captures of real browsers go through crypto/tls here, so that what it tells of a hello is compared with
// what was on the wire.
func TestHellosOfCaptures(t *testing.T) {
	files, _ := filepath.Glob("../../shared/data/ja4/pcap/*")
	if len(files) == 0 {
		t.Skip("SKIPPED: the published captures are not at ../../shared/data/ja4/pcap")
	}
	checked := 0
	for _, file := range files {
		capture, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		expected := expectedOf(t, filepath.Join("../../shared/data/ja4/expected", filepath.Base(file)+".json"))
		if len(expected) == 0 {
			continue
		}
		var found []string
		for _, stream := range streams(packets(capture)) {
			if ja4 := greet(t, stream); ja4 != "" && !slices.Contains(found, ja4) {
				found = append(found, ja4)
			}
		}
		for _, want := range expected {
			// The first protocol is no text: the description of JA4 was made more exact after that file.
			want = strings.Replace(want, "t13d151699_", "t13d1516bd_", 1)
			checked++
			if !slices.Contains(found, want) {
				t.Errorf("%s: %s is not among %v", filepath.Base(file), want, found)
			}
		}
	}
	t.Logf("%d fingerprints of captures", checked)
	if checked < 13 {
		t.Errorf("only %d fingerprints of captures checked", checked)
	}
}

func TestHelloInsideQUIC(t *testing.T) {
	m := newMaker(t)
	pair := m.write(t, t.TempDir(), "site", named("site.example"))
	door := openDoors(t, quiet(), Config{HTTP3: true, TLS: &TLSConfig{Certificate: pair.Certificate, Key: pair.Key}}).All()[0]
	config, told := door.TLS.Clone(), make(chan string, 1)
	config.NextProtos = []string{"h3"}
	config.GetConfigForClient = func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		told <- HelloOf(info, true).JA4()
		return nil, nil
	}
	listener, err := quic.Listen(door.Packets, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	conn, err := quic.DialAddr(t.Context(), door.Packets.LocalAddr().String(), &tls.Config{ServerName: "site.example", RootCAs: m.pool(), NextProtos: []string{"h3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-told; !strings.HasPrefix(got, "q13d") || got[8:10] != "h3" {
		t.Errorf("%s", got)
	}
	_ = conn.CloseWithError(0, "")
}

// expectedOf gives the distinct fingerprints over TCP of a capture.
func expectedOf(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	var all []map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, stream := range all {
		if ja4, ok := stream["JA4.1"].(string); ok && ja4[0] == 't' && !slices.Contains(out, ja4) {
			out = append(out, ja4)
		}
	}
	return out
}

// greet gives the fingerprint of a stream that begins with a hello.
func greet(t *testing.T, stream []byte) string {
	t.Helper()
	conn := &replay{Reader: bytes.NewReader(stream)}
	ja4 := ""
	_ = tls.Server(conn, &tls.Config{GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) { //nolint:gosec // nothing is served
		ja4 = HelloOf(info, false).JA4()
		return nil, errors.New("seen enough")
	}}).Handshake()
	return ja4
}

// replay is a connection that says what was recorded.
type replay struct{ io.Reader }

func (*replay) Write(p []byte) (int, error)      { return len(p), nil }
func (*replay) Close() error                     { return nil }
func (*replay) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*replay) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*replay) SetDeadline(time.Time) error      { return nil }
func (*replay) SetReadDeadline(time.Time) error  { return nil }
func (*replay) SetWriteDeadline(time.Time) error { return nil }

// packets gives the frames of a pcap or pcapng file, without their link layer.
func packets(file []byte) [][]byte {
	little := binary.LittleEndian
	var out [][]byte
	link := uint32(1)
	if little.Uint32(file) == 0xa1b2c3d4 {
		link = little.Uint32(file[20:])
		for at := 24; at+16 <= len(file); {
			n := int(little.Uint32(file[at+8:]))
			out = append(out, network(link, file[at+16:min(at+16+n, len(file))]))
			at += 16 + n
		}
		return out
	}
	for at := 0; at+12 <= len(file); {
		kind, n := little.Uint32(file[at:]), int(little.Uint32(file[at+4:]))
		if n < 12 || at+n > len(file) {
			break
		}
		switch kind {
		case 1:
			link = uint32(little.Uint16(file[at+8:]))
		case 6:
			length := int(little.Uint32(file[at+20:]))
			out = append(out, network(link, file[at+28:at+28+length]))
		}
		at += n
	}
	return out
}

// network takes off the link layer.
func network(link uint32, frame []byte) []byte {
	switch link {
	case 1:
		if len(frame) > 18 && binary.BigEndian.Uint16(frame[12:]) == 0x8100 {
			return frame[18:]
		}
		if len(frame) > 14 {
			return frame[14:]
		}
	case 113:
		if len(frame) > 16 {
			return frame[16:]
		}
	case 0:
		if len(frame) > 4 {
			return frame[4:]
		}
	}
	return frame
}

// segment is TCP data.
type segment struct {
	flow     string
	sequence uint32
	data     []byte
}

func tcp(packet []byte) (segment, bool) {
	var s segment
	if len(packet) < 20 {
		return s, false
	}
	var body []byte
	switch packet[0] >> 4 {
	case 4:
		head, total := int(packet[0]&15)*4, int(binary.BigEndian.Uint16(packet[2:]))
		if packet[9] == 4 && len(packet) > head { // IP in IP
			return tcp(packet[head:])
		}
		if packet[9] != 6 || total > len(packet) || head > total {
			return s, false
		}
		s.flow, body = string(packet[12:20]), packet[head:total]
	case 6:
		if len(packet) < 40 || packet[6] != 6 {
			return s, false
		}
		total := min(40+int(binary.BigEndian.Uint16(packet[4:])), len(packet))
		s.flow, body = string(packet[8:40]), packet[40:total]
	default:
		return s, false
	}
	if len(body) < 20 || int(body[12]>>4)*4 > len(body) {
		return s, false
	}
	s.flow += string(body[:4])
	s.sequence = binary.BigEndian.Uint32(body[4:])
	s.data = body[body[12]>>4*4:]
	return s, len(s.data) > 0
}

// streams gives what follows each segment that begins a hello, in its flow.
func streams(packets [][]byte) [][]byte {
	var segments []segment
	for _, packet := range packets {
		if s, ok := tcp(packet); ok {
			segments = append(segments, s)
		}
	}
	var out [][]byte
	for i, s := range segments {
		if len(s.data) < 6 || s.data[0] != 0x16 || s.data[5] != 1 {
			continue
		}
		stream, next := slices.Clone(s.data), s.sequence+uint32(len(s.data))
		for _, after := range segments[i+1:] {
			if after.flow == s.flow && after.sequence == next && len(stream) < 64<<10 {
				stream, next = append(stream, after.data...), next+uint32(len(after.data))
			}
		}
		out = append(out, stream)
	}
	return out
}
