package origin

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// validHost says whether the text is an address or can be a host name: letters, digits, hyphens, underscores and dots,
// within the lengths of RFC 1035.
func validHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == ""
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			if c := label[i] | 0x20; (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && label[i] != '-' && label[i] != '_' {
				return false
			}
		}
	}
	return true
}

// serverName is a visitor's Host as a name for TLS: without the port, in lower case; "" when it cannot be one.
func serverName(host string) string {
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	host = strings.Trim(host, "[]")
	if !validHost(host) {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// statuses is a set of HTTP statuses.
type statuses [10]uint64 // a bit for each of 0 to 639

func (s *statuses) has(status int) bool {
	return status >= 0 && status < len(s)*64 && s[status/64]&(1<<(status%64)) != 0
}

// parseStatuses reads "200" and "200-399".
func parseStatuses(texts []string) (statuses, error) {
	var set statuses
	for _, text := range texts {
		low, high, isRange := strings.Cut(text, "-")
		if !isRange {
			high = low
		}
		from, err := parseStatus(low)
		if err != nil {
			return set, err
		}
		to, err := parseStatus(high)
		if err != nil {
			return set, err
		}
		if to < from {
			return set, fmt.Errorf("read statuses: %q ends before it begins", text)
		}
		for status := from; status <= to; status++ {
			set[status/64] |= 1 << (status % 64)
		}
	}
	return set, nil
}

func parseStatus(text string) (int, error) {
	status, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	if err != nil || status < 100 || status > 599 {
		return 0, fmt.Errorf("read statuses: %q is no HTTP status", text)
	}
	return int(status), nil
}
