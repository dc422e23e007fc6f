package decoy

import (
	"bytes"
	"slices"
	"strings"

	"wayguard/capture"
)

// ownRequest is a copy of what is read of a request, in memory of its own.
func ownRequest(r *capture.Request) *capture.Request {
	own := *r
	own.Method, own.Host = strings.Clone(r.Method), strings.Clone(r.Host)
	own.Path, own.Query = strings.Clone(r.Path), strings.Clone(r.Query)
	own.Header = ownFields(r.Header)
	own.Body.Bytes = bytes.Clone(r.Body.Bytes)
	return &own
}

// ownResponse is a copy of a response in memory of its own.
func ownResponse(r *capture.Response) *capture.Response {
	own := *r
	own.Header = ownFields(r.Header)
	own.Body.Bytes = bytes.Clone(r.Body.Bytes)
	return &own
}

func ownFields(fields []capture.Field) []capture.Field {
	own := slices.Clone(fields)
	for i := range own {
		own[i].Name, own[i].Value = strings.Clone(own[i].Name), strings.Clone(own[i].Value)
	}
	return own
}
