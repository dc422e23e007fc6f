package interceptor

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// nothing is what a filter gives for input of the wrong type.
func nothing() yield { return yield{} }

func something(value any) yield { return yield{value, true} }

// onText is a filter of texts; anything else gives nothing.
func onText(change func(string) string) filter {
	return func(y yield) yield {
		text, isText := y.value.(string)
		if !y.some || !isText {
			return nothing()
		}
		if text = change(text); len(text) > maxFiltered {
			return nothing()
		}
		return something(text)
	}
}

// counted makes a filter with a number of characters.
func counted(least int64, change func(text string, n int) string) func([]any) (filter, string) {
	return func(args []any) (filter, string) {
		number, isNumber := args[0].(json.Number)
		n, err := number.Int64()
		if !isNumber || err != nil || n < least || n > maxFiltered {
			return nil, fmt.Sprintf("its argument is a number of characters from %d", least)
		}
		return onText(func(text string) string { return change(text, int(n)) }), ""
	}
}

// position is where in a text the nth character begins; its end where it has fewer.
func position(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

func firstOf(text string, n int) string { return text[:position(text, n)] }

func tailOf(text string, n int) string { return text[position(text, n):] }

func lastOf(text string, n int) string {
	characters := len([]rune(text))
	return tailOf(text, max(characters-n, 0))
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// maskOf keeps the first six and last four of 12 to 19 digits, of any other text the last four characters if it has more than eight.
func maskOf(text string) string {
	characters := []rune(text)
	from, to := 0, len(characters)
	switch digits := digitsOf(text); {
	case len(digits) == len(text) && to >= 12 && to <= 19:
		from, to = 6, to-4
	case to > 8:
		to -= 4
	}
	for i := from; i < to; i++ {
		characters[i] = '*'
	}
	return string(characters)
}

// toInt reads a text of digits, with a minus before it or not; an integer stays what it is.
func toInt(y yield) yield {
	if number, isNumber := y.value.(json.Number); isNumber {
		y.value = number.String()
	}
	text, isText := y.value.(string)
	digits := strings.TrimPrefix(text, "-")
	if !isText || digits == "" || digitsOf(digits) != digits {
		return nothing()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nothing()
	}
	return something(json.Number(strconv.FormatInt(n, 10)))
}

// makeToMinor makes the filter from major units, "12.34" or 12.34, to minor ones, with the currency's number of decimals (2 unless it is
// told). An amount with more decimals than that gives nothing: it must not be rounded.
func makeToMinor(args []any) (filter, string) {
	decimals := 2
	if len(args) == 1 {
		number, _ := args[0].(json.Number)
		n, err := number.Int64()
		if err != nil || n < 0 || n > 4 {
			return nil, "its argument is a number of decimals from 0 to 4"
		}
		decimals = int(n)
	}
	return func(y yield) yield {
		if number, isNumber := y.value.(json.Number); isNumber {
			y.value = number.String()
		}
		text, _ := y.value.(string)
		whole, fraction, _ := strings.Cut(text, ".")
		fraction = strings.TrimRight(fraction, "0")
		if strings.TrimPrefix(whole, "-") == "" || strings.HasSuffix(text, ".") || len(fraction) > decimals || digitsOf(fraction) != fraction {
			return nothing()
		}
		return toInt(yield{whole + fraction + strings.Repeat("0", decimals-len(fraction)), y.some})
	}, ""
}

// toString makes a text of a number or a truth value.
func toString(y yield) yield {
	if text, ok := scalarText(y.value); ok && y.some {
		return something(text)
	}
	return nothing()
}

func scalarText(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	}
	return "", false
}

// makeMap makes the filter that looks a value up in a table; what is not in it gives nothing, or the second argument.
func makeMap(args []any) (filter, string) {
	table, isTable := args[0].(map[string]any)
	if !isTable {
		return nil, `its first argument is a table such as {"visa": "VISA"}`
	}
	var otherwise yield
	if len(args) == 2 {
		if _, isTable := args[1].(map[string]any); isTable || args[1] == nil {
			return nil, "its second argument is a text, a number or a truth value"
		}
		otherwise = something(args[1])
	}
	return func(y yield) yield {
		text, ok := scalarText(y.value)
		if !y.some || !ok {
			return nothing()
		}
		if value, listed := table[text]; listed {
			return yield{value, value != nil}
		}
		return otherwise
	}, ""
}

func makeReplace(args []any) (filter, string) {
	from, ok1 := args[0].(string)
	with, ok2 := args[1].(string)
	if !ok1 || !ok2 || from == "" {
		return nil, "its arguments are two texts in quotes, the first of them not empty"
	}
	replace := onText(func(text string) string { return strings.ReplaceAll(text, from, with) })
	return func(y yield) yield {
		if text, _ := y.value.(string); len(text)+strings.Count(text, from)*(len(with)-len(from)) > maxFiltered {
			return nothing()
		}
		return replace(y)
	}, ""
}

func makeDefault(args []any) (filter, string) {
	if _, isTable := args[0].(map[string]any); isTable || args[0] == nil {
		return nil, "its argument is a text, a number or a truth value"
	}
	return func(y yield) yield {
		if !y.some || y.value == nil || y.value == "" {
			return something(args[0])
		}
		return y
	}, ""
}
