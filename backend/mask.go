package backend

import (
	"encoding/json"
	"strconv"
	"strings"

	"wayguard/payment"
)

// hiddenWord stands for what must not be kept.
const hiddenWord = "(hidden)"

// maxReference bounds a reference, in bytes.
const maxReference = 256

// mask makes of an answer what may be kept with the decision: without the payment's account number and our own credentials, however
// they are written, with any other card number masked, and bounded.
func (s *site) mask(answer any, about *scope) json.RawMessage {
	kept, ok := encode(payment.MaskPayload(s.conceal(answer, about)))
	if !ok {
		return nil
	}
	if int64(len(kept)) > s.pool.limits.Raw {
		return json.RawMessage(`{"omitted":"the answer is larger than ` + strconv.FormatInt(s.pool.limits.Raw, 10) + ` bytes"}`)
	}
	return kept
}

// conceal copies a JSON value without what must stand nowhere.
func (s *site) conceal(value any, about *scope) any {
	switch v := value.(type) {
	case map[string]any:
		made := make(map[string]any, len(v))
		for key, one := range v {
			if s.tells(key, about) {
				key = hiddenWord
			}
			made[key] = s.conceal(one, about)
		}
		return made
	case []any:
		made := make([]any, len(v))
		for i, one := range v {
			made[i] = s.conceal(one, about)
		}
		return made
	case string:
		if s.tells(v, about) {
			return hiddenWord
		}
	case json.Number:
		if s.tells(string(v), about) {
			return hiddenWord
		}
	}
	return value
}

// tells says whether a text holds the payment's account number, with whatever between its digits, or one of our credentials.
func (s *site) tells(text string, about *scope) bool {
	for _, secret := range s.hidden {
		if strings.Contains(text, secret) {
			return true
		}
	}
	if s.tokens != nil {
		if token := s.tokens.kept(); token != "" && strings.Contains(text, token) {
			return true
		}
	}
	if about.number != "" && strings.Contains(digits(text), string(about.number)) {
		return true
	}
	return about.iban != "" && strings.Contains(alphanumeric(text), string(about.iban))
}

func alphanumeric(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			return c
		}
		return -1
	}, text)
}

// reference is a backend's own name for an assessment, empty where it is none that may be kept.
func (s *site) reference(value any, about *scope) string {
	text, ok := scalar(value)
	if !ok || len(text) > maxReference || s.tells(text, about) {
		return ""
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return ""
		}
	}
	return text
}
