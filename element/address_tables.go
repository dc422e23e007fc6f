package element

import "strings"

// The tables have a line for each canonical form: the form, then the words that are brought to it. They follow the
// United States Postal Service's Publication 28 (appendices B and C1) and add words of other countries that have one
// common abbreviation.

const streetTable = `
st street saint sainte
ave avenue av aven avenu avenida
rd road
blvd boulevard boul blv
dr drive driv
ln lane
ct court
pl place platz
sq square
ter terrace terr
cir circle circ
hwy highway hiway hway
pkwy parkway parkwy pky
expy expressway
cres crescent
trl trail
rte route
mt mount
c calle
# apartment apt apmt appartement unit suite flat room rm no number nr
fl floor flr etage
bldg building
n north
s south
e east
w west
ne northeast
nw northwest
se southeast
sw southwest
1st first
2nd second
3rd third
4th fourth
5th fifth
6th sixth
7th seventh
8th eighth
9th ninth
10th tenth
`

const cityTable = `
st saint sainte ste sankt
mt mount
ft fort
`

// regionTable holds the states and territories of the United States and the provinces of Canada.
const regionTable = `
AL alabama
AK alaska
AZ arizona
AR arkansas
CA california
CO colorado
CT connecticut
DE delaware
DC districtofcolumbia
FL florida
GA georgia
HI hawaii
ID idaho
IL illinois
IN indiana
IA iowa
KS kansas
KY kentucky
LA louisiana
ME maine
MD maryland
MA massachusetts
MI michigan
MN minnesota
MS mississippi
MO missouri
MT montana
NE nebraska
NV nevada
NH newhampshire
NJ newjersey
NM newmexico
NY newyork
NC northcarolina
ND northdakota
OH ohio
OK oklahoma
OR oregon
PA pennsylvania
PR puertorico
RI rhodeisland
SC southcarolina
SD southdakota
TN tennessee
TX texas
UT utah
VT vermont
VA virginia
WA washington
WV westvirginia
WI wisconsin
WY wyoming
AB alberta
BC britishcolumbia
MB manitoba
NB newbrunswick
NL newfoundlandandlabrador newfoundland
NS novascotia
NT northwestterritories
NU nunavut
ON ontario
PE princeedwardisland
QC quebec
SK saskatchewan
YT yukon
`

// shortForms reads a table: each word to the first word of its line.
func shortForms(table string) map[string]string {
	forms := map[string]string{}
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		for _, w := range words {
			forms[w] = words[0]
		}
	}
	return forms
}

// addressReader reads postal addresses; its tables never change.
type addressReader struct {
	streets, cities, regions map[string]string
	// marks keeps together what is one word: "p.o.", "n.w.", "o'connell".
	marks *strings.Replacer
}

func newAddressReader() addressReader {
	return addressReader{
		streets: shortForms(streetTable), cities: shortForms(cityTable), regions: shortForms(regionTable),
		marks: strings.NewReplacer("'", "", "’", "", "`", "", "p.o.", "po ", "n.w.", "nw ", "n.e.", "ne ", "s.w.", "sw ",
			"s.e.", "se ", "#", " # "),
	}
}

// streetWord brings the long form of a word of a street line to its short one.
func (a addressReader) streetWord(w string) string {
	if short, ok := a.streets[w]; ok {
		return short
	}
	if stem, ok := strings.CutSuffix(w, "strasse"); ok {
		return stem + "str"
	}
	return w
}

// cityWord does so for the names of cities.
func (a addressReader) cityWord(w string) string {
	if short, ok := a.cities[w]; ok {
		return short
	}
	return w
}

// regionCode is the code of a state or province of North America, "" for another place.
func (a addressReader) regionCode(s string) string {
	if code := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(s), ".", "")); len(code) == 2 {
		if a.regions[code] == code {
			return code
		}
		return ""
	}
	return a.regions[stripMarks(squash(s))]
}

// regionName is the region's code where the country uses codes, else the region as written.
func (a addressReader) regionName(s, country string) string {
	switch country {
	case "US", "CA", "":
		if code := a.regionCode(s); code != "" {
			return code
		}
	}
	return s
}
