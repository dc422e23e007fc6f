package http1

import "net/netip"

// longestHost is the most a name in the DNS has, with room for brackets.
const longestHost = 255

// validAuthority admits host [":" port] where host is a registered name of letters, digits, "-", "." and "_", an IPv4
// address, or an IPv6 address in brackets. It is stricter than RFC 3986: no user information, no percent-escapes, no
// sub-delimiters, no empty port. What is left reads the same everywhere.
func validAuthority(s string) bool {
	host, rest := s, ""
	if s != "" && s[0] == '[' {
		end := 1
		for end < len(s) && (octets[s[end]]&hexOctet != 0 || s[end] == ':' || s[end] == '.') {
			end++
		}
		if end >= len(s) || s[end] != ']' || !validIPv6(s[1:end]) {
			return false
		}
		host, rest = s[:end+1], s[end+1:]
	} else {
		end := 0
		for end < len(s) && octets[s[end]]&hostOctet != 0 {
			end++
		}
		host, rest = s[:end], s[end:]
		if !validRegisteredName(host) {
			return false
		}
	}
	return len(host) <= longestHost && (rest == "" || rest[0] == ':' && validPort(rest[1:]))
}

func validIPv6(s string) bool {
	address, err := netip.ParseAddr(s)
	return err == nil && address.Is6()
}

// validRegisteredName wants no empty label but the root's.
func validRegisteredName(host string) bool {
	if host == "" || host[0] == '.' {
		return false
	}
	for i := 1; i < len(host); i++ {
		if host[i] == '.' && host[i-1] == '.' {
			return false
		}
	}
	return true
}

func validPort(s string) bool {
	if s == "" || len(s) > 5 {
		return false
	}
	port := 0
	for i := range len(s) {
		digit := s[i] - '0'
		if digit > 9 {
			return false
		}
		port = port*10 + int(digit)
	}
	return port <= 65535
}
