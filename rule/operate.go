package rule

import (
	"cmp"
	"math"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/operators"
)

// ordering gives the comparison for CEL's operator.
func ordering[T cmp.Ordered](operator string, a, b evaluate[T]) evaluate[bool] {
	compare := func(decide func(x, y T) bool) evaluate[bool] {
		return combine(a, b, func(x, y T) (bool, fault) { return decide(x, y), sound })
	}
	switch operator {
	case operators.Less:
		return compare(func(x, y T) bool { return x < y })
	case operators.LessEquals:
		return compare(func(x, y T) bool { return x <= y })
	case operators.Greater:
		return compare(func(x, y T) bool { return x > y })
	case operators.GreaterEquals:
		return compare(func(x, y T) bool { return x >= y })
	}
	return nil
}

// orderedTo is ordering beside a constant, which most comparisons are.
func orderedTo(operator string, a evaluate[int64], limit int64) evaluate[bool] {
	switch operator {
	case operators.Less:
		return func(f *frame) (bool, fault) { x, wrong := a(f); return wrong == sound && x < limit, wrong }
	case operators.LessEquals:
		return func(f *frame) (bool, fault) { x, wrong := a(f); return wrong == sound && x <= limit, wrong }
	case operators.Greater:
		return func(f *frame) (bool, fault) { x, wrong := a(f); return wrong == sound && x > limit, wrong }
	case operators.GreaterEquals:
		return func(f *frame) (bool, fault) { x, wrong := a(f); return wrong == sound && x >= limit, wrong }
	}
	return nil
}

// doubleOrdering refuses to order what is not a number, as CEL does.
func doubleOrdering(operator string, a, b evaluate[float64]) evaluate[bool] {
	checked := func(e evaluate[float64]) evaluate[float64] {
		return transform(e, func(x float64) (float64, fault) {
			if math.IsNaN(x) {
				return x, notANumber
			}
			return x, sound
		})
	}
	return ordering(operator, checked(a), checked(b))
}

func equality[T comparable](operator string, a, b evaluate[T]) evaluate[bool] {
	wanted := operator == operators.Equals
	return combine(a, b, func(x, y T) (bool, fault) { return (x == y) == wanted, sound })
}

// equalTo is equality beside a constant.
func equalTo[T int64 | string](operator string, a evaluate[T], value T) evaluate[bool] {
	wanted := operator == operators.Equals
	return func(f *frame) (bool, fault) {
		x, wrong := a(f)
		return wrong == sound && (x == value) == wanted, wrong
	}
}

func member[T comparable](a evaluate[T], list []T) evaluate[bool] {
	return transform(a, func(x T) (bool, fault) { return slices.Contains(list, x), sound })
}

// integerArithmetic is checked: an overflow is a fault, never a wrong number.
func integerArithmetic(operator string, a, b evaluate[int64]) evaluate[int64] {
	switch operator {
	case operators.Add:
		return combine(a, b, func(x, y int64) (int64, fault) {
			return checkedIf(x+y, (x+y > x) == (y > 0))
		})
	case operators.Subtract:
		return combine(a, b, func(x, y int64) (int64, fault) {
			return checkedIf(x-y, (x-y < x) == (y > 0))
		})
	case operators.Multiply:
		return combine(a, b, multiply)
	case operators.Divide:
		return combine(a, b, func(x, y int64) (int64, fault) {
			if y == 0 {
				return 0, divisionByZero
			}
			return checkedIf(x/y, x != math.MinInt64 || y != -1)
		})
	case operators.Modulo:
		return combine(a, b, func(x, y int64) (int64, fault) {
			if y == 0 {
				return 0, divisionByZero
			}
			return checkedIf(x%y, x != math.MinInt64 || y != -1)
		})
	}
	return nil
}

func checkedIf(value int64, fits bool) (int64, fault) {
	if !fits {
		return 0, overflow
	}
	return value, sound
}

func multiply(x, y int64) (int64, fault) {
	high, low := bits.Mul64(magnitude(x), magnitude(y))
	limit := uint64(math.MaxInt64)
	if (x < 0) != (y < 0) {
		limit++
	}
	return checkedIf(x*y, high == 0 && low <= limit)
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func negateInteger(a evaluate[int64]) evaluate[int64] {
	return transform(a, func(x int64) (int64, fault) { return checkedIf(-x, x != math.MinInt64) })
}

func doubleArithmetic(operator string, a, b evaluate[float64]) evaluate[float64] {
	compute := func(f func(x, y float64) float64) evaluate[float64] {
		return combine(a, b, func(x, y float64) (float64, fault) { return f(x, y), sound })
	}
	switch operator {
	case operators.Add:
		return compute(func(x, y float64) float64 { return x + y })
	case operators.Subtract:
		return compute(func(x, y float64) float64 { return x - y })
	case operators.Multiply:
		return compute(func(x, y float64) float64 { return x * y })
	case operators.Divide:
		return compute(func(x, y float64) float64 { return x / y })
	}
	return nil
}

// textPredicate is contains, startsWith or endsWith.
func textPredicate(name string, a, b evaluate[string]) evaluate[bool] {
	decide := map[string]func(string, string) bool{
		"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
	}[name]
	return combine(a, b, func(x, y string) (bool, fault) { return decide(x, y), sound })
}

func matches(a evaluate[string], pattern *regexp.Regexp) evaluate[bool] {
	return transform(a, func(x string) (bool, fault) { return pattern.MatchString(x), sound })
}

func join(a, b evaluate[string]) evaluate[string] {
	return combine(a, b, func(x, y string) (string, fault) { return x + y, sound })
}

// size counts characters, as CEL does.
func size(a evaluate[string]) evaluate[int64] {
	return transform(a, func(x string) (int64, fault) { return int64(utf8.RuneCountInString(x)), sound })
}

func toInteger(p program) evaluate[int64] {
	switch {
	case p.double != nil:
		return transform(p.double, func(x float64) (int64, fault) {
			if math.IsNaN(x) || x <= math.MinInt64 || x >= math.MaxInt64 {
				return 0, overflow
			}
			return int64(x), sound
		})
	case p.text != nil:
		return transform(p.text, func(x string) (int64, fault) {
			value, err := strconv.ParseInt(x, 10, 64)
			if err != nil {
				return 0, unreadable
			}
			return value, sound
		})
	}
	return p.integer
}

func toDouble(p program) evaluate[float64] {
	switch {
	case p.integer != nil:
		return transform(p.integer, func(x int64) (float64, fault) { return float64(x), sound })
	case p.text != nil:
		return transform(p.text, func(x string) (float64, fault) {
			value, err := strconv.ParseFloat(x, 64)
			if err != nil {
				return 0, unreadable
			}
			return value, sound
		})
	}
	return p.double
}

func toText(p program) evaluate[string] {
	if p.text != nil {
		return p.text
	}
	return p.run
}

func boolText(value bool) string      { return strconv.FormatBool(value) }
func intText(value int64) string      { return strconv.FormatInt(value, 10) }
func doubleText(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
