package proxy

import "strings"

// lasting copies texts into memory that is never used again. Whoever takes texts of a message and may keep them longer than
// the passage lasts gets them so: net/http's clients keep header lines in the tables of their header compression, where a text
// that changes would make one visitor's line another's, and its servers write heads after the handler has returned.
type lasting struct{ text strings.Builder }

// lastingRoom is how much is made ready at once, in bytes.
const lastingRoom = 2 << 10

// keep gives a copy.
func (l *lasting) keep(text string) string {
	if text == "" {
		return ""
	}
	if l.text.Cap()-l.text.Len() < len(text) {
		l.text = strings.Builder{} // what was given out stays where it is
		l.text.Grow(max(len(text), lastingRoom))
	}
	begin := l.text.Len()
	l.text.WriteString(text)
	return l.text.String()[begin:]
}
