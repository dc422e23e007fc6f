package element

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// maxPhone is the longest text that is looked at as a phone number, in bytes.
const maxPhone = 64

// readPhone reads a phone number as people write them. A number that names its country, or stands in a configured
// region, becomes E.164; else it becomes bare digits, which still compare.
func (n *Normaliser) readPhone(raw Raw) (Value, error) {
	s := strings.TrimSpace(asciiDigits(cut(raw.Text, maxPhone+1)))
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) > maxPhone {
		return Value{}, reason("too long")
	}
	region := n.region
	if given := countryCode(raw.Parts[PartCountry]); given != "" {
		region = given
	}
	key := region + "|" + s
	if v, ok := n.phones.find(key); ok {
		return v, nil
	}
	v, err := parsePhone(s, region)
	if err != nil {
		return Value{}, err
	}
	n.phones.keep(key, v.clone())
	return v, nil
}

func parsePhone(s, region string) (Value, error) {
	// 00 is how most of the world dials +.
	if strings.HasPrefix(s, "00") && region == "" {
		s = "+" + s[2:]
	}
	if v, ok := parseE164(s, region); ok {
		return v, nil
	}
	if strings.ContainsFunc(s, unicode.IsLetter) {
		return Value{}, reason("letters that are no part of a phone number")
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if len(digits) < 4 || len(digits) > 15 {
		return Value{}, reason("a phone number has 4 to 15 digits")
	}
	if v, ok := parseE164(digits, region); ok {
		return v, nil
	}
	return Value{Text: digits, Parts: partsOf(map[string]string{PartDigits: digits, PartValid: "false"})}, nil
}

// parseE164 accepts numbers of a length that is in use where they belong. Whether the range has been assigned is a
// part only: numbering plans are younger than any table of them.
func parseE164(s, region string) (Value, bool) {
	number, err := phonenumbers.Parse(s, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return Value{}, false
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	// Some plans drop a leading zero each time a number is read: such a number has no stable form.
	again, err := phonenumbers.Parse(e164, region)
	if err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return Value{}, false
	}
	parts := map[string]string{
		PartDigits:    strings.TrimPrefix(e164, "+"),
		PartCountry:   phoneCountry(number),
		PartValid:     boolText(phonenumbers.IsValidNumber(number)),
		PartExtension: cut(number.GetExtension(), 16),
	}
	return Value{Text: e164, Display: phonenumbers.Format(number, phonenumbers.INTERNATIONAL), Parts: partsOf(parts)}, true
}

// phoneCountry is the number's country, "" for satellite and other international ranges.
func phoneCountry(number *phonenumbers.PhoneNumber) string {
	region := phonenumbers.GetRegionCodeForNumber(number)
	if region == "" {
		region = phonenumbers.GetRegionCodeForCountryCode(int(number.GetCountryCode()))
	}
	if len(region) != 2 || region == "ZZ" {
		return ""
	}
	return region
}
