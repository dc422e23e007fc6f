package mitigation

import (
	"strings"
	"unicode/utf8"

	"wayguard/event"
)

// longestText is how much of a text is kept, in bytes.
const longestText = 200

// clone is a text in memory of its own: an event's texts are good only while it is judged.
func clone[T ~string](text T) T { return T(strings.Clone(string(text))) }

// keepText gives new text in memory of its own, and of bounded length; old is what is kept already, most often the same.
func keepText(old, text string) string {
	text = clip(text)
	if old == text {
		return old
	}
	return strings.Clone(text)
}

// clip cuts a text that is longer than is kept, never within a letter.
func clip(text string) string {
	if len(text) <= longestText {
		return text
	}
	end := longestText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// keepID is an id in memory of its own, and of bounded length.
func keepID(id event.ID) event.ID { return event.ID(keepText("", string(id))) }
