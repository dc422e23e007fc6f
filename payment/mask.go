package payment

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// stars stand between the digits of a masked credential.
const stars = "******"

// Masked is the credential as it may be shown, such as "411111 ****** 4242", an IBAN likewise; empty if neither its first six nor its
// last four are known. No more than those is ever in it.
func (c Credential) Masked() string {
	first, last := c.FirstSix, c.LastFour
	number := string(c.Number)
	if c.Type == SEPA {
		number = string(c.IBAN)
	}
	if len(number) >= minPAN {
		first, last = number[:6], number[len(number)-4:]
	}
	switch {
	case first != "" && last != "":
		return first + " " + stars + " " + last
	case last != "":
		return stars + " " + last
	case first != "":
		return first + " " + stars
	}
	return ""
}

// Hint is how a list shows a masked credential: "****4242"; empty where its last four are not known.
func Hint(masked string) string {
	at := strings.LastIndexByte(masked, '*')
	last := strings.TrimSpace(masked[at+1:])
	if at < 0 || len(last) != 4 {
		return ""
	}
	return "****" + last
}

// hidden stands for a secret in a payload.
const hidden = "(hidden)"

// MaskPayload is a copy of a JSON value in which every run of 12 to 19 digits with a valid check digit keeps only its first six and last
// four, IBANs likewise; members that hold security codes are gone, and those that hold passwords or tokens are hidden. Values of no JSON
// type are hidden too. What it is given is not changed.
func MaskPayload(t any) any { return masker{scanner{every: true}}.value(t, 0) }

// MaskData is as MaskPayload for what is told of a payment later and is passed on to others: only numbers that begin as a known scheme's
// are shortened, because one in ten numbers of any kind, a bank's reference say, has a valid check digit by chance.
func MaskData(t Tree) Tree { return masker{}.members(t, 0) }

// MaskRemark is a text that a person wrote, with card numbers of known schemes and IBANs shortened.
func MaskRemark(text string) string { return masker{}.text(text) }

// masker makes of a JSON value what may be kept.
type masker struct{ find scanner }

func (m masker) text(text string) string {
	masked, _ := m.find.mask(text)
	return masked
}

func (m masker) value(t any, depth int) any {
	if depth > 2*maxDepth {
		return hidden
	}
	switch v := t.(type) {
	case nil, bool:
		return v
	case string:
		return m.text(v)
	case json.Number:
		return maskNumber(v, m.text)
	case int64:
		return maskNumber(json.Number(strconv.FormatInt(v, 10)), m.text)
	case int:
		return maskNumber(json.Number(strconv.Itoa(v)), m.text)
	case float64:
		return maskNumber(json.Number(strconv.FormatFloat(v, 'f', -1, 64)), m.text)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = m.value(v[i], depth+1)
		}
		return list
	case Tree:
		return m.members(v, depth)
	}
	return hidden
}

func (m masker) members(v Tree, depth int) Tree {
	tree := make(Tree, len(v))
	for name, value := range v {
		switch {
		case namesSecurityCode(name):
		case namesSecret(name) && value != nil:
			tree[m.text(name)] = hidden
		case namesCard(name):
			tree[name] = m.card(value, depth+1)
		default:
			tree[m.text(name)] = m.value(value, depth+1)
		}
	}
	return tree
}

// card masks what stands in a field for card numbers, valid or not.
func (m masker) card(value any, depth int) any {
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case json.Number:
		text = string(v)
	default:
		return m.value(value, depth)
	}
	if digits := onlyDigits(text); len(digits) >= minPAN {
		return shortened(digits)
	}
	return m.value(value, depth)
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// shortened keeps the first six and last four of 12 or more digits or letters.
func shortened(number string) string {
	n := len(number)
	return number[:6] + strings.Repeat("*", n-10) + number[n-4:]
}

// maskNumber masks a number that may be a card's; such a one becomes a string.
func maskNumber(n json.Number, mask func(string) string) any {
	text := string(n)
	if len(text) < minPAN {
		return n
	}
	if masked := mask(text); masked != text {
		return masked
	}
	// 4.111111111111111e15 is the same number.
	digits, _, exponent := strings.Cut(strings.ToLower(text), "e")
	if digits = strings.TrimRight(onlyDigits(digits), "0"); exponent && len(digits) <= maxPAN && len(digits) >= 4 {
		for range 3 {
			if mask(digits) != digits {
				return hidden
			}
			digits += "0"
		}
	}
	return n
}

// codeText finds security codes in texts that are no JSON: in forms, XML and logs.
var codeText = regexp.MustCompile(`(?i)((?:cvv|cvc|cvn|csc|cav2|cvd|security[_.-]?code|verification[_.-]?(?:value|code|number))[a-z0-9_.\]-]{0,12}(?:%5D)?["']?\s{0,4}(?:[:=>]|%3D)\s{0,4}["']?)[0-9]{3,4}`)

// MaskText is a text as MaskPayload would keep it: JSON as JSON (its members in alphabetical order), everything else with the digits of
// card numbers, IBANs and security codes starred in their places.
func MaskText(text []byte) []byte {
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		if masked, ok := maskJSON(trimmed); ok {
			return masked
		}
	}
	masked, _ := scanner{every: true}.mask(string(text))
	return codeText.ReplaceAll([]byte(masked), []byte("${1}***"))
}

func maskJSON(text []byte) ([]byte, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.More() {
		return nil, false
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(MaskPayload(value)) != nil {
		return nil, false
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), true
}
