package reputation

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// ReadList reads a list of addresses and prefixes, one a line; what follows "#" or ";" is a comment. A line that is neither
// is an error with its number.
func ReadList(from io.Reader, entry Entry) ([]Range, error) {
	var ranges []Range
	lines := bufio.NewScanner(from)
	for number := 1; lines.Scan(); number++ {
		text := lines.Text()
		if cut := strings.IndexAny(text, "#;"); cut >= 0 {
			text = text[:cut]
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		r, err := rangeOf(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		r.Entry = entry
		ranges = append(ranges, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	return ranges, nil
}

func rangeOf(text string) (Range, error) {
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return Range{}, fmt.Errorf("%q is no address", text)
		}
		return Range{First: address.Unmap(), Last: address.Unmap()}, nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return Range{}, fmt.Errorf("%q is no prefix", text)
	}
	prefix = prefix.Masked()
	return Range{First: prefix.Addr(), Last: lastOf(prefix)}, nil
}

// lastOf is the prefix's last address.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}
