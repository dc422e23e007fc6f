package payment

import (
	"reflect"
	"strings"
	"testing"
)

func TestBins(t *testing.T) {
	bins, err := ReadBins(strings.NewReader("\ufeffPrefix,Brand,Type,Category,Issuer,Country,Prepaid\n" +
		"4111,visa,credit,,Wide Bank,us,\n411111,Visa,Credit,Consumer,\"Bank, the\",US,no\n41111122,visa,debit,Corporate T&E,Narrow Bank,DE,yes\n222100,mastercard,,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if bins.Len() != 4 {
		t.Errorf("%d prefixes", bins.Len())
	}
	for prefix, want := range map[string]Tree{
		"411111":   {"brand": "visa", "type": "credit", "category": "consumer", "is_commercial": false, "issuer": "Bank, the", "country": "US", "prepaid": false},
		"41111122": {"brand": "visa", "type": "debit", "category": "corporate t&e", "is_commercial": true, "issuer": "Narrow Bank", "country": "DE", "prepaid": true},
		"41111123": {"brand": "visa", "type": "credit", "category": "consumer", "is_commercial": false, "issuer": "Bank, the", "country": "US", "prepaid": false},
		"4111112":  {"brand": "visa", "type": "credit", "category": "consumer", "is_commercial": false, "issuer": "Bank, the", "country": "US", "prepaid": false},
		"411199":   {"brand": "visa", "type": "credit", "issuer": "Wide Bank", "country": "US"},
		"222100":   {"brand": "mastercard"},
	} {
		got, ok := bins.Find(prefix)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", prefix, got, ok)
		}
		if ok {
			got["brand"] = "changed by the caller"
		}
	}
	if again, _ := bins.Find("222100"); again["brand"] != "mastercard" {
		t.Error("a caller changed the table")
	}
	for _, prefix := range []string{"", "411", "999999", "222101", "41110000x", "411111111", "41a111", "000000", "22210"} {
		if got, ok := bins.Find(prefix); ok {
			t.Errorf("%q: %v", prefix, got)
		}
	}
	if _, ok := (*Bins)(nil).Find("411111"); ok || (*Bins)(nil).Len() != 0 {
		t.Error("no table knows something")
	}
}

func TestBinsAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "brand,type\n": "no column prefix", "prefix,prefix\n": "two columns", "prefix,colour\n": "column 2 is none",
		"prefix\n411111\n41111x\n":                                 "line 3: prefix must be 4 to 8 digits",
		"prefix\n411111111\n":                                      "line 2: prefix must be 4 to 8 digits",
		"prefix,country\n411111,USA\n":                             "line 2: country must be two letters",
		"prefix,prepaid\n411111,maybe\n":                           "line 2: prepaid must be true or false",
		"prefix,issuer\n411111\n":                                  "line 2: wrong number of fields",
		"prefix,issuer\n411111,\"open\n":                           "line 2: ",
		"prefix,issuer\n411111," + strings.Repeat("x", 201) + "\n": "line 2: issuer is longer",
		"prefix\n411111\n4222\n411111\n":                           "41111100 (filled up with zeros) stands twice",
	} {
		if bins, err := ReadBins(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) || bins != nil {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}
