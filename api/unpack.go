package api

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"wayguard/interceptor"
	"wayguard/payment"
)

const (
	// unpackedAtOnce bounds how many bodies are unpacked at the same moment, and by that the memory that unpacking takes: each needs its
	// window and what comes out, which is no longer than body_limit.
	unpackedAtOnce = 4
	// longestWindow bounds the window of one of them, in bytes.
	longestWindow = 8 << 20
	// strange stands for a content coding that is not undone.
	strange = "?"
)

var (
	errExpands = errors.New("the body is too long once it is unpacked")
	errPacked  = errors.New("the body is not validly packed")
)

// codingOf reads Content-Encoding: "" for none, strange for what is not undone, such as several codings laid over each other.
func codingOf(values []string) string {
	found := ""
	for _, value := range values {
		for coding := range strings.SplitSeq(value, ",") {
			coding = strings.ToLower(strings.Trim(coding, " \t"))
			if coding == "" || coding == "identity" {
				continue
			}
			if found != "" {
				return strange
			}
			found = coding
		}
	}
	switch found {
	case "", "gzip", "deflate", "br", "zstd":
		return found
	case "x-gzip":
		return "gzip"
	}
	return strange
}

// unpack undoes a content coding. More than limit bytes are errExpands. What two readers might unpack differently is errPacked: a second
// gzip member, bare DEFLATE, bytes behind the end.
func unpack(coding string, body []byte, limit int) ([]byte, error) {
	source := bytes.NewReader(body)
	var reader io.Reader
	var err error
	switch coding {
	case "gzip":
		var member *gzip.Reader
		if member, err = gzip.NewReader(source); err == nil {
			member.Multistream(false)
		}
		reader = member
	case "deflate":
		reader, err = zlib.NewReader(source)
	case "br":
		reader = brotli.NewReader(source)
	case "zstd":
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(longestWindow), zstd.WithDecoderMaxMemory(longestWindow)); err == nil {
			defer decoder.Close()
		}
		reader = decoder
	default:
		err = errPacked
	}
	if err != nil {
		return nil, errPacked
	}
	plain, err := io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	switch {
	case len(plain) > limit:
		return nil, errExpands
	case err != nil || source.Len() > 0:
		return nil, errPacked // the library's text may quote bytes of the body
	}
	return plain, nil
}

// document reads a body for mapping and discovery; one that came compressed is unpacked for that only. It fails with errExpands for one
// that is too long, and with the error of ctx where its turn did not come.
func (a *API) document(ctx context.Context, p *passage) (interceptor.Document, []payment.Problem, error) {
	if p.coding == "" || p.kind == interceptor.Opaque || len(p.in.body) == 0 {
		document, problems := interceptor.Read(p.kind, p.in.body)
		return document, problems, nil
	}
	select {
	case a.unpacking <- struct{}{}:
		defer func() { <-a.unpacking }()
	case <-ctx.Done():
		return interceptor.Document{}, nil, ctx.Err()
	}
	plain, err := unpack(p.coding, p.in.body, int(a.config.BodyLimit))
	switch {
	case errors.Is(err, errExpands):
		return interceptor.Document{}, nil, err
	case err != nil:
		return interceptor.Document{}, []payment.Problem{{Field: "$", Code: "encoding", Message: "its content-encoding cannot be undone"}}, nil
	}
	document, problems := interceptor.Read(p.kind, plain)
	return document, problems, nil
}
