package location

import (
	"math"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// maxName bounds a name that comes from a file, in bytes.
const maxName = 256

// sampled is how many records of a file are looked at to tell its layout, and visited how many networks to find them:
// the search tree of a damaged file may have no end.
const (
	sampled = 1000
	visited = 200_000
)

// layout is how a file names and nests its fields.
type layout int

const (
	nested layout = iota // MaxMind's: country.iso_code, city.names.en, location.latitude
	flat                 // ip-location-db's: country_code, city, latitude
)

// nestedRecord is a record of MaxMind's layout.
type nestedRecord struct {
	Country      nestedCountry `maxminddb:"country"`
	City         nestedName    `maxminddb:"city"`
	Subdivisions []nestedName  `maxminddb:"subdivisions"`
	Location     position      `maxminddb:"location"`
	network
}

type nestedCountry struct {
	Code string `maxminddb:"iso_code"`
}

type nestedName struct {
	Names englishName `maxminddb:"names"`
}

type englishName struct {
	English string `maxminddb:"en"`
}

// flatRecord is a record of ip-location-db's layout.
type flatRecord struct {
	Country string `maxminddb:"country_code"`
	Region  string `maxminddb:"state1"`
	City    string `maxminddb:"city"`
	position
	network
}

// position holds coordinates in degrees.
type position struct {
	Latitude  *float64 `maxminddb:"latitude"`
	Longitude *float64 `maxminddb:"longitude"`
}

// network names the autonomous system; both layouts do it alike.
type network struct {
	ASN          uint32 `maxminddb:"autonomous_system_number"`
	Organization string `maxminddb:"autonomous_system_organization"`
}

// detectLayout tries both layouts on the file's first records. It says no for a file of another kind (a list of
// domains, say), which would be accepted in silence and never answer. A file without any record is empty, not wrong.
func detectLayout(reader *maxminddb.Reader) (layout, bool) {
	records, networks := 0, 0
	for result := range reader.Networks(maxminddb.IncludeNetworksWithoutData()) {
		if networks++; networks > visited || records >= sampled {
			return nested, false
		}
		if result.Err() != nil {
			return nested, false
		}
		if !result.Found() {
			continue
		}
		records++
		for _, l := range []layout{nested, flat} {
			if place, err := l.decode(result); err == nil && place != (Place{}) {
				return l, true
			}
		}
	}
	return nested, records == 0
}

// decode reads one record.
func (l layout) decode(result maxminddb.Result) (Place, error) {
	if l == flat {
		var r flatRecord
		if err := result.Decode(&r); err != nil {
			return Place{}, err
		}
		return place(r.Country, r.Region, r.City, r.position, r.network), nil
	}
	var r nestedRecord
	if err := result.Decode(&r); err != nil {
		return Place{}, err
	}
	region := ""
	if len(r.Subdivisions) > 0 {
		region = r.Subdivisions[0].Names.English
	}
	return place(r.Country.Code, region, r.City.Names.English, r.Location, r.network), nil
}

// place checks what a record says.
func place(country, region, city string, at position, net network) Place {
	p := Place{
		Country: countryCode(country), Region: safeName(region), City: safeName(city),
		ASN: net.ASN, Network: safeName(net.Organization),
	}
	if at.Latitude != nil && at.Longitude != nil && math.Abs(*at.Latitude) <= 90 && math.Abs(*at.Longitude) <= 180 {
		latitude, longitude := rounded(*at.Latitude), rounded(*at.Longitude)
		p.Latitude, p.Longitude = &latitude, &longitude
	}
	return p
}

// rounded keeps five decimals, a step's breadth: files hold fewer, the rest is noise of their binary fractions.
func rounded(degrees float64) float64 { return math.Round(degrees*1e5) / 1e5 }

// countryCode is two letters in upper case, or "" for anything else; ZZ stands for unknown.
func countryCode(s string) string {
	if len(s) != 2 || s == "ZZ" || !isLetter(s[0]) || !isLetter(s[1]) {
		return ""
	}
	return strings.ToUpper(s)
}

func isLetter(c byte) bool { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') }

// safeName bounds a name and makes it valid text.
func safeName(s string) string {
	if len(s) > maxName {
		s = s[:maxName]
	}
	return strings.TrimSpace(strings.ToValidUTF8(s, ""))
}
