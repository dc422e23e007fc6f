package decoy

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
)

// maxBody bounds the bodies that are learned, decompressed, in bytes.
const maxBody = 64 << 10

// codings are the content codings of a list that are undone and done here, sorted; a coding with q=0 is not taken.
func codings(list string) []string {
	var found []string
	for item := range strings.SplitSeq(strings.ToLower(list), ",") {
		name, quality, _ := strings.Cut(item, ";")
		name = strings.TrimSpace(name)
		quality = strings.ReplaceAll(quality, " ", "")
		refused := quality == "q=0" || strings.HasPrefix(quality, "q=0.") && strings.Trim(quality[4:], "0") == ""
		if (name == "gzip" || name == "br") && !refused && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// unpack undoes a body's content coding. A body that is too large, broken or coded otherwise is an error.
func unpack(coding string, body []byte) ([]byte, error) {
	var reader io.Reader
	switch coding {
	case "", "identity":
		if len(body) > maxBody {
			return nil, errors.New("the body is too large to be learned")
		}
		return body, nil
	case "gzip":
		unzipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, errors.New("the body is no gzip")
		}
		reader = unzipped
	case "br":
		reader = brotli.NewReader(bytes.NewReader(body))
	default:
		return nil, errors.New("the body has another content coding than gzip and br")
	}
	plain, err := io.ReadAll(io.LimitReader(reader, maxBody+1))
	if err != nil {
		return nil, errors.New("the body is broken in its content coding")
	}
	if len(plain) > maxBody {
		return nil, errors.New("the body is too large to be learned")
	}
	return plain, nil
}

// packer is how an origin compresses: the coding, the level whose lengths come nearest to its own, and how its gzip begins.
type packer struct {
	coding string
	level  int
	// head is bytes 3 to 9 of the origin's gzip: flags, time, strength and system. Only heads without flags are copied.
	head []byte
}

// calibrate finds the level at which a body comes out as long as the origin made it.
func calibrate(coding string, plain, packed []byte) packer {
	best := packer{coding: coding}
	if coding == "gzip" && len(packed) >= 10 && packed[3] == 0 && bytes.Equal(packed[4:8], make([]byte, 4)) {
		best.head = bytes.Clone(packed[3:10])
	}
	levels := []int{6, 1, 2, 4, 5, 9}
	if coding == "br" {
		levels = []int{4, 5, 6, 11, 1, 3}
	}
	nearest := -1
	for _, level := range levels {
		off := len(pack(packer{coding: coding, level: level}, plain)) - len(packed)
		if off < 0 {
			off = -off
		}
		if nearest < 0 || off < nearest {
			nearest, best.level = off, level
		}
		if nearest == 0 {
			break
		}
	}
	return best
}

// pack compresses as the packer says. Writing to memory cannot fail, and the levels are known ones.
func pack(p packer, plain []byte) []byte {
	var out bytes.Buffer
	var writer io.WriteCloser
	switch p.coding {
	case "gzip":
		writer, _ = gzip.NewWriterLevel(&out, p.level)
	case "br":
		writer = brotli.NewWriterLevel(&out, p.level)
	default:
		return plain
	}
	_, _ = writer.Write(plain)
	_ = writer.Close()
	if packed := out.Bytes(); len(p.head) == 7 && len(packed) >= 10 {
		copy(packed[3:10], p.head)
	}
	return out.Bytes()
}
