package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // zones are the same wherever the program runs

	"wayguard/document"
)

// Quiet is a time of the week, ready to be asked.
type Quiet struct {
	// days says on which days it begins.
	days     [7]bool
	from, to time.Duration
	zone     *time.Location
}

func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// Parse reads the times. The error names what is wrong, see Check for all of it.
func (q QuietConfig) Parse() (Quiet, error) {
	quiet, problems := q.parse()
	if len(problems) > 0 {
		return Quiet{}, errors.New(problems[0].Message)
	}
	return quiet, nil
}

func (q QuietConfig) parse() (Quiet, document.Problems) {
	var quiet Quiet
	var problems document.Problems
	wrong := func(path, message, suggestion string) {
		problems = append(problems, q.At.Problem(path, message, suggestion))
	}
	for n, name := range q.Days {
		day := slices.Index(dayNames(), name)
		if day < 0 {
			wrong(fmt.Sprintf("days[%d]", n), fmt.Sprintf("there is no day %.40q", name), oneOf(name, dayNames()))
			continue
		}
		quiet.days[day] = true
	}
	if len(q.Days) == 0 {
		quiet.days = [7]bool{true, true, true, true, true, true, true}
	}
	var err error
	if quiet.from, err = clock(q.From); err != nil {
		wrong("from", err.Error(), "")
	}
	if quiet.to, err = clock(q.To); err != nil {
		wrong("to", err.Error(), "")
	}
	// "Local" would be another time on another machine.
	if quiet.zone, err = time.LoadLocation(cmp.Or(q.Zone, "UTC")); err != nil || q.Zone == "Local" {
		wrong("zone", fmt.Sprintf("there is no time zone %.40q", q.Zone), `such as "Europe/Berlin"`)
	}
	return quiet, problems
}

// clock reads "22:00".
func clock(text string) (time.Duration, error) {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("a time of the day is written as 22:00, not %.40q", text)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}

// Holds says whether the moment lies in the time: from From, until before To, by the clocks of the zone. It begins on one of
// its days, and a To not after From is on the next day.
func (q Quiet) Holds(moment time.Time) bool {
	if q.zone == nil {
		return false
	}
	moment = moment.In(q.zone)
	now := time.Duration(moment.Hour())*time.Hour + time.Duration(moment.Minute())*time.Minute
	today := q.days[moment.Weekday()]
	if q.from < q.to {
		return today && now >= q.from && now < q.to
	}
	yesterday := q.days[(moment.Weekday()+6)%7]
	return today && now >= q.from || yesterday && now < q.to
}
