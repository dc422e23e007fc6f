package element_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"strings"
	"testing"

	"wayguard/element"
)

var update = flag.Bool("update", false, "write the corpus anew")

// corpusTexts are values as people and programs write them, good and bad.
func corpusTexts() []string {
	return []string{"", " ", "a", "ann@mail.example", "Ann.Lee+tag@GMAIL.com", "Ann <ann@example.com>", "mailto:ann@example.com?subject=x", "ann@bücher.example", "ann@xn--bcher-kva.example",
		"ann@xn--zz.example", "ann@a--b.example", "ann@-a.example", "ann@ab--c.example", "ann@example", "ann@1.2.3.4", "a b@example.com", "ann@exa_mple.com", "a@b@example.com", "@example.com", "ann@example.com.",
		"user@yahoo.de", "user-x@yahoo.com", "x@mailinator.com", "аnn@аpple.com", "ann@ＥＸＡＭＰＬＥ.com", "\"q\"@example.com", "a@example.co.uk", "a@github.io", "a@foo.github.io", strings.Repeat("a", 65) + "@example.com",
		"+1 202 555 0143", "+31612345678", "06 12345678", "0044 20 7946 0000", "555", "+999123456", "+1 (202) 555-0100 ext. 5", "202-555-0143", "tel:+12025550143", "+39 06 123 4567", "call me",
		"4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "4111111111111112", "**** 1111", "4111XXXXXXXX1111", "NL91ABNA0417164300", "nl91 abna 0417 1643 00", "tok_1A2b", "1234", "12",
		"123456789012345678901234567890123456", "٤١١١١١١١١١١١١١١١", "6011000990139424", "3530111333300000", "30569309025904", "2223003122003222", "acct_1Gq2X", "pm_card_visa",
		"0", "-0", "7", "42", "-3", "3.50", "19.990000000000002", "1e3", "1E-2", "9007199254740993", "123456789012345678901234567890", "1,000", "1,00", "1.000,50", "1 234,50", "1'234.50", ".5", "5.", "+7", "--7", "−7", "٣",
		"12.50 EUR", "€12", "$5", "US$ 5.99", "(5.00)", "12.999", "12.345", "1.234", "0x10", "1_000", "Inf", "NaN", "1e400", "00012", "12.5000", "USD 5", "JPY 500", "5 XXX", "eur", "EUR", "978", "kr", "UYW",
		"true", "FALSE", "yes", "No", "on", "off", "checked", "1", "t", "maybe", "ｔｒｕｅ", "123-45-6789", "078-05-1120", "000-12-3456", "12-3456789", "AB 12 34 56 C",
		"2001-02-03", "1.2.1990", "12/31/1999", "31/12/1999", "2001-02-30", "March 5, 2001", "20010203", "2001-02-03T10:00:00Z", "1700000000", "01", "12", "13", "Jan", "december", "99", "2026", "1899", "26",
		"Ann Lee", "  Ann   Lee ", "JOSÉ", "Ｆｕｌｌ", "straße", "İstanbul", "a\u200bb", "line\nbreak", "tab\there", "<b>&amp;</b>", "\u2028", "quote\"back\\slash", "😀", "é", "é", "\x00nul", "\xff\xfe", "a\xffb", "ﬁ", "K", "a\u00adb",
		"Elm Street 1", "12 Main St Apt 4, Springfield, IL 62704, US", "Utrecht", "US", "USA", "us", "840", "Nederland", "The Netherlands", "Deutschland", "🇳🇱", "ZZ", "90210", "90210-1234", "3511 AB", "CA", "51.5", "-181", "PO Box 7",
		"203.0.113.9", "203.0.113.9:80", "2001:db8::7", "[2001:db8::7]:443", "[::1]", "::ffff:203.0.113.9", "fe80::1%eth0", "10.0.0.1", "127.0.0.1", "1.2.3", "256.1.1.1", "0.0.0.0",
		"https://shop.example/cart?x=1&token=abc#f", "https://www.google.com/", "HTTPS://User:Pw@Shop.Example:443/a/../b//c/", "/local/path?b&a", "?q=1", "android-app://com.example.my_app", "javascript:alert(1)", "http://[2001:db8::1]:8080/x",
		"https://shop.example/reset/0123456789abcdef0123", "https://bücher.example/caf%C3%A9", "http://shop.example/4111111111111111", "https://shop.example:8443/%zz", "//cdn.example/x", "https://shop.example", "https://a.co.uk/x?y=z;w=1",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
		"curl/8.5.0", "python-requests/2.31", "Googlebot/2.1 (+http://www.google.com/bot.html)", "en-US", "en_US.UTF-8", "de-DE,de;q=0.9,en;q=0.8", "zh-Hant-TW", "x-klingon", "en-us", "iw", "*", "und",
		"visa", "Credit Card", "PayPal", "apple_pay", "credit_card", "bank transfer", "klarna", "chrome 126", strings.Repeat("x", 2000), strings.Repeat("é", 1500), strings.Repeat("1 ", 900), "card 4111111111111111 and 123-45-6789 here"}
}

// TestCorpus normalises every kind of text as every kind of element, and compares the values, byte for byte, with those of
// the first, plain implementation: the file holds a hash for each definition. Anything that is done for speed must leave
// it as it is. -update writes it anew; CORPUS_DUMP names a file for the values in full.
func TestCorpus(t *testing.T) {
	keys, err := element.NewKeys([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	var sums, dump strings.Builder
	var arena element.Arena
	for _, region := range []string{"", "NL"} {
		n := element.NewNormaliser(element.Default(), keys, element.Options{Region: region, Disposable: []string{"throw.example"}})
		for _, def := range corpusDefinitions() {
			digest, prepared := sha256.New(), n.Prepare(def)
			for round := range 2 { // the second round finds warm caches
				for i, raw := range corpusRaws(def) {
					v, err := n.Normalise(def, raw)
					arena.Reset()
					var inArena element.Value
					arenaErr := prepared.NormaliseIn(&arena, &raw, &inArena)
					if !reflect.DeepEqual(v, inArena) || fmt.Sprint(err) != fmt.Sprint(arenaErr) {
						t.Fatalf("%s %+v: in an arena %+v, %v; else %+v, %v", def.Type, raw, inArena, arenaErr, v, err)
					}
					text, jsonErr := json.Marshal(written{v.Text, v.Display, v.Parts.Map()})
					if jsonErr != nil {
						t.Fatal(jsonErr)
					}
					fmt.Fprintf(digest, "%d %s %v\n", i, text, err)
					fmt.Fprintf(&dump, "%s %s %d %d %q %q -> %s %v\n", region, def.Name, round, i, raw.Text, raw.Parts, text, err)
				}
			}
			fmt.Fprintf(&sums, "%s/%s/%s/%s/%s %s\n", region, def.Type, def.Kind, def.Sensitivity, def.Name, hex.EncodeToString(digest.Sum(nil)[:12]))
		}
	}
	if path := os.Getenv("CORPUS_DUMP"); path != "" {
		if err := os.WriteFile(path, []byte(dump.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/corpus.sums"
	if *update {
		if err := os.WriteFile(golden, []byte(sums.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := sums.String(); got != string(want) {
		was := map[string]bool{}
		for line := range strings.Lines(string(want)) {
			was[line] = true
		}
		for line := range strings.Lines(got) {
			if !was[line] {
				t.Errorf("other values than before: %s", line)
			}
		}
	}
}

// written is a value as the file's hashes were made of it.
type written struct {
	Text, Display string
	Parts         map[string]string
}

func corpusDefinitions() []element.Definition {
	var list []element.Definition
	for _, kind := range []element.Kind{element.Entity, element.Attribute} {
		for _, vt := range element.ValueTypes() {
			for _, s := range []element.Sensitivity{element.Public, element.Hashed} {
				list = append(list, element.Definition{Name: "x_" + string(vt), Kind: kind, Type: vt, Sensitivity: s})
			}
		}
		list = append(list, element.Definition{Name: "x_folded", Kind: kind, Type: element.String, Sensitivity: element.Personal, Folded: true},
			element.Definition{Name: "x_secret", Kind: kind, Type: element.String, Sensitivity: element.Secret})
	}
	return list
}

// corpusRaws are the texts, mutations of them, and parts where the type has some.
func corpusRaws(def element.Definition) []element.Raw {
	d := rand.New(rand.NewSource(int64(len(def.Name))*31 + int64(def.Name[len(def.Name)-1])))
	texts := corpusTexts()
	var raws []element.Raw
	for _, text := range texts {
		raws = append(raws, element.Raw{Text: text})
	}
	pick := func() string { return texts[d.Intn(len(texts))] }
	for range 60 {
		text := []byte(pick())
		for range 1 + d.Intn(3) {
			if len(text) > 0 {
				text[d.Intn(len(text))] = " .-@+0aZ\xff,/"[d.Intn(11)]
			}
		}
		raws = append(raws, element.Raw{Text: string(text)})
	}
	for _, name := range def.Type.InputParts() {
		for range 40 {
			raw := element.Raw{Text: pick(), Parts: map[string]string{name: pick()}}
			for _, other := range def.Type.InputParts() {
				if d.Intn(2) == 0 {
					raw.Parts[other] = pick()
				}
			}
			if d.Intn(3) == 0 {
				raw.Text = ""
			}
			if _, given := raw.Parts[element.PartUnit]; given {
				raw.Parts[element.PartUnit] = []string{"major", "minor", "", "odd"}[d.Intn(4)]
			}
			if _, given := raw.Parts[element.PartCurrency]; given {
				raw.Parts[element.PartCurrency] = []string{"EUR", "USD", "jpy", "$", "?"}[d.Intn(5)]
			}
			raws = append(raws, raw)
		}
	}
	return raws
}
