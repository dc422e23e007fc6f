package traffic

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// Place is where a visitor's address says it is.
type Place struct {
	Country, Address string
	// Street, City and PostalCode are where parcels go.
	Street, City, PostalCode string
}

// homeNetworks are networks in which large providers of a country have households; one line a country, the address of the
// shop's customers there behind it.
const homeNetworks = `
US 73.15.0.0/16 73.202.0.0/16 98.207.0.0/16 24.6.0.0/16 108.28.0.0/16 2601:640::/32 | San Jose 95112 | Denver 80205
US 71.190.0.0/16 68.175.0.0/16 67.80.0.0/16 | Brooklyn 11215 | Hoboken 07030
GB 86.128.0.0/14 81.96.0.0/15 90.192.0.0/14 | Leeds LS1-4AP | Bristol BS1-5TR
DE 84.128.0.0/12 91.0.0.0/12 79.192.0.0/12 2003:c0::/28 | Leipzig 04109 | Köln 50667
FR 90.0.0.0/13 82.64.0.0/14 86.192.0.0/12 | Lyon 69002 | Nantes 44000
NL 84.80.0.0/13 77.160.0.0/13 | Utrecht 3511 | Groningen 9711
ES 88.0.0.0/12 83.32.0.0/13 | Valencia 46001 | Bilbao 48001
IT 79.0.0.0/12 87.0.0.0/12 | Bologna 40121 | Torino 10121
SE 81.224.0.0/13 90.224.0.0/13 | Uppsala 75310
PL 83.0.0.0/13 79.184.0.0/14 | Gdynia 81300
CA 99.224.0.0/13 70.24.0.0/14 | Toronto M5V-2T6
AU 110.140.0.0/14 1.120.0.0/14 | Hobart 7000
JP 126.0.0.0/12 60.64.0.0/12 | Sapporo 060-0001
BR 189.32.0.0/13 177.32.0.0/13 | Curitiba 80010
`

// mobileNetworks are networks of mobile providers.
const mobileNetworks = `
US 174.192.0.0/12 107.77.192.0/18 | Austin 73301
GB 92.40.0.0/15 | York YO1-7HH
DE 80.187.64.0/18 | Bremen 28195
FR 92.184.96.0/19 | Lille 59000
`

// botNetworks are where the machines stand that attackers rent or have taken over.
const botNetworks = `
VN 113.160.0.0/13 14.160.0.0/13 | Hanoi 100000
ID 36.64.0.0/13 180.244.0.0/14 | Jakarta 10110
BR 177.64.0.0/13 | Belo-Horizonte 30110
TR 78.160.0.0/12 88.224.0.0/13 | Ankara 06100
RU 5.136.0.0/14 95.24.0.0/14 | Samara 443001
IN 117.192.0.0/12 49.32.0.0/13 | Patna 800001
TH 171.96.0.0/13 | Bangkok 10200
MX 187.128.0.0/12 | Puebla 72000
`

// placeIn draws a place from a list of networks.
func placeIn(r *rand.Rand, networks string) Place {
	lines := strings.Split(strings.TrimSpace(networks), "\n")
	parts := strings.Split(lines[r.IntN(len(lines))], "|")
	words := strings.Fields(parts[0])
	town := strings.Fields(parts[1+r.IntN(len(parts)-1)])
	// A town's name and its postal code; dashes stand for spaces.
	return Place{Country: words[0], Address: addressIn(r, netip.MustParsePrefix(words[1+r.IntN(len(words)-1)])),
		Street: streetIn(r), City: strings.ReplaceAll(strings.Join(town[:len(town)-1], " "), "-", " "),
		PostalCode: strings.ReplaceAll(town[len(town)-1], "-", " ")}
}

func streetIn(r *rand.Rand) string {
	names := strings.Fields("Mill Station Church Oak River Park Garden Hill Bridge Market")
	return names[r.IntN(len(names))] + " Street " + decimal(1+r.IntN(180))
}

// addressIn draws an address of a network.
func addressIn(r *rand.Rand, network netip.Prefix) string {
	if network.Addr().Is4() {
		raw := network.Addr().As4()
		base := binary.BigEndian.Uint32(raw[:])
		host := r.Uint32() & (1<<(32-network.Bits()) - 1)
		// Neither .0 nor .255: such addresses look made up.
		host = host&^0xff | 2 + host%250
		binary.BigEndian.PutUint32(raw[:], base|host)
		return netip.AddrFrom4(raw).String()
	}
	raw := network.Addr().As16()
	high := binary.BigEndian.Uint64(raw[:8]) | r.Uint64()&(1<<(64-network.Bits())-1)
	binary.BigEndian.PutUint64(raw[:8], high)
	binary.BigEndian.PutUint64(raw[8:], r.Uint64())
	return netip.AddrFrom16(raw).String()
}

// neighbour is another address of the same /24.
func neighbour(r *rand.Rand, address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || !addr.Is4() {
		return address
	}
	raw := addr.As4()
	raw[3] = byte(2 + r.IntN(250))
	return netip.AddrFrom4(raw).String()
}
