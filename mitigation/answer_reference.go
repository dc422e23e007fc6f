package mitigation

import (
	"encoding/hex"
	"strings"

	"wayguard/event"
)

// crockford is an alphabet without letters that look like digits (Douglas Crockford's base 32).
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// The 60 bits of an id that a reference holds: its time in milliseconds, and 12 more. The four bits between them are the id's version.
const (
	referenceLetters = 12
	idVersion        = 7
)

// Reference is a short code for an event's id, such as "06GQ-7T4N-8Z1K", that people can read out over the telephone. It holds the
// id's time and its next 12 bits, so that Referenced finds the way back. It is empty for what is no id of version 7.
func Reference(id event.ID) string {
	digits := strings.ReplaceAll(string(id), "-", "")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 16 || raw[6]>>4 != idVersion {
		return ""
	}
	bits := uint64(0)
	for _, b := range raw[:6] {
		bits = bits<<8 | uint64(b)
	}
	bits = bits<<12 | uint64(raw[6]&0x0f)<<8 | uint64(raw[7])
	code := make([]byte, 0, referenceLetters+2)
	for i := range referenceLetters {
		if i > 0 && i%4 == 0 {
			code = append(code, '-')
		}
		code = append(code, crockford[bits>>(5*(referenceLetters-1-i))&31])
	}
	return string(code)
}

// Referenced is the beginning (18 characters) that the ids of a reference's events have. It takes what people make of the code: small
// letters, no dashes, O for 0, I and L for 1.
func Referenced(reference string) (prefix string, ok bool) {
	bits, letters := uint64(0), 0
	for _, r := range strings.ToUpper(reference) {
		switch r {
		case '-', ' ':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		value := strings.IndexRune(crockford, r)
		if letters++; value < 0 || letters > referenceLetters {
			return "", false
		}
		bits = bits<<5 | uint64(value)
	}
	if letters != referenceLetters {
		return "", false
	}
	var raw [8]byte
	for i := range 6 {
		raw[i] = byte(bits >> (12 + 8*(5-i)))
	}
	raw[6], raw[7] = idVersion<<4|byte(bits>>8)&0x0f, byte(bits)
	digits := hex.EncodeToString(raw[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:], true
}
