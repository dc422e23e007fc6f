package mitigation

import (
	"testing"
	"unicode/utf8"

	"wayguard/policy"
)

func TestFormats(t *testing.T) {
	all := newFormats()
	for _, c := range []struct{ format, text, want string }{
		{"trim", "  a b\n", "a b"},
		{"lower", "ÄB", "äb"},
		{"upper", "äb", "ÄB"},
		{"digits", "12-3 a４", "1234"},
		{"digits", "none", "none"},
		{"email", " Bob.Smith@Example.COM ", "bob.smith@example.com"},
		{"email", "no mail", "no mail"},
		{"phone", "+1 (202) 555-0143", "+12025550143"},
		{"phone", "0049 30 901820", "+4930901820"},
		{"phone", "+1 202 555 0143 ext. 7", "+1 202 555 0143 ext. 7"},
		{"phone", "call me", "call me"},
		{"postal_address", "12 North Main Street, Apt. 4, Springfield, IL 62704", "12 N MAIN ST #4, SPRINGFIELD, IL 62704"},
		{"postal_address", "12 n. main st #4; springfield; Illinois 62704-1234, USA", "12 N MAIN ST #4, SPRINGFIELD, IL 62704, US"},
		{"postal_address", "12 North Main Street\nSpringfield, IL 62704", "12 N MAIN ST, SPRINGFIELD, IL 62704"},
		{"postal_address", "10 Downing Street, London SW1A 2AA", "10 DOWNING ST, LONDON, SW1A2AA"},
		{"postal_address", "12 North Main Street, Apartment 4", "12 N MAIN ST #4"},
		{"postal_address", "62704-1234", "62704-1234"},
		{"postal_address", "sw1a  1aa", "SW1A 1AA"},
		{"postal_address", "東京都千代田区千代田1-1", "東京都千代田区千代田1-1"},
		{"postal_address", "4111 1111 1111 1111 Main Street, Springfield, IL 62704", "4111 1111 1111 1111 Main Street, Springfield, IL 62704"},
		{"postal_address", "", ""},
		{"postal_address", " ", " "},
	} {
		change := change{format: all.of(c.format)}
		if got := change.apply(c.text); got != c.want {
			t.Errorf("%s of %q is %q, want %q", c.format, c.text, got, c.want)
		}
	}
	for _, name := range policy.Formats() {
		if all.of(name) == nil {
			t.Errorf("there is no format %q", name)
		}
	}
	if all.of("nothing") != nil {
		t.Error("there is a format that nobody knows")
	}
}

// TestOneAddress: spellings of one address become one text.
func TestOneAddress(t *testing.T) {
	c := change{format: newFormats().of("postal_address")}
	const want = "123 N MAIN ST #4B, SPRINGFIELD, IL 62704"
	for _, spelled := range []string{
		"123 North Main Street Apt. 4B, Springfield, IL 62704", "123 N Main St #4b, Springfield, Illinois 62704", "123 N. MAIN STREET, UNIT 4B, SPRINGFIELD IL 62704",
		"123  north main street, apartment 4b,\nSpringfield, IL  62704", want,
	} {
		if got := c.apply(spelled); got != want {
			t.Errorf("%q became %q", spelled, got)
		}
	}
}

// FuzzFormats: whatever the text, a format is at rest after one time, and gives UTF-8 for UTF-8.
func FuzzFormats(f *testing.F) {
	for _, seed := range []string{"12 North Main Street, Springfield, IL 62704", "Hauptstraße 5, 10115 Berlin, Germany", "+1 202 555 0143", "Bob <bob@mail.example>", "\xff", "İ", "ŉ", "ste 5", "# 4 # 5, x, 1"} {
		f.Add(seed)
	}
	all := newFormats()
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range policy.Formats() {
			c := change{format: all.of(name)}
			once := c.apply(text)
			if twice := c.apply(once); twice != once {
				t.Errorf("%s: once %q, twice %q", name, once, twice)
			}
			if utf8.ValidString(text) != utf8.ValidString(once) {
				t.Errorf("%s: %q became %q", name, text, once)
			}
		}
	})
}
