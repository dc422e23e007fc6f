package proxy

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// errTooLong says that a body is longer than is looked at.
var errTooLong = errors.New("the body is longer than is looked at")

// longestWindow bounds the memory of a decompressor, in bytes.
const longestWindow = 8 << 20

// codingOf reads a Content-Encoding: "" for none. fine is false where it cannot be undone.
func codingOf(value string) (coding string, fine bool) {
	switch coding = strings.ToLower(strings.Trim(value, " \t")); coding {
	case "", "identity":
		return "", true
	case "gzip", "x-gzip":
		return "gzip", true
	case "deflate", "br", "zstd":
		return coding, true
	}
	return "", false
}

// decode undoes a coding. A body of more than limit bytes is errTooLong.
func decode(coding string, body []byte, limit int) ([]byte, error) {
	source := io.Reader(bytes.NewReader(body))
	var reader io.Reader
	var err error
	switch coding {
	case "gzip":
		reader, err = gzip.NewReader(source)
	case "deflate": // the zlib format; the few who mean bare DEFLATE get their pages as they are
		reader, err = zlib.NewReader(source)
	case "br":
		reader = brotli.NewReader(source)
	default:
		var decoder *zstd.Decoder
		decoder, err = zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(longestWindow), zstd.WithDecoderMaxMemory(longestWindow))
		if err == nil {
			defer decoder.Close()
		}
		reader = decoder
	}
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	if len(plain) > limit {
		return nil, errTooLong
	}
	return plain, err
}

// encode applies a coding.
func encode(coding string, plain []byte) ([]byte, error) {
	var coded bytes.Buffer
	var writer io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		writer = gzip.NewWriter(&coded)
	case "deflate":
		writer = zlib.NewWriter(&coded)
	case "br":
		writer = brotli.NewWriterLevel(&coded, 4) // of 11: what takes the time of gzip
	default:
		writer, err = zstd.NewWriter(&coded, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	}
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(plain); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return coded.Bytes(), nil
}
