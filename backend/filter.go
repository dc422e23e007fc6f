package backend

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// filter changes a value. It gets false where there is none yet, and gives false where it cannot make one: the leaf is left out then.
type filter struct {
	apply func(value any, there bool) (any, bool)
}

// maxFilters bounds a chain.
const maxFilters = 8

var errFilterEnd = errors.New("a filter's brackets or quotes do not close")

// parseFilters reads a chain such as: first(6) | map({"a": "b"}).
func parseFilters(chain []string) ([]filter, error) {
	if len(chain) > maxFilters {
		return nil, fmt.Errorf("has more than %d filters", maxFilters)
	}
	var filters []filter
	for _, text := range chain {
		name, rest, called := strings.Cut(strings.TrimSpace(text), "(")
		var args []any
		if called {
			inner, ok := strings.CutSuffix(strings.TrimSpace(rest), ")")
			decoder := json.NewDecoder(strings.NewReader("[" + inner + "]"))
			decoder.UseNumber()
			if !ok || decoder.Decode(&args) != nil || decoder.More() {
				return nil, fmt.Errorf("filter %s has arguments that are no JSON", quoteName(name))
			}
		}
		one, ok := filterTable()[strings.TrimSpace(name)]
		if !ok {
			return nil, fmt.Errorf("there is no filter %s", quoteName(name))
		}
		apply, ok := one(args)
		if !ok {
			return nil, fmt.Errorf("filter %s has the wrong arguments", quoteName(name))
		}
		filters = append(filters, filter{apply})
	}
	return filters, nil
}

func quoteName(name string) string {
	if name = strings.TrimSpace(name); !plainName(name) {
		return "of that name"
	}
	return strconv.Quote(name)
}

type maker = func(args []any) (func(any, bool) (any, bool), bool)

// filterTable are the filters by name. Besides those of interceptors' mappings there are some for what risk engines want.
func filterTable() map[string]maker {
	return map[string]maker{
		"first":    counted(func(t []rune, n int) []rune { return t[:min(n, len(t))] }),
		"last":     counted(func(t []rune, n int) []rune { return t[max(len(t)-n, 0):] }),
		"tail":     counted(func(t []rune, n int) []rune { return t[min(n, len(t)):] }),
		"downcase": worded(strings.ToLower),
		"upcase":   worded(strings.ToUpper),
		"trim":     worded(strings.TrimSpace),
		"digits":   worded(digits),
		"sha256":   worded(func(t string) string { sum := sha256.Sum256([]byte(t)); return hex.EncodeToString(sum[:]) }),
		"map":      mapped, "default": defaulted, "to_int": plainly(toInt), "to_string": plainly(toString),
		"times": times, "major": major, "unix": timed(time.Time.Unix), "unix_ms": timed(time.Time.UnixMilli),
	}
}

func worded(change func(string) string) maker {
	return plainly(func(value any) (any, bool) {
		text, ok := value.(string)
		return change(text), ok
	})
}

func plainly(change func(any) (any, bool)) maker {
	return func(args []any) (func(any, bool) (any, bool), bool) {
		return func(value any, there bool) (any, bool) {
			if !there {
				return nil, false
			}
			return change(value)
		}, len(args) == 0
	}
}

func counted(cut func(text []rune, n int) []rune) maker {
	return func(args []any) (func(any, bool) (any, bool), bool) {
		n, ok := oneInt(args)
		return func(value any, there bool) (any, bool) {
			text, is := scalar(value)
			if !there || !is || !utf8.ValidString(text) {
				return nil, false
			}
			return string(cut([]rune(text), n)), true
		}, ok && n >= 0 && n <= 1000
	}
}

func oneInt(args []any) (int, bool) {
	if len(args) != 1 {
		return 0, false
	}
	number, ok := args[0].(json.Number)
	n, err := strconv.Atoi(string(number))
	return n, ok && err == nil
}

// mapped looks a value up by its text; a second argument is for what is not in the table.
func mapped(args []any) (func(any, bool) (any, bool), bool) {
	if len(args) < 1 || len(args) > 2 {
		return nil, false
	}
	table, ok := args[0].(map[string]any)
	return func(value any, there bool) (any, bool) {
		text, is := scalar(value)
		if !there || !is {
			return nil, false
		}
		if found, ok := table[text]; ok {
			return found, true
		}
		if len(args) == 2 {
			return args[1], true
		}
		return nil, false
	}, ok
}

func defaulted(args []any) (func(any, bool) (any, bool), bool) {
	return func(value any, there bool) (any, bool) {
		if there && value != nil {
			return value, true
		}
		return args[0], true
	}, len(args) == 1
}

func toInt(value any) (any, bool) {
	text, ok := scalar(value)
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return n, ok && err == nil
}

func toString(value any) (any, bool) {
	text, ok := scalar(value)
	return text, ok
}

func digits(text string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, text)
}

// times multiplies whole numbers: amounts in micros are times(10000) of minor units.
func times(args []any) (func(any, bool) (any, bool), bool) {
	n, ok := oneInt(args)
	return func(value any, there bool) (any, bool) {
		text, is := scalar(value)
		whole, good := new(big.Int).SetString(text, 10)
		if !there || !is || !good || len(text) > 19 {
			return nil, false
		}
		whole.Mul(whole, big.NewInt(int64(n)))
		return json.Number(whole.String()), true
	}, ok && n >= 1 && n <= 1_000_000_000
}

// major moves the decimal point: major(2) makes 10.50 of 1050 minor units, a number written exactly.
func major(args []any) (func(any, bool) (any, bool), bool) {
	places, ok := oneInt(args)
	return func(value any, there bool) (any, bool) {
		text, is := scalar(value)
		if _, err := strconv.ParseInt(text, 10, 64); !there || !is || err != nil {
			return nil, false
		}
		sign := ""
		if rest, negative := strings.CutPrefix(text, "-"); negative {
			sign, text = "-", rest
		}
		text = strings.TrimLeft(text, "+0")
		text = strings.Repeat("0", max(places+1-len(text), 0)) + text
		if places == 0 {
			return json.Number(sign + text), true
		}
		return json.Number(sign + text[:len(text)-places] + "." + text[len(text)-places:]), true
	}, ok && places >= 0 && places <= 6
}

// timed makes a number of a time written as RFC 3339.
func timed(number func(time.Time) int64) maker {
	return plainly(func(value any) (any, bool) {
		if at, ok := value.(time.Time); ok {
			return number(at), true
		}
		text, ok := value.(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		return number(at), ok && err == nil
	})
}

// splitChain cuts an expression at its bars, those in quotes and brackets aside.
func splitChain(text string) ([]string, error) {
	var parts []string
	start, depth, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case bytes.IndexByte([]byte("({["), c) >= 0:
			depth++
		case bytes.IndexByte([]byte(")}]"), c) >= 0:
			depth--
		case c == '|' && depth == 0:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	if quoted || depth != 0 {
		return nil, errFilterEnd
	}
	return append(parts, text[start:]), nil
}
