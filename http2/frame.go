package http2

import (
	"encoding/binary"
	"strconv"
)

// The frame types of RFC 9113 section 6.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	framePriority     = 0x2
	frameReset        = 0x3
	frameSettings     = 0x4
	framePush         = 0x5
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindow       = 0x8
	frameContinuation = 0x9
)

// The flags of those frames.
const (
	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// The settings of RFC 9113 section 6.5.2, RFC 8441 and RFC 9218.
const (
	settingTableSize    = 0x1
	settingPush         = 0x2
	settingStreams      = 0x3
	settingWindow       = 0x4
	settingFrameSize    = 0x5
	settingListSize     = 0x6
	settingConnect      = 0x8
	settingNoPriorities = 0x9
)

const (
	frameHead      = 9     // bytes of a frame's head
	maxFrame       = 16384 // the largest payload we take and make: the protocol's default and minimum
	protocolWindow = 65535 // the window that counts until SETTINGS or WINDOW_UPDATE say otherwise
	maxWindow      = 1<<31 - 1
	maxStreamID    = 1<<31 - 1
	largestFrame   = 1<<24 - 1
)

// Code says why a stream or a connection ends (RFC 9113 section 7).
type Code uint32

// The codes a handler may give to Stream.Reset, and those of Error.
const (
	NoError          Code = 0x0
	ProtocolError    Code = 0x1
	InternalError    Code = 0x2
	FlowControlError Code = 0x3
	StreamClosed     Code = 0x5
	FrameSizeError   Code = 0x6
	RefusedStream    Code = 0x7
	Cancel           Code = 0x8
	CompressionError Code = 0x9
	ConnectError     Code = 0xa
	EnhanceYourCalm  Code = 0xb
	HTTP11Required   Code = 0xd
)

// Error is why a connection was ended from our side.
type Error struct {
	Code   Code
	Reason string // a few fixed words, never anything out of the connection
}

// Error implements error.
func (e *Error) Error() string {
	return "http2: connection error " + strconv.Itoa(int(e.Code)) + ": " + e.Reason
}

// frame is one frame where it lies in the reader's buffer.
type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

func (f *frame) has(flag byte) bool { return f.flags&flag != 0 }

// length is what the head of a frame says about its payload's bytes.
func length(head []byte) int { return int(head[0])<<16 | int(head[1])<<8 | int(head[2]) }

// parseFrame reads a frame that is there completely.
func parseFrame(b []byte) frame {
	return frame{
		kind: b[3], flags: b[4],
		stream:  binary.BigEndian.Uint32(b[5:]) & maxStreamID,
		payload: b[frameHead : frameHead+length(b)],
	}
}

// unpad takes the padding off a DATA or HEADERS frame's payload; false when there is more of it than payload.
func (f *frame) unpad() bool {
	if !f.has(flagPadded) {
		return true
	}
	if len(f.payload) == 0 || int(f.payload[0]) >= len(f.payload) {
		return false
	}
	f.payload = f.payload[1 : len(f.payload)-int(f.payload[0])]
	return true
}

func appendHead(out []byte, length int, kind, flags byte, stream uint32) []byte {
	return append(out, byte(length>>16), byte(length>>8), byte(length), kind, flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

func appendWord(out []byte, word uint32) []byte { return binary.BigEndian.AppendUint32(out, word) }

func appendSetting(out []byte, id uint16, value uint32) []byte {
	return appendWord(binary.BigEndian.AppendUint16(out, id), value)
}

func appendReset(out []byte, stream uint32, code Code) []byte {
	return appendWord(appendHead(out, 4, frameReset, 0, stream), uint32(code))
}

func appendWindow(out []byte, stream uint32, more int) []byte {
	return appendWord(appendHead(out, 4, frameWindow, 0, stream), uint32(more))
}

func appendGoAway(out []byte, last uint32, code Code) []byte {
	return appendWord(appendWord(appendHead(out, 8, frameGoAway, 0, 0), last), uint32(code))
}

func appendPing(out []byte, ack bool, text []byte) []byte {
	flags := byte(0)
	if ack {
		flags = flagAck
	}
	return append(appendHead(out, 8, framePing, flags, 0), text[:8]...)
}
