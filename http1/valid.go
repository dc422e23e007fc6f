package http1

// Preface starts a connection that speaks HTTP/2 by prior knowledge (RFC 9113 section 3.4). Request.Parse refuses it with
// status 505, so that who wants to speak HTTP/2 looks for it first.
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// ValidName reports whether name is a token.
func ValidName(name string) bool {
	end, _ := tokenEnd(octetsOf(name), 0)
	return name != "" && end == len(name)
}

// ValidValue reports whether value has no control character but tab, and no white space around it.
func ValidValue(value string) bool {
	if value == "" {
		return true
	}
	return valueEnd(octetsOf(value), 0) == len(value) && !isSpace(value[0]) && !isSpace(value[len(value)-1])
}

// ValidMethod reports whether method is a token of bearable length.
func ValidMethod(method string) bool { return len(method) <= longestMethod && ValidName(method) }

// ValidTarget reports whether target is "*" or starts with "/" and has only bytes allowed in a request target.
func ValidTarget(target string) bool {
	if target == "" || target != "*" && target[0] != '/' {
		return false
	}
	return targetEnd(octetsOf(target), 0) == len(target)
}

// ValidAuthority reports whether authority is a host with or without a port, as Request.Parse wants it in Host.
func ValidAuthority(authority string) bool { return validAuthority(authority) }
