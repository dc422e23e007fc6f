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
)

// transform turns one text into texts; none means that the value is not there.
type transform func(string) []string

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
			return nil, errors.New(`ends without ")"`)
		}
	}
	if made, ok := plainTransform(name); ok {
		if called {
			return nil, fmt.Errorf("%s takes no argument", name)
		}
		return made, nil
	}
	if !slices.Contains(transformNames(), name) {
		return nil, fmt.Errorf("no such transform %q", name)
	}
	if !called || argument == "" {
		return nil, fmt.Errorf("%s needs an argument, as in %s(x)", name, name)
	}
	return calledTransform(name, argument)
}

func one(text string) []string { return []string{text} }

func plainTransform(name string) (transform, bool) {
	switch name {
	case "trim":
		return func(s string) []string { return one(strings.TrimSpace(s)) }, true
	case "lowercase":
		return func(s string) []string { return one(strings.ToLower(s)) }, true
	case "uppercase":
		return func(s string) []string { return one(strings.ToUpper(s)) }, true
	case "digits":
		return func(s string) []string { return one(onlyDigits(s)) }, true
	case "base64":
		return decodeBase64, true
	case "url_decode":
		return decodeURL, true
	case "basic_user":
		return basicUser, true
	}
	return nil, false
}

func calledTransform(name, argument string) (transform, error) {
	switch name {
	case "before":
		return func(s string) []string { before, _, _ := strings.Cut(s, argument); return one(before) }, nil
	case "after":
		return afterFirst(argument), nil
	case "last_after":
		return afterLast(argument), nil
	case "split":
		return func(s string) []string { return strings.SplitN(s, argument, maxValuesPerElement+1) }, nil
	case "item":
		return parseItem(argument)
	case "regex":
		return parseRegex(argument)
	}
	return nil, fmt.Errorf("no such transform %q", name)
}

func afterFirst(separator string) transform {
	return func(s string) []string {
		if _, after, ok := strings.Cut(s, separator); ok {
			return one(after)
		}
		return nil
	}
}

func afterLast(separator string) transform {
	return func(s string) []string {
		if at := strings.LastIndex(s, separator); at >= 0 {
			return one(s[at+len(separator):])
		}
		return nil
	}
}

// parseItem makes the transform that takes one item of a text split at commas, spaces trimmed; counted from 1, or from
// the end when it is negative.
func parseItem(argument string) (transform, error) {
	index, err := strconv.Atoi(argument)
	if err != nil || index == 0 {
		return nil, errors.New("item needs a position: 1 is the first, -1 the last")
	}
	return func(s string) []string {
		items := strings.Split(s, ",")
		at := index - 1
		if index < 0 {
			at = len(items) + index
		}
		if at < 0 || at >= len(items) {
			return nil
		}
		return one(strings.TrimSpace(items[at]))
	}, nil
}

// parseRegex makes the transform that takes the first group of the first match, or the match where there is no group.
func parseRegex(argument string) (transform, error) {
	if len(argument) > 1024 {
		return nil, errors.New("regex is longer than 1024 bytes")
	}
	expression, err := regexp.Compile(argument)
	if err != nil {
		return nil, fmt.Errorf("regex: %w", err)
	}
	group := min(1, expression.NumSubexp())
	return func(s string) []string {
		if match := expression.FindStringSubmatch(s); match != nil {
			return one(match[group])
		}
		return nil
	}, nil
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func decodeBase64(s string) []string {
	s = strings.TrimRight(strings.TrimSpace(s), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	out, err := encoding.DecodeString(s)
	if err != nil || !utf8.Valid(out) {
		return nil
	}
	return one(string(out))
}

func decodeURL(s string) []string {
	out, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(out) {
		return nil
	}
	return one(out)
}

// basicUser takes the user's name out of "Basic ..." credentials, and never the password.
func basicUser(s string) []string {
	scheme, credentials, ok := strings.Cut(strings.TrimSpace(s), " ")
	if !ok || !strings.EqualFold(scheme, "basic") {
		return nil
	}
	for _, text := range decodeBase64(credentials) {
		if user, _, ok := strings.Cut(text, ":"); ok {
			return one(user)
		}
	}
	return nil
}

// applyTransforms puts every text through the transforms; a text that becomes nothing is not there.
func applyTransforms(list []transform, text string) []string {
	texts := one(text)
	for _, apply := range list {
		var next []string
		for _, t := range texts {
			next = append(next, apply(t)...)
		}
		if len(next) > maxValuesPerElement+1 {
			next = next[:maxValuesPerElement+1]
		}
		texts = next
	}
	return texts
}
