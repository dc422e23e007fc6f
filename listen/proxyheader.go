package listen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Errors of ParseProxyHeader and Door.Header.
var (
	// ErrMore says that the header, or what might become one, is not complete yet.
	ErrMore = errors.New("the PROXY header is not complete")
	// ErrNoHeader says that the bytes are no PROXY header.
	ErrNoHeader = errors.New("no PROXY header")
	// ErrForbidden says that a peer that may not speak for others tried to.
	ErrForbidden = errors.New("a PROXY header from a peer that may not send one")
)

// The bounds of a header: version 1's is in the specification, version 2's is ours for its type-length-values.
const (
	maxHeaderV1 = 107
	maxHeaderV2 = 4096
)

const (
	prefixV1 = "PROXY "
	prefixV2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// ParseProxyHeader reads the header of the PROXY protocol, version 1 or 2, that buf begins with (HAProxy's
// proxy-protocol.txt). n is its length. local says that it names no TCP addresses (LOCAL, UNKNOWN, UNIX ...): the
// connection's own are right. Type-length-values are skipped. ErrMore: more bytes are needed, at most 4 KiB in all;
// ErrNoHeader: these bytes are none; others: a header that is wrong.
func ParseProxyHeader(buf []byte) (n int, source, destination netip.AddrPort, local bool, err error) {
	switch {
	case begins(buf, prefixV1):
		return parseV1(buf)
	case begins(buf, prefixV2):
		return parseV2(buf)
	}
	err = ErrNoHeader
	if mayBegin(buf) {
		err = ErrMore
	}
	return 0, source, destination, false, err
}

func begins(buf []byte, prefix string) bool {
	return len(buf) >= len(prefix) && string(buf[:len(prefix)]) == prefix
}

// mayBegin says whether buf is shorter than a header's beginning, and like it so far.
func mayBegin(buf []byte) bool {
	return strings.HasPrefix(prefixV1, string(buf)) || strings.HasPrefix(prefixV2, string(buf))
}

// parseV1 reads "PROXY TCP4 192.0.2.1 198.51.100.1 5123 443\r\n".
func parseV1(buf []byte) (n int, source, destination netip.AddrPort, local bool, err error) {
	end := bytes.IndexByte(buf[:min(len(buf), maxHeaderV1)], '\n')
	if end < 0 {
		if len(buf) < maxHeaderV1 {
			return 0, source, destination, false, ErrMore
		}
		return 0, source, destination, false, errors.New("read PROXY header: the line is too long")
	}
	if buf[end-1] != '\r' {
		return 0, source, destination, false, errors.New("read PROXY header: the line ends without CR")
	}
	words := strings.Split(string(buf[len(prefixV1):end-1]), " ")
	if words[0] == "UNKNOWN" {
		return end + 1, source, destination, true, nil
	}
	if len(words) != 5 || words[0] != "TCP4" && words[0] != "TCP6" {
		return 0, source, destination, false, errors.New("read PROXY header: not a protocol, two addresses and two ports")
	}
	four := words[0] == "TCP4"
	if source, err = addressV1(four, words[1], words[3]); err != nil {
		return 0, source, destination, false, err
	}
	if destination, err = addressV1(four, words[2], words[4]); err != nil {
		return 0, netip.AddrPort{}, destination, false, err
	}
	return end + 1, source, destination, false, nil
}

func addressV1(four bool, address, port string) (netip.AddrPort, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() != four || ip.Zone() != "" {
		return netip.AddrPort{}, errors.New("read PROXY header: not an address of its protocol")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || port[0] == '0' && len(port) > 1 {
		return netip.AddrPort{}, errors.New("read PROXY header: not a port")
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}

// The bytes of version 2 that matter here.
const (
	commandLocal = 0x20
	commandProxy = 0x21
	familyTCP4   = 0x11
	familyTCP6   = 0x21
)

// parseV2 reads the binary form: the signature, command, family, length, addresses and type-length-values.
func parseV2(buf []byte) (n int, source, destination netip.AddrPort, local bool, err error) {
	const head = len(prefixV2) + 4
	if len(buf) < head {
		return 0, source, destination, false, ErrMore
	}
	command, family := buf[12], buf[13]
	n = head + int(binary.BigEndian.Uint16(buf[14:]))
	switch {
	case command != commandLocal && command != commandProxy:
		return 0, source, destination, false, errors.New("read PROXY header: neither LOCAL nor PROXY of version 2")
	case family>>4 > 3 || family&0x0f > 2:
		return 0, source, destination, false, fmt.Errorf("read PROXY header: no address family has the number %#x", family)
	case n > maxHeaderV2:
		return 0, source, destination, false, fmt.Errorf("read PROXY header: longer than %d bytes", maxHeaderV2)
	case len(buf) < n:
		return 0, source, destination, false, ErrMore
	case command == commandLocal || family != familyTCP4 && family != familyTCP6:
		return n, source, destination, true, nil
	}
	size := 4
	if family == familyTCP6 {
		size = 16
	}
	body := buf[head:n]
	if len(body) < 2*size+4 {
		return 0, source, destination, false, errors.New("read PROXY header: too short for its addresses")
	}
	from, _ := netip.AddrFromSlice(body[:size])
	to, _ := netip.AddrFromSlice(body[size : 2*size])
	source = netip.AddrPortFrom(from.Unmap(), binary.BigEndian.Uint16(body[2*size:]))
	destination = netip.AddrPortFrom(to.Unmap(), binary.BigEndian.Uint16(body[2*size+2:]))
	return n, source, destination, false, nil
}

// Header applies the door's rules on the PROXY protocol to the first bytes of a connection. n bytes are the header's and
// come before everything else; source is the visitor's address, not valid where it is the peer's own. ErrMore: more
// bytes are needed to say, at most 4 KiB in all. Any other error: the connection is to be closed without an answer.
// A door without the protocol says at once that there is no header.
func (d *Door) Header(peer netip.Addr, buf []byte) (n int, source netip.AddrPort, err error) {
	if d.Config.ProxyProtocol == nil {
		return 0, source, nil
	}
	if !d.believes(peer) {
		switch {
		case begins(buf, prefixV1) || begins(buf, prefixV2):
			return 0, source, ErrForbidden
		case mayBegin(buf):
			return 0, source, ErrMore
		}
		return 0, source, nil
	}
	n, source, _, _, err = ParseProxyHeader(buf)
	if errors.Is(err, ErrNoHeader) && d.Config.ProxyProtocol.Optional {
		err = nil
	}
	return n, source, err
}

// AwaitsHeader says whether Header must be asked about a connection's first bytes.
func (d *Door) AwaitsHeader() bool { return d.Config.ProxyProtocol != nil }

// believes says whether the peer may say whom it forwards for.
func (d *Door) believes(peer netip.Addr) bool {
	peer = peer.Unmap().WithZone("")
	for _, network := range d.speakers {
		if network.Contains(peer) {
			return true
		}
	}
	return false
}

// parseNetwork reads "10.0.0.0/8" or a single address.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("not an address or a network in CIDR notation")
	}
	if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}
