package http1

import "strconv"

// AppendChunk appends data as one chunk; empty data is nothing, since an empty chunk would end the body.
func AppendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = AppendChunkHeader(dst, len(data))
	dst = append(dst, data...)
	return append(dst, "\r\n"...)
}

// AppendChunkHeader appends the line before size bytes of data; the data must be followed by CR LF.
func AppendChunkHeader(dst []byte, size int) []byte {
	dst = strconv.AppendInt(dst, int64(size), 16)
	return append(dst, "\r\n"...)
}

// AppendLastChunk appends the end of a body. Trailers that are not valid or have no business there are left out.
func AppendLastChunk(dst []byte, trailers []Field) []byte {
	dst = append(dst, "0\r\n"...)
	for i := range trailers {
		if MayTrail(trailers[i].Name) {
			dst = appendField(dst, &trailers[i])
		}
	}
	return append(dst, "\r\n"...)
}

// MayTrail reports whether a field may stand behind a body: one that we do not know, or ETag. What else we know has no business
// there (RFC 9110 section 6.5.1), such as cookies, credentials, addresses or what describes the content.
func MayTrail(name string) bool {
	known := LookupRequest(name)
	return known == Other || known == ETag
}
