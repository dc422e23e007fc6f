package location

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// build makes an MMDB file of networks and their records.
func build(t testing.TB, kind string, records map[string]mmdbtype.Map) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, BuildEpoch: 1_700_000_000})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, record := range records {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func names(en string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(en), "de": mmdbtype.String("anders")}}
}

// city is a file in MaxMind's layout.
func city(t testing.TB) []byte {
	return build(t, "GeoLite2-City", map[string]mmdbtype.Map{
		"81.2.69.0/24": {
			"country":      mmdbtype.Map{"iso_code": mmdbtype.String("GB"), "names": mmdbtype.Map{"en": mmdbtype.String("United Kingdom")}},
			"city":         names("London"),
			"subdivisions": mmdbtype.Slice{names("England"), names("Greater London")},
			"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(51.5142), "longitude": mmdbtype.Float64(-0.0931)},
		},
		"81.2.70.0/24":   {"country": mmdbtype.Map{"iso_code": mmdbtype.String("GB")}},
		"2a00:1450::/32": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("IE")}, "city": names("Dublin")},
		"81.2.71.0/24":   {"location": mmdbtype.Map{"latitude": mmdbtype.Float64(151), "longitude": mmdbtype.Float64(0)}},
		"81.2.72.0/24":   {"country": mmdbtype.Map{"iso_code": mmdbtype.String("ZZ")}, "location": mmdbtype.Map{"latitude": mmdbtype.Float64(1)}},
	})
}

// flatCity is a file in ip-location-db's layout.
func flatCity(t testing.TB) []byte {
	return build(t, "geo-whois", map[string]mmdbtype.Map{
		"91.198.174.0/24": {
			"country_code": mmdbtype.String("nl"), "state1": mmdbtype.String("North Holland"), "state2": mmdbtype.String(""),
			"city": mmdbtype.String("Amsterdam"), "latitude": mmdbtype.Float32(52.3759), "longitude": mmdbtype.Float32(4.8975),
		},
		"81.2.69.0/24": {"country_code": mmdbtype.String("FR"), "city": mmdbtype.String("Paris")},
	})
}

func asn(t testing.TB) []byte {
	return build(t, "GeoLite2-ASN", map[string]mmdbtype.Map{
		"81.2.64.0/18": {"autonomous_system_number": mmdbtype.Uint32(20712), "autonomous_system_organization": mmdbtype.String("Andrews & Arnold Ltd")},
	})
}

// same compares places by what their pointers hold.
func same(a, b Place) bool {
	at := func(f *float64) float64 {
		if f == nil {
			return -1000
		}
		return *f
	}
	equal := at(a.Latitude) == at(b.Latitude) && at(a.Longitude) == at(b.Longitude)
	a.Latitude, a.Longitude, b.Latitude, b.Longitude = nil, nil, nil, nil
	return equal && a == b
}

func degrees(f float64) *float64 { return &f }

func TestLookup(t *testing.T) {
	db, err := Open(map[string][]byte{"a-city.mmdb": city(t), "b-flat.mmdb": flatCity(t), "c-asn.mmdb": asn(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		addr string
		want Place
	}{
		{"81.2.69.142", Place{Country: "GB", Region: "England", City: "London", Latitude: degrees(51.5142), Longitude: degrees(-0.0931), ASN: 20712, Network: "Andrews & Arnold Ltd"}},
		{"::ffff:81.2.69.142", Place{Country: "GB", Region: "England", City: "London", Latitude: degrees(51.5142), Longitude: degrees(-0.0931), ASN: 20712, Network: "Andrews & Arnold Ltd"}},
		{"81.2.70.1", Place{Country: "GB", ASN: 20712, Network: "Andrews & Arnold Ltd"}},
		{"81.2.71.1", Place{ASN: 20712, Network: "Andrews & Arnold Ltd"}}, // 151 degrees north
		{"81.2.72.1", Place{ASN: 20712, Network: "Andrews & Arnold Ltd"}}, // unknown country, half a position
		{"2a00:1450:4001::1", Place{Country: "IE", City: "Dublin"}},
		{"91.198.174.192", Place{Country: "NL", Region: "North Holland", City: "Amsterdam", Latitude: degrees(52.3759), Longitude: degrees(4.8975)}},
		{"8.8.8.8", Place{}},
		{"10.0.0.1", Place{}},
		{"127.0.0.1", Place{}},
		{"::1", Place{}},
		{"fe80::1%eth0", Place{}},
		{"fd00::1", Place{}},
		{"0.0.0.0", Place{}},
	} {
		if got := db.Lookup(netip.MustParseAddr(c.addr)); !same(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.addr, got, c.want)
		}
	}
	if got := db.Lookup(netip.Addr{}); got != (Place{}) {
		t.Errorf("no address: %+v", got)
	}
}

func TestFilesTellWhatIsOpen(t *testing.T) {
	db, err := Open(map[string][]byte{"z.mmdb": asn(t), "a.mmdb": flatCity(t)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Info{{"a.mmdb", "geo-whois", 1_700_000_000}, {"z.mmdb", "GeoLite2-ASN", 1_700_000_000}}
	if got := db.Files(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestWithoutFiles(t *testing.T) {
	var none *Database
	empty, err := Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("81.2.69.142")
	if none.Lookup(addr) != (Place{}) || empty.Lookup(addr) != (Place{}) || len(none.Files()) != 0 || len(empty.Files()) != 0 {
		t.Error("a database without files knows something")
	}
}

func TestOpenRefuses(t *testing.T) {
	domains := build(t, "GeoIP2-Domain", map[string]mmdbtype.Map{"81.2.69.0/24": {"domain": mmdbtype.String("example.com")}})
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("not a database"), "cut": city(t)[:200], "domains": domains,
	} {
		if db, err := Open(map[string][]byte{"good.mmdb": asn(t), name: data}); err == nil || db != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLookupFromManyGoroutines(t *testing.T) {
	db, err := Open(map[string][]byte{"city": city(t), "asn": asn(t)})
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr("81.2.69.142")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				if p := db.Lookup(addr); p.City != "London" || p.ASN != 20712 {
					t.Errorf("%+v", p)
				}
			}
		})
	}
	group.Wait()
}

func TestLookupAllocatesLittle(t *testing.T) {
	db, err := Open(map[string][]byte{"city": city(t), "asn": asn(t)})
	if err != nil {
		t.Fatal(err)
	}
	known, unknown := netip.MustParseAddr("81.2.69.142"), netip.MustParseAddr("10.0.0.1")
	if n := testing.AllocsPerRun(100, func() { db.Lookup(known) }); n > 16 {
		t.Errorf("%v allocations for a known address", n)
	}
	if n := testing.AllocsPerRun(100, func() { db.Lookup(unknown) }); n != 0 {
		t.Errorf("%v allocations for a private address", n)
	}
}

// A damaged file may answer wrongly; it must neither panic nor name places that cannot be.
func FuzzOpen(f *testing.F) {
	f.Add(city(f), []byte{81, 2, 69, 142})
	f.Add(flatCity(f), []byte{91, 198, 174, 1})
	f.Add(asn(f), []byte{81, 2, 69, 142})
	f.Fuzz(func(t *testing.T, data, ip []byte) {
		db, err := Open(map[string][]byte{"x": data})
		if err != nil {
			return
		}
		addr, ok := netip.AddrFromSlice(ip)
		if !ok {
			return
		}
		p := db.Lookup(addr)
		if len(p.City) > maxName || len(p.Country) > 2 || (p.Latitude == nil) != (p.Longitude == nil) {
			t.Fatalf("%+v", p)
		}
	})
}
