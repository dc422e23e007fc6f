package element

import (
	"strconv"
	"strings"
	"time"
)

// readMonth reads 1 to 12, an English month name, or the month of an expiry such as "12/27" or "2027-12".
func readMonth(raw Raw) (Value, error) {
	s := strings.TrimSpace(asciiDigits(raw.Text))
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) > 32 {
		return Value{}, reason("too long")
	}
	month, _, isExpiry := expiry(s)
	if !isExpiry {
		month = monthNumber(s)
	}
	if month < 1 || month > 12 {
		return Value{}, reason("a month is 1 to 12 or its English name")
	}
	return Value{Text: strconv.Itoa(month)}, nil
}

// readYear reads four digits, two digits (69 to 99 are 19xx, as POSIX has it), or the year of an expiry.
func readYear(raw Raw) (Value, error) {
	s := strings.TrimSpace(asciiDigits(raw.Text))
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) > 32 {
		return Value{}, reason("too long")
	}
	_, year, isExpiry := expiry(s)
	if !isExpiry {
		year = yearNumber(strings.TrimPrefix(s, "'"))
	}
	if year < 1900 || year > 2199 {
		return Value{}, reason("a year has two or four digits and lies between 1900 and 2199")
	}
	return Value{Text: strconv.Itoa(year)}, nil
}

// expiry reads "12/27", "12/2027", "12-27", "12 / 27" and "2027-12".
func expiry(s string) (month, year int, ok bool) {
	cutAt := strings.IndexAny(s, "/-.")
	if cutAt < 0 {
		return 0, 0, false
	}
	first, second := strings.TrimSpace(s[:cutAt]), strings.TrimSpace(s[cutAt+1:])
	if len(first) == 4 {
		first, second = second, first
	}
	month, year = monthNumber(first), yearNumber(second)
	return month, year, month > 0 && year > 0
}

func yearNumber(s string) int {
	if !allDigits(s) || (len(s) != 2 && len(s) != 4) {
		return 0
	}
	year, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0
	case len(s) == 4:
		return year
	case year >= 69:
		return 1900 + year
	}
	return 2000 + year
}

// monthNumber is 0 when s is no month.
func monthNumber(s string) int {
	if allDigits(s) && len(s) <= 2 {
		month, err := strconv.Atoi(s)
		if err != nil || month > 12 {
			return 0
		}
		return month
	}
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		if s == name || s == name[:3] || (m == time.September && s == "sept") {
			return int(m)
		}
	}
	return 0
}

// readDate reads a day. A date such as 03/04/2026 could be two days and is refused: exact or absent.
func readDate(raw Raw) (Value, error) {
	s := cleanText(strings.TrimSpace(asciiDigits(cut(raw.Text, 64))))
	if s == "" {
		return Value{}, ErrEmpty
	}
	for _, layout := range dateLayouts() {
		if day, err := time.Parse(layout, s); err == nil {
			return dayValue(day)
		}
	}
	if day, ok, ambiguous := slashDate(s); ok {
		return dayValue(day)
	} else if ambiguous {
		return Value{}, reason("it can be read as two different days")
	}
	return Value{}, reason("not a date in a form that is known")
}

func dayValue(day time.Time) (Value, error) {
	if day.Year() < 1800 || day.Year() > 2199 {
		return Value{}, reason("the year does not lie between 1800 and 2199")
	}
	return Value{Text: day.Format(time.DateOnly)}, nil
}

func dateLayouts() []string {
	return []string{
		time.DateOnly, time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05",
		"2006-01-02T15:04", "2006-01-02 15:04", "2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2 Jan 2006",
		"2 January 2006", "Jan 2, 2006", "January 2, 2006", "Jan 2 2006", "January 2 2006", "2-Jan-2006",
		time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, "Mon Jan 02 2006",
	}
}

// slashDate reads day and month in either order where only one order is a date. Points are written day first only.
func slashDate(s string) (day time.Time, ok, ambiguous bool) {
	if t, err := time.Parse("2.1.2006", s); err == nil {
		return t, true, false
	}
	s = strings.ReplaceAll(s, "-", "/")
	dayFirst, err1 := time.Parse("2/1/2006", s)
	monthFirst, err2 := time.Parse("1/2/2006", s)
	switch {
	case err1 == nil && err2 == nil:
		return dayFirst, dayFirst.Equal(monthFirst), !dayFirst.Equal(monthFirst)
	case err1 == nil:
		return dayFirst, true, false
	}
	return monthFirst, err2 == nil, false
}
