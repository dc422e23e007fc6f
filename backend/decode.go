package backend

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"wayguard/payment"
)

// decodeStrictly reads JSON of an operator's: unknown and repeated keys are problems. They never tell a value.
func decodeStrictly(field string, data []byte, limit int, into any) []payment.Problem {
	tell := func(at, code, message string) []payment.Problem {
		return []payment.Problem{{Field: at, Code: code, Message: message}}
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return tell(field, "required", "is missing")
	case len(data) > limit:
		return tell(field, "range", "is larger than "+strconv.Itoa(limit)+" bytes")
	}
	err := strict.Unmarshal(data, into, strict.RejectUnknownMembers(true))
	var semantic *strict.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &semantic) && errors.Is(semantic.Err, strict.ErrUnknownName):
		return tell(field+below(semantic.JSONPointer), "unknown", "is no key that is known here")
	case errors.As(err, &semantic):
		return tell(field+below(semantic.JSONPointer), "type", "has the wrong type")
	case errors.As(err, &syntactic) && errors.Is(syntactic.Err, jsontext.ErrDuplicateName):
		return tell(field+below(syntactic.JSONPointer), "duplicate", "stands there twice")
	}
	return tell(field, "format", "is no JSON")
}

// below is a JSON pointer (RFC 6901) as the steps of a field path.
func below(pointer jsontext.Pointer) string {
	var b strings.Builder
	for token := range pointer.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		b.WriteString(step(token))
	}
	return b.String()
}

// errNoJSON is told of what is no single JSON value; the decoder's own error would tell a part of it.
var errNoJSON = errors.New("is no JSON")

// decodeNumbers reads one JSON value and nothing behind it; numbers keep their digits.
func decodeNumbers(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil, errNoJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoJSON
	}
	return value, nil
}
