package capture

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"wayguard/element"
)

// transform turns one text into another, or into several; none means that the value is not there.
type transform struct {
	// one is set for those that make one text of one, many for the others.
	one  func(a *element.Arena, text string) (string, bool)
	many func(text string) []string
}

// transformNames lists the transforms as they are written.
func transformNames() []string {
	return []string{"trim", "lowercase", "uppercase", "digits", "base64", "url_decode", "basic_user", "before", "after",
		"last_after", "regex", "split", "item"}
}

// parseTransform reads "trim" or "before(@)".
func parseTransform(source string) (transform, error) {
	name, argument, called := strings.Cut(source, "(")
	if called {
		var closed bool
		if argument, closed = strings.CutSuffix(argument, ")"); !closed {
			return transform{}, errors.New(`ends without ")"`)
		}
	}
	if made, ok := plainTransform(name); ok {
		if called {
			return transform{}, fmt.Errorf("%s takes no argument", name)
		}
		return made, nil
	}
	if !slices.Contains(transformNames(), name) {
		return transform{}, fmt.Errorf("no such transform %q", name)
	}
	if !called || argument == "" {
		return transform{}, fmt.Errorf("%s needs an argument, as in %s(x)", name, name)
	}
	return calledTransform(name, argument)
}

// always makes a transform of what can be done with every text.
func always(change func(string) string) transform {
	return transform{one: func(_ *element.Arena, s string) (string, bool) { return change(s), true }}
}

// perhaps makes a transform of what some texts do not have.
func perhaps(change func(string) (string, bool)) transform {
	return transform{one: func(_ *element.Arena, s string) (string, bool) { return change(s) }}
}

func plainTransform(name string) (transform, bool) {
	switch name {
	case "trim":
		return always(strings.TrimSpace), true
	case "lowercase":
		return transform{one: func(a *element.Arena, s string) (string, bool) { return a.Lower(s), true }}, true
	case "uppercase":
		return always(strings.ToUpper), true
	case "digits":
		return always(onlyDigits), true
	case "base64":
		return perhaps(decodeBase64), true
	case "url_decode":
		return perhaps(decodeURL), true
	case "basic_user":
		return perhaps(basicUser), true
	}
	return transform{}, false
}

func calledTransform(name, argument string) (transform, error) {
	switch name {
	case "before":
		return always(func(s string) string { before, _, _ := strings.Cut(s, argument); return before }), nil
	case "after":
		return perhaps(afterFirst(argument)), nil
	case "last_after":
		return perhaps(afterLast(argument)), nil
	case "split":
		return transform{many: func(s string) []string { return strings.SplitN(s, argument, maxValuesPerElement+1) }}, nil
	case "item":
		return parseItem(argument)
	case "regex":
		return parseRegex(argument)
	}
	return transform{}, fmt.Errorf("no such transform %q", name)
}

func afterFirst(separator string) func(string) (string, bool) {
	return func(s string) (string, bool) {
		_, after, ok := strings.Cut(s, separator)
		return after, ok
	}
}

func afterLast(separator string) func(string) (string, bool) {
	return func(s string) (string, bool) {
		at := strings.LastIndex(s, separator)
		if at < 0 {
			return "", false
		}
		return s[at+len(separator):], true
	}
}

// parseItem makes the transform that takes one item of a text split at commas, spaces trimmed; counted from 1, or from
// the end when it is negative.
func parseItem(argument string) (transform, error) {
	index, err := strconv.Atoi(argument)
	if err != nil || index == 0 {
		return transform{}, errors.New("item needs a position: 1 is the first, -1 the last")
	}
	return perhaps(func(s string) (string, bool) {
		items := strings.Split(s, ",")
		at := index - 1
		if index < 0 {
			at = len(items) + index
		}
		if at < 0 || at >= len(items) {
			return "", false
		}
		return strings.TrimSpace(items[at]), true
	}), nil
}

// parseRegex makes the transform that takes the first group of the first match, or the match where there is no group.
func parseRegex(argument string) (transform, error) {
	if len(argument) > 1024 {
		return transform{}, errors.New("regex is longer than 1024 bytes")
	}
	expression, err := regexp.Compile(argument)
	if err != nil {
		return transform{}, fmt.Errorf("regex: %w", err)
	}
	group := min(1, expression.NumSubexp())
	return perhaps(func(s string) (string, bool) {
		if match := expression.FindStringSubmatch(s); match != nil {
			return match[group], true
		}
		return "", false
	}), nil
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func decodeBase64(s string) (string, bool) {
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	out, err := encoding.DecodeString(s)
	return string(out), err == nil && utf8.Valid(out)
}

func decodeURL(s string) (string, bool) {
	out, err := url.QueryUnescape(s)
	return out, err == nil && utf8.ValidString(out)
}

// basicUser takes the user's name out of "Basic ..." credentials, and never the password.
func basicUser(s string) (string, bool) {
	scheme, credentials, ok := strings.Cut(strings.TrimSpace(s), " ")
	if !ok || !strings.EqualFold(scheme, "basic") {
		return "", false
	}
	text, ok := decodeBase64(credentials)
	if !ok {
		return "", false
	}
	user, _, ok := strings.Cut(text, ":")
	return user, ok
}

// applyTransforms puts a text through the transforms and appends what comes out; a text that becomes nothing is not there.
func applyTransforms(a *element.Arena, list []transform, text string, out []found) []found {
	for i := range list {
		if list[i].one == nil {
			return applyMany(a, list[i:], text, out)
		}
		var ok bool
		if text, ok = list[i].one(a, text); !ok {
			return out
		}
	}
	if text != "" {
		out = append(out, found{text: text})
	}
	return out
}

// applyMany is applyTransforms for a list that begins with one that makes several texts.
func applyMany(a *element.Arena, list []transform, text string, out []found) []found {
	texts := []string{text}
	for _, apply := range list {
		var next []string
		for _, t := range texts {
			if apply.one == nil {
				next = append(next, apply.many(t)...)
			} else if changed, ok := apply.one(a, t); ok {
				next = append(next, changed)
			}
		}
		texts = next[:min(len(next), maxValuesPerElement+1)]
	}
	for _, t := range texts {
		if t != "" {
			out = append(out, found{text: t})
		}
	}
	return out
}
