package document

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Strings is a list of strings that may be written as one string.
type Strings []string

// UnmarshalDocument reads one string or a list of strings.
func (s *Strings) UnmarshalDocument(n Node) Problems {
	if n.Kind() != List {
		var one string
		if problems := n.Decode(&one); len(problems) > 0 {
			return problems
		}
		*s = Strings{one}
		return nil
	}
	var all []string
	problems := n.Decode(&all)
	*s = all
	return problems
}

// Bytes is a size in bytes, written as a whole number with a unit: B, KB, MB, GB (powers of 1000) or KiB, MiB, GiB
// (powers of 1024). A bare number counts bytes.
type Bytes int64

// UnmarshalText reads the written form.
func (b *Bytes) UnmarshalText(text []byte) error {
	parsed, err := ParseBytes(string(text))
	if err != nil {
		return err
	}
	*b = parsed
	return nil
}

// String is the shortest exact written form.
func (b Bytes) String() string {
	for _, unit := range byteUnits() {
		if unit.size > 1 && b != 0 && int64(b)%unit.size == 0 {
			return strconv.FormatInt(int64(b)/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

type byteUnit struct {
	name string
	size int64
}

// byteUnits lists longer names before those that they end with, greater binary sizes first.
func byteUnits() []byteUnit {
	return []byteUnit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}}
}

// ParseBytes reads a size such as "64KiB".
func ParseBytes(text string) (Bytes, error) {
	number, size := strings.TrimSpace(text), int64(1)
	for _, unit := range byteUnits() {
		if before, found := cutSuffixFold(number, unit.name); found {
			number, size = strings.TrimSpace(before), unit.size
			break
		}
	}
	count, err := strconv.ParseInt(number, 10, 64)
	if err != nil || count < 0 || number == "" || number[0] == '+' {
		return 0, errors.New("is no size: write a whole number with a unit, such as 64KiB")
	}
	if count > math.MaxInt64/size {
		return 0, errors.New("is too great a size")
	}
	return Bytes(count * size), nil
}

func cutSuffixFold(text, suffix string) (string, bool) {
	at := len(text) - len(suffix)
	if at < 0 || !strings.EqualFold(text[at:], suffix) {
		return text, false
	}
	return text[:at], true
}

// ParseDuration reads Go's spelling of a duration ("1h30m", "250ms") and whole days ("90d").
func ParseDuration(text string) (time.Duration, error) {
	if before, found := strings.CutSuffix(text, "d"); found {
		days, err := strconv.ParseInt(before, 10, 32)
		if err != nil || days > 100_000 || days < -100_000 {
			return 0, errors.New("is no duration: write it with a unit, such as 30m or 90d")
		}
		return time.Duration(days) * 24 * time.Hour, nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("is no duration: write it with a unit, such as 30m or 90d")
	}
	return parsed, nil
}

func itoa(n int) string { return fmt.Sprint(n) }
