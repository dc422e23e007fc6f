package event

// What came with codecVersion 2: a mask of the fields that are there, then the fields. Records of version 1 have none of it.

// The bits of the masks.
const (
	hasConnection = 1 << iota
	hasJA4
	hasHTTP2
	hasHeaders
	hasKind
	hasPage
	hasFrom
	hasHints
	hasFlaws
	wireBits = iota
)

const (
	hasFamily = 1 << iota
	hasMajor
	hasPlatform
	hasModel
	hasLanguage
	isMobile
	hasAgent
	hasProof
	clientBits = iota
)

const (
	hasNetworkKind = 1 << iota
	hasAS
	hasCountry
	networkBits = iota
)

const (
	hasPerson = 1 << iota
	hasActor
	hasLink
	hasConfidence
	hasAbsorbed
	identityBits = iota
)

func (w *words) appendWire(b []byte, v *Wire) []byte {
	mask := bit(v.Connection != "", hasConnection) | bit(v.JA4 != "", hasJA4) | bit(v.HTTP2 != "", hasHTTP2) | bit(v.Headers != "", hasHeaders) |
		bit(v.Kind != "", hasKind) | bit(v.Page != "", hasPage) | bit(v.From != "", hasFrom) | bit(v.Hints != "", hasHints) | bit(len(v.Flaws) > 0, hasFlaws)
	b = appendNumber(b, mask)
	b = w.given(b, v.Connection)
	b = w.given(b, v.JA4)
	b = w.given(b, v.HTTP2)
	b = w.given(b, v.Headers)
	b = w.given(b, string(v.Kind))
	b = w.given(b, v.Page)
	b = w.given(b, v.From)
	b = w.given(b, string(v.Hints))
	if len(v.Flaws) > 0 {
		b = appendNumber(b, uint64(len(v.Flaws)))
		for _, flaw := range v.Flaws {
			b = w.append(b, string(flaw))
		}
	}
	return b
}

func (d *decoder) wire(v *Wire) {
	mask := d.below(1 << wireBits)
	d.given(mask, hasConnection, &v.Connection)
	d.given(mask, hasJA4, &v.JA4)
	d.given(mask, hasHTTP2, &v.HTTP2)
	d.given(mask, hasHeaders, &v.Headers)
	d.given(mask, hasKind, (*string)(&v.Kind))
	d.given(mask, hasPage, &v.Page)
	d.given(mask, hasFrom, &v.From)
	d.given(mask, hasHints, (*string)(&v.Hints))
	if mask&hasFlaws != 0 {
		v.Flaws = list(d, func(f *Flaw) { *f = Flaw(d.word()) })
		d.broken = d.broken || len(v.Flaws) == 0
	}
}

func (w *words) appendClient(b []byte, v *Client) []byte {
	mask := bit(v.Family != "", hasFamily) | bit(v.Major != 0, hasMajor) | bit(v.Platform != "", hasPlatform) | bit(v.Model != "", hasModel) |
		bit(v.Language != "", hasLanguage) | bit(v.Mobile, isMobile) | bit(v.Agent != "", hasAgent) | bit(v.Proof != "", hasProof)
	b = w.given(appendNumber(b, mask), v.Family)
	if v.Major != 0 {
		b = appendSigned(b, v.Major)
	}
	b = w.given(b, v.Platform)
	b = w.given(b, v.Model)
	b = w.given(b, v.Language)
	b = w.given(b, v.Agent)
	return w.given(b, string(v.Proof))
}

func (d *decoder) client(v *Client) {
	mask := d.below(1 << clientBits)
	d.given(mask, hasFamily, &v.Family)
	d.amount(mask, hasMajor, &v.Major)
	d.given(mask, hasPlatform, &v.Platform)
	d.given(mask, hasModel, &v.Model)
	d.given(mask, hasLanguage, &v.Language)
	v.Mobile = mask&isMobile != 0
	d.given(mask, hasAgent, &v.Agent)
	d.given(mask, hasProof, (*string)(&v.Proof))
}

func (w *words) appendNetwork(b []byte, v Network) []byte {
	b = appendNumber(b, bit(v.Kind != "", hasNetworkKind)|bit(v.AS != 0, hasAS)|bit(v.Country != "", hasCountry))
	b = w.given(b, string(v.Kind))
	if v.AS != 0 {
		b = appendSigned(b, v.AS)
	}
	return w.given(b, v.Country)
}

func (d *decoder) network(v *Network) {
	mask := d.below(1 << networkBits)
	d.given(mask, hasNetworkKind, (*string)(&v.Kind))
	d.amount(mask, hasAS, &v.AS)
	d.given(mask, hasCountry, &v.Country)
}

func (w *words) appendIdentity(b []byte, s *Session) []byte {
	linked := !s.Link.zero()
	b = appendNumber(b, bit(s.Person != "", hasPerson)|bit(s.Actor != "", hasActor)|bit(linked, hasLink)|
		bit(s.Confidence != 0, hasConfidence)|bit(s.Absorbed != "", hasAbsorbed))
	b = w.given(b, string(s.Person))
	b = w.given(b, string(s.Actor))
	if linked {
		b = w.append(b, s.Link.Tier)
		b = appendSigned(appendSigned(b, s.Link.Bits), s.Link.Margin)
		b = appendReasons(b, s.Link.Because)
	}
	if s.Confidence != 0 {
		b = appendSigned(b, s.Confidence)
	}
	return w.given(b, string(s.Absorbed))
}

func (d *decoder) identity(s *Session) {
	mask := d.below(1 << identityBits)
	d.given(mask, hasPerson, (*string)(&s.Person))
	d.given(mask, hasActor, (*string)(&s.Actor))
	if mask&hasLink != 0 {
		s.Link = Link{Tier: d.word(), Bits: d.signed(), Margin: d.signed(), Because: d.reasons()}
	}
	d.amount(mask, hasConfidence, &s.Confidence)
	d.given(mask, hasAbsorbed, (*string)(&s.Absorbed))
}

func appendReasons(b []byte, reasons []Reason) []byte {
	b = appendNumber(b, uint64(len(reasons)))
	for i := range reasons {
		b = appendText(appendText(b, reasons[i].Expression), reasons[i].Value)
	}
	return b
}

func (d *decoder) reasons() []Reason {
	return list(d, func(r *Reason) { r.Expression, r.Value = d.plain(), d.plain() })
}

// bit is the mask's bit where something is set.
func bit(set bool, mask uint64) uint64 {
	if set {
		return mask
	}
	return 0
}

// given writes a word that is left out when it is empty.
func (w *words) given(b []byte, text string) []byte {
	if text == "" {
		return b
	}
	return w.append(b, text)
}

func (d *decoder) given(mask, bit uint64, into *string) {
	if mask&bit != 0 {
		*into = d.word()
		d.broken = d.broken || *into == ""
	}
}

func (d *decoder) amount(mask, bit uint64, into *int64) {
	if mask&bit != 0 {
		*into = d.signed()
		d.broken = d.broken || *into == 0
	}
}
