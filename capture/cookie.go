package capture

import (
	"iter"
	"strconv"
	"strings"
	"time"
)

// maxCookies bounds the cookies of a message that are looked at.
const maxCookies = 2000

// requestCookies walks over the cookies of the Cookie headers (RFC 6265, section 5.4).
func requestCookies(header []Field) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		count := 0
		for i := range header {
			if !equalFold(header[i].Name, "cookie") {
				continue
			}
			for rest, more := header[i].Value, true; more; {
				var text string
				text, rest, more = strings.Cut(rest, ";")
				name, value, ok := strings.Cut(strings.TrimSpace(text), "=")
				if count++; count > maxCookies {
					return
				}
				if ok && name != "" && !yield(strings.TrimSpace(name), unquoteCookie(value)) {
					return
				}
			}
		}
	}
}

func unquoteCookie(value string) string {
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// setCookie is a cookie that a response sets, or deletes.
type setCookie struct {
	name, value string
	deletes     bool
}

// setCookies appends the cookies of the Set-Cookie headers (RFC 6265, section 5.2). Whether a cookie has expired is told
// by the time of the exchange.
func setCookies(cookies []setCookie, header []Field, at time.Time) []setCookie {
	start := len(cookies)
	for i := range header {
		if !equalFold(header[i].Name, "set-cookie") || len(cookies)-start >= maxCookies {
			continue
		}
		pair, attributes, _ := strings.Cut(header[i].Value, ";")
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			continue
		}
		value = unquoteCookie(value)
		cookies = append(cookies, setCookie{name: name, value: value,
			deletes: value == "" || value == "deleted" || expired(attributes, at)})
	}
	return cookies
}

// expired reads Max-Age and Expires; Max-Age counts where both are given.
func expired(attributes string, at time.Time) bool {
	past := false
	for attribute := range strings.SplitSeq(attributes, ";") {
		name, value, _ := strings.Cut(attribute, "=")
		value = strings.TrimSpace(value)
		switch name = strings.TrimSpace(name); {
		case equalFold(name, "max-age"):
			if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
				return seconds <= 0
			}
		case equalFold(name, "expires"):
			if when, ok := parseCookieTime(value); ok {
				past = !when.After(at)
			}
		}
	}
	return past
}

func parseCookieTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST", time.RFC850, time.ANSIC,
		"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 02-Jan-06 15:04:05 MST", time.RFC1123Z} {
		if when, err := time.Parse(layout, text); err == nil {
			return when, true
		}
	}
	return time.Time{}, false
}
