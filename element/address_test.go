package element

import "testing"

// Each group is one address in many spellings.
func TestAddressSpellings(t *testing.T) {
	n := testNormaliser(t)
	def := define(t, "shipping_address")
	us := func(street, city, region, postal, country string) Raw {
		return Raw{Parts: map[string]string{
			PartStreet: street, PartCity: city, PartRegion: region, PartPostalCode: postal, PartCountry: country,
		}}
	}
	for _, group := range []struct {
		text string
		raws []Raw
	}{
		{"123 n main st #4b, springfield, 62704, us", []Raw{
			us("123 North Main Street, Apt. 4B", "Springfield", "Illinois", "62704", "USA"),
			us("123 N. MAIN ST. #4b", "SPRINGFIELD", "IL", "62704-1234", "us"),
			us("123  N Main St Unit 4B", " springfield ", "", "62704", "United States"),
			us("Apt 4B, 123 N Main St", "Springfield", "IL", "62704", "US"),
			us("１２３ N Main St, Suite 4B", "Springfield", "IL", "62704", "840"),
			us("123 n main st. ste 4b", "Springfield", "IL", "627041234", "US"),
			us("123 North Main Street no. 4B", "Springfield", "IL", "62704", "US"),
			{Text: "123 North Main Street, Apt 4B, Springfield, IL 62704, USA"},
			{Text: "123 N Main St Apt 4B\nSpringfield IL 62704-1234\nUnited States"},
			{Text: "123 n main st #4b, springfield, 62704, us"},
		}},
		{"5 hauptstr, berlin, 10115, de", []Raw{
			us("Hauptstraße 5", "Berlin", "", "10115", "Germany"),
			us("Hauptstrasse 5", "BERLIN", "Berlin", "10115", "DE"),
			us("5 Hauptstr.", "Berlin", "", "10115", "Deutschland"),
			{Text: "Hauptstr. 5, 10115 Berlin, Germany"},
		}},
		{"10 rue de leglise, st denis, 93200, fr", []Raw{
			us("10 rue de l'Église", "Saint-Denis", "", "93200", "France"),
			us("10, Rue de l’Eglise", "St. Denis", "", "93200", "FR"),
			{Text: "10 rue de l'Eglise; 93200 Saint-Denis; France"},
		}},
		{"221b baker st, london, nw16xe, gb", []Raw{
			us("221B Baker Street", "London", "", "NW1 6XE", "UK"),
			us("221b Baker St.", "London", "England", "nw16xe", "Great Britain"),
			{Text: "221B Baker Street, London NW1 6XE, United Kingdom"},
		}},
		{"12 high st, galway, galway, ie", []Raw{
			us("12 High Street", "Galway", "Galway", "", "Ireland"),
		}},
		{"po box 77, austin, 78701, us", []Raw{
			us("P.O. Box 77", "Austin", "TX", "78701", "US"),
			us("PO Box 77", "Austin", "TX", "78701", "US"),
		}},
	} {
		for _, raw := range group.raws {
			v, err := n.Normalise(def, raw)
			if err != nil {
				t.Errorf("%+v: %v", raw, err)
				continue
			}
			if v.Text != group.text {
				t.Errorf("%+v:\n got %q\nwant %q", raw, v.Text, group.text)
			}
		}
	}
}

func TestDifferentAddressesStayDifferent(t *testing.T) {
	n := testNormaliser(t)
	def := define(t, "shipping_address")
	seen := map[string]string{}
	for _, line := range []string{
		"123 Main St, Springfield, IL 62704, US", "124 Main St, Springfield, IL 62704, US", "123 Main Ave, Springfield, IL 62704, US",
		"123 Main St Apt 4, Springfield, IL 62704, US", "123 Main St Apt 5, Springfield, IL 62704, US", "123 S Main St, Springfield, IL 62704, US",
		"123 Main St, Springfield, MA 01103, US", "123 Main St, Springfield, IL, US", "123 Main St, Springfield, MA, US",
		"123 Main St, Toronto, ON M5V 2T6, CA",
	} {
		v, err := n.Normalise(def, Raw{Text: line})
		if err != nil || v.Text == "" {
			t.Fatalf("%s: %q, %v", line, v.Text, err)
		}
		if other := seen[v.Text]; other != "" {
			t.Errorf("%s and %s are both %q", line, other, v.Text)
		}
		seen[v.Text] = line
	}
}

func TestIncompleteAddressKeepsItsParts(t *testing.T) {
	n := testNormaliser(t)
	v, err := n.Normalise(define(t, "billing_address"), Raw{Parts: map[string]string{
		PartCity: " Paris ", PartCountry: "france", PartLatitude: "48.85661234", PartLongitude: "2.3522", PartRegion: "",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if v.Text != "" || v.Parts.Of(PartCity) != "Paris" || v.Parts.Of(PartCountry) != "FR" || v.Parts.Of(PartLatitude) != "48.856612" {
		t.Errorf("%s", everything(v))
	}
	if v.Parts.Of(PartRegion) != "" {
		t.Error("an empty part is kept")
	}
	if v, err = n.Normalise(define(t, "billing_address"), Raw{Parts: map[string]string{PartLatitude: "91", PartLongitude: "0"}}); err == nil {
		t.Errorf("a latitude of 91 degrees gives %s", everything(v))
	}
}

func TestAddressLineParts(t *testing.T) {
	n := testNormaliser(t)
	for line, want := range map[string]map[string]string{
		"12 Main St, Springfield, IL":           parts("street=12 Main St", "city=Springfield", "region=IL", "country="),
		"12 Main St, Atlanta, Georgia":          parts("city=Atlanta", "region=GA", "country="),
		"12 Rustaveli Ave, 0108 Tbilisi":        parts("city=Tbilisi", "postal_code=0108"),
		"Damrak 1, 1012 LG Amsterdam, Holland":  parts("street=Damrak 1", "city=Amsterdam", "postal_code=1012 LG", "country=NL"),
		"1 King St W, Toronto, ON M5H 1A1, CA":  parts("city=Toronto", "region=ON", "postal_code=M5H 1A1", "country=CA"),
		"somewhere":                             parts("street=somewhere", "city="),
		"5 Elm St, New York, New York 10001":    parts("city=New York", "region=NY", "postal_code=10001"),
		"Unit 2, 5 Elm St, Portland, OR, 97201": parts("street=Unit 2, 5 Elm St", "city=Portland", "region=OR", "postal_code=97201"),
	} {
		v, err := n.Normalise(define(t, "account_address"), Raw{Text: line})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		for name, part := range want {
			if v.Parts.Of(name) != part {
				t.Errorf("%s: %s is %q, want %q", line, name, v.Parts.Of(name), part)
			}
		}
	}
}
