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
func MaskPayload(t any) any { return maskValue(t, 0) }

func maskValue(t any, depth int) any {
	if depth > 2*maxDepth {
		return hidden
	}
	switch v := t.(type) {
	case nil, bool:
		return v
	case string:
		return maskAll(v)
	case json.Number:
		return maskNumber(v, maskAll)
	case int64:
		return maskNumber(json.Number(strconv.FormatInt(v, 10)), maskAll)
	case int:
		return maskNumber(json.Number(strconv.Itoa(v)), maskAll)
	case float64:
		return maskNumber(json.Number(strconv.FormatFloat(v, 'f', -1, 64)), maskAll)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = maskValue(v[i], depth+1)
		}
		return list
	case Tree:
		return maskMembers(v, depth)
	}
	return hidden
}

func maskMembers(v Tree, depth int) Tree {
	tree := make(Tree, len(v))
	for name, value := range v {
		switch {
		case namesSecurityCode(name):
		case namesSecret(name) && value != nil:
			tree[maskAll(name)] = hidden
		case namesCard(name):
			tree[name] = maskCard(value, depth+1)
		default:
			tree[maskAll(name)] = maskValue(value, depth+1)
		}
	}
	return tree
}

// maskCard masks what stands in a field for card numbers, valid or not.
func maskCard(value any, depth int) any {
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case json.Number:
		text = string(v)
	default:
		return maskValue(value, depth)
	}
	if digits := onlyDigits(text); len(digits) >= minPAN {
		return shortened(digits)
	}
	return maskValue(value, depth)
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

// maskAll masks card numbers and IBANs in a text that is kept only to be shown: every scheme's and no scheme's.
func maskAll(text string) string {
	masked, _ := scanner{every: true}.mask(text)
	return masked
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
