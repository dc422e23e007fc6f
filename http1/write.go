package http1

import "strconv"

// appendField appends a line unless it would break the head it is in: a name that is no token, a value with a control
// character or white space around it, and the names that the head's writer says for itself.
func appendField(dst []byte, f *Field) []byte {
	known := lookup(f.Name)
	if known != Other && known <= Host || !ValidName(f.Name) || !ValidValue(f.Value) {
		return dst
	}
	return appendLine(dst, f.Name, f.Value)
}

// AppendRequest appends a request head that did not come as one of HTTP/1.1, such as a request that came by HTTP/2. Host,
// framing and connection lines are said by the arguments; fields that would say them again are left out, and so is one
// that is not valid. Of the fields that concern one connection, TE: trailers and Upgrade: websocket are written with
// their Connection option, and Trailer where the body is chunked. Host may be empty. Where method, target or host are
// not valid, nothing is appended at all.
func AppendRequest(dst []byte, method, target, host string, fields []Field, framing Framing, close bool) []byte {
	if !ValidMethod(method) || !ValidTarget(target) || host != "" && !validAuthority(host) {
		return dst
	}
	dst = append(dst, method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst = appendLine(dst, "Host", host)
	dst, option := appendFields(dst, fields, framing, true)
	switch {
	case framing.Chunked:
		dst = appendLine(dst, "Transfer-Encoding", "chunked")
	case framing.Length > 0 || framing.HasLength:
		dst = appendLength(dst, "Content-Length", framing.Length)
	}
	return append(appendConnection(dst, option, close), "\r\n"...)
}

// appendFields appends fields, and gives the Connection option that goes with them. Those of a request must not be disguised.
func appendFields(dst []byte, fields []Field, framing Framing, request bool) (out []byte, option string) {
	for i := range fields {
		f := &fields[i]
		if request && LookupRequest(f.Name) == Disguised {
			continue
		}
		switch known := lookup(f.Name); {
		case known == TE && option == "" && wantsTrailers(f.Value):
			option = "TE"
			dst = appendLine(dst, f.Name, "trailers")
		case known == Upgrade && option != "Upgrade" && equalFold(f.Value, "websocket"):
			option = "Upgrade"
			dst = appendLine(dst, f.Name, f.Value)
		case known == Trailer && framing.Chunked && ValidValue(f.Value):
			dst = appendLine(dst, f.Name, f.Value)
		default:
			dst = appendField(dst, f)
		}
	}
	return dst, option
}

func appendConnection(dst []byte, option string, close bool) []byte {
	switch {
	case option != "" && close && option != "Upgrade":
		return appendLine(dst, "Connection", "close, TE")
	case option != "":
		return appendLine(dst, "Connection", option)
	case close:
		return appendLine(dst, "Connection", "close")
	}
	return dst
}

// AppendResponse appends a response head that did not come as one of HTTP/1.1, of our own or of HTTP/2, under the rules of
// AppendRequest. An empty reason is the status's usual one. A response to HEAD has a Bodiless framing; with HasLength its
// Content-Length says what GET would get.
func AppendResponse(dst []byte, status int, reason string, fields []Field, framing Framing, close bool) []byte {
	if reason == "" || !ValidValue(reason) {
		reason = ReasonPhrase(status)
	}
	dst = appendStatusLine(dst, status, reason)
	dst, option := appendFields(dst, fields, framing, false)
	switch {
	case status < 200 || status == 204:
	case framing.Chunked && !framing.Bodiless:
		dst = appendLine(dst, "Transfer-Encoding", "chunked")
	case framing.UntilClose:
		close = true
	case framing.HasLength || !framing.Bodiless && status != 304:
		dst = appendLength(dst, "Content-Length", max(framing.Length, 0))
	}
	return append(appendConnection(dst, option, close), "\r\n"...)
}

func appendStatusLine(dst []byte, status int, reason string) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, reason...)
	return append(dst, "\r\n"...)
}
