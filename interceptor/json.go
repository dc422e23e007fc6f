package interceptor

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"wayguard/payment"
)

// readJSON reads one JSON value, numbers as json.Number. A key that stands twice in an object is a problem: the destination might read the
// other one than we do.
func readJSON(body []byte) (any, *payment.Problem) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	r := jsonReader{decoder: decoder}
	root, flaw := r.next("$", 0)
	if flaw != nil {
		return nil, flaw
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, flawed("$", "format", "something stands behind the JSON value")
	}
	return root, nil
}

type jsonReader struct {
	decoder *json.Decoder
	nodes   int
}

func (r *jsonReader) next(path string, depth int) (any, *payment.Problem) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, flawed(path, "format", "not valid JSON")
	}
	if r.nodes++; r.nodes > maxNodes {
		return nil, flawed(path, "size", "more than 100,000 values")
	}
	delim, compound := token.(json.Delim)
	if !compound {
		return token, nil
	}
	if depth >= maxDepth {
		return nil, flawed(path, "depth", "more than 64 levels")
	}
	if delim == '{' {
		return r.object(path, depth)
	}
	return r.array(path, depth)
}

func (r *jsonReader) object(path string, depth int) (any, *payment.Problem) {
	object := map[string]any{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		key, isText := token.(string)
		if err != nil || !isText {
			return nil, flawed(path, "format", "not valid JSON")
		}
		if _, twice := object[key]; twice {
			return nil, flawed(below(path, key), "duplicate", "stands twice in its object")
		}
		value, flaw := r.next(below(path, key), depth+1)
		if flaw != nil {
			return nil, flaw
		}
		object[key] = value
	}
	if _, err := r.decoder.Token(); err != nil {
		return nil, flawed(path, "format", "not valid JSON")
	}
	return object, nil
}

func (r *jsonReader) array(path string, depth int) (any, *payment.Problem) {
	array := []any{}
	for r.decoder.More() {
		value, flaw := r.next(path+"["+strconv.Itoa(len(array))+"]", depth+1)
		if flaw != nil {
			return nil, flaw
		}
		array = append(array, value)
	}
	if _, err := r.decoder.Token(); err != nil {
		return nil, flawed(path, "format", "not valid JSON")
	}
	return array, nil
}
