package fingerprint

import "strconv"

// Setting is one line of an HTTP/2 SETTINGS frame.
type Setting struct {
	ID    uint16
	Value uint32
}

// Priority is an HTTP/2 PRIORITY frame (RFC 7540 section 6.3) sent before the first request.
type Priority struct {
	Stream, DependsOn uint32
	Exclusive         bool
	// Weight is as on the wire, one less than what it means.
	Weight uint8
}

// maxListed bounds the settings and the priorities that are written: a hostile client may send thousands.
const maxListed = 32

// HTTP2 writes the opening of an HTTP/2 connection in the text form of Akamai's "Passive Fingerprinting of HTTP/2
// Clients": SETTINGS in the order sent, the first WINDOW_UPDATE of the connection (00 if none), the PRIORITY frames (0
// if none) and the order of the pseudo header fields, such as "m,a,s,p": 1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p
func HTTP2(settings []Setting, window uint32, priorities []Priority, pseudo string) string {
	out := make([]byte, 0, 96)
	for i, s := range settings[:min(len(settings), maxListed)] {
		if i > 0 {
			out = append(out, ';')
		}
		out = strconv.AppendUint(out, uint64(s.ID), 10)
		out = append(out, ':')
		out = strconv.AppendUint(out, uint64(s.Value), 10)
	}
	out = append(out, '|')
	if window == 0 {
		out = append(out, '0')
	}
	out = strconv.AppendUint(out, uint64(window), 10)
	out = append(out, '|')
	if len(priorities) == 0 {
		out = append(out, '0')
	}
	for i, p := range priorities[:min(len(priorities), maxListed)] {
		if i > 0 {
			out = append(out, ',')
		}
		out = p.append(out)
	}
	out = append(out, '|')
	return string(append(out, pseudo...))
}

func (p Priority) append(out []byte) []byte {
	exclusive := byte('0')
	if p.Exclusive {
		exclusive = '1'
	}
	out = strconv.AppendUint(out, uint64(p.Stream), 10)
	out = append(out, ':', exclusive, ':')
	out = strconv.AppendUint(out, uint64(p.DependsOn), 10)
	out = append(out, ':')
	return strconv.AppendUint(out, uint64(p.Weight)+1, 10)
}
