package element

import (
	"strings"

	"golang.org/x/text/language"
)

// readLanguage reads a BCP 47 tag, or takes the most wanted one of an Accept-Language header.
func readLanguage(raw Raw) (Value, error) {
	s := strings.TrimSpace(raw.Text)
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) > 256 {
		return Value{}, reason("too long")
	}
	tag, ok := languageTag(s)
	if !ok || tag == language.Und || len(tag.String()) > 64 {
		return Value{}, reason("not a BCP 47 language tag")
	}
	base, _ := tag.Base()
	return Value{Text: tag.String(), Parts: partsOf(map[string]string{PartBase: base.String()})}, nil
}

func languageTag(s string) (language.Tag, bool) {
	if strings.ContainsAny(s, ",;") {
		wanted, _, err := language.ParseAcceptLanguage(s)
		if err != nil || len(wanted) == 0 {
			return language.Und, false
		}
		return wanted[0], true
	}
	// "en_US.UTF-8" is how operating systems name theirs.
	s, _, _ = strings.Cut(s, ".")
	tag, err := language.Parse(s)
	return tag, err == nil
}
