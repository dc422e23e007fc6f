package decoy

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms in which answers tell a moment.
var (
	httpDate   = regexp.MustCompile(`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d[ -](?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ -]\d{4} \d\d:\d\d:\d\d GMT`)
	isoDate    = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?`)
	unixMoment = regexp.MustCompile(`\b\d{10}(?:\d{3})?\b`)
)

// nearby is how far from an answer's own time a moment may lie to be taken for one that follows from it.
const nearby = 400 * 24 * time.Hour

// unixNearby is the same for bare numbers, which are more often something else.
const unixNearby = 40 * 24 * time.Hour

// dates appends the marks of all moments in a text that was sent at that time.
func dates(marks []mark, text string, sent time.Time) []mark {
	for _, found := range httpDate.FindAllStringIndex(text, maxMarks) {
		layout := "Mon, 02 Jan 2006 15:04:05 GMT"
		if text[found[0]+7] == '-' {
			layout = "Mon, 02-Jan-2006 15:04:05 GMT"
		}
		marks = moment(marks, text, found, layout, sent)
	}
	for _, found := range isoDate.FindAllStringIndex(text, maxMarks) {
		marks = moment(marks, text, found, isoLayout(text[found[0]:found[1]]), sent)
	}
	for _, found := range unixMoment.FindAllStringIndex(text, maxMarks) {
		marks = unix(marks, text, found, sent)
	}
	return marks
}

func moment(marks []mark, text string, found []int, layout string, sent time.Time) []mark {
	at, err := time.Parse(layout, text[found[0]:found[1]])
	if err != nil {
		return marks
	}
	zone := ""
	if _, offset := at.Zone(); offset != 0 {
		zone = strconv.Itoa(offset)
	}
	return keepMoment(marks, found, "date:"+layout+"|"+zone, at.Sub(sent), nearby)
}

func unix(marks []mark, text string, found []int, sent time.Time) []mark {
	number, err := strconv.ParseInt(text[found[0]:found[1]], 10, 64)
	if err != nil {
		return marks
	}
	if found[1]-found[0] == 13 {
		return keepMoment(marks, found, "date:ms|", time.UnixMilli(number).Sub(sent), unixNearby)
	}
	return keepMoment(marks, found, "date:s|", time.Unix(number, 0).Sub(sent), unixNearby)
}

func keepMoment(marks []mark, found []int, what string, offset, limit time.Duration) []mark {
	if offset > limit || offset < -limit {
		return marks
	}
	return append(marks, mark{start: found[0], end: found[1], what: what, offset: offset})
}

// isoLayout is the layout of a text that isoDate found.
func isoLayout(text string) string {
	layout := "2006-01-02" + text[10:11] + "15:04:05"
	rest := text[19:]
	if strings.HasPrefix(rest, ".") {
		digits := 1
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		layout += "." + strings.Repeat("0", digits-1)
		rest = rest[digits:]
	}
	switch {
	case rest == "Z":
		layout += "Z07:00"
	case len(rest) == 6:
		layout += "-07:00"
	case len(rest) == 5:
		layout += "-0700"
	}
	return layout
}

// writeMoment writes a moment as the mark's form says; what is a mark's, with "date:" before it.
func writeMoment(what string, at time.Time) string {
	layout, zone, _ := strings.Cut(strings.TrimPrefix(what, "date:"), "|")
	switch layout {
	case "ms":
		return strconv.FormatInt(at.UnixMilli(), 10)
	case "s":
		return strconv.FormatInt(at.Unix(), 10)
	}
	at = at.UTC()
	if offset, err := strconv.Atoi(zone); err == nil {
		at = at.In(time.FixedZone("", offset))
	}
	return at.Format(layout)
}
