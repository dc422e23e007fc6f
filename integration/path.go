package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxTaken bounds how many values are taken from an answer, maxSteps how deep they may lie.
const (
	maxTaken = 32
	maxSteps = 16
)

var (
	errPath   = errors.New("is no path: write keys and positions joined by dots")
	errNoJSON = errors.New("the answer is no JSON")
)

// path leads to a value in a JSON document: keys of objects and positions in lists.
type path []string

func parsePath(text string) (path, error) {
	steps := strings.Split(text, ".")
	if len(text) > maxWord || len(steps) > maxSteps {
		return nil, errPath
	}
	for _, step := range steps {
		if step == "" {
			return nil, errPath
		}
	}
	return steps, nil
}

// parseAnswer reads one JSON document and nothing behind it. Numbers keep their digits.
func parseAnswer(body []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errNoJSON // the decoder's error would tell a part of the answer
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoJSON
	}
	return value, nil
}

// find is the value's text: texts as they are, numbers as they were written, booleans. Null, objects, lists and what is not there
// are no value, nor is a text longer than maxWord.
func (p path) find(value any) (string, bool) {
	for _, step := range p {
		switch node := value.(type) {
		case map[string]any:
			value = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return "", false
			}
			value = node[i]
		default:
			return "", false
		}
	}
	switch leaf := value.(type) {
	case string:
		return leaf, leaf != "" && len(leaf) <= maxWord
	case json.Number:
		return leaf.String(), len(leaf) <= 64
	case bool:
		return strconv.FormatBool(leaf), true
	}
	return "", false
}
