package capture

import (
	"net/netip"
	"strconv"

	"wayguard/element"
	"wayguard/event"
)

// automatic numbers the elements that no spec has to ask for.
type automatic int

const (
	autoAddress automatic = iota
	autoCountry
	autoRegion
	autoCity
	autoLatitude
	autoLongitude
	autoASN
	autoNetwork
	autoAgent
	autoLanguage
	autoOperation
	autoVersion
	autoTLS
	autoHTTP2
	autoSpoofed
	autoCount
)

// automaticNames are the names of the automatic elements, in the order of their numbers.
func automaticNames() [autoCount]string {
	return [...]string{"ip_address", "country", "region", "city", "latitude", "longitude", "asn", "network", "user_agent", "language",
		"graphql_operation", "http_version", "tls_fingerprint", "http2_fingerprint", "forwarded_spoofed"}
}

// The sizes of what is remembered of visitors, in entries.
const (
	knownAddresses = 4096
	knownAgents    = 4096
	knownLanguages = 1024
	knownPages     = 8192
	// maxKnown bounds a text that is remembered, in bytes.
	maxKnown = 1024
)

// placed is a value of an automatic element; ok is false when there is none.
type placed struct {
	value element.Value
	ok    bool
}

// addressFacts are an address and the elements that follow from it.
type addressFacts struct {
	text    string
	values  [autoNetwork + 1]placed
	network event.Network
}

// agentFacts are what follows from a User-Agent header: the element, and the keyed hash of the header as it was sent.
type agentFacts struct {
	hash   string
	value  placed
	client event.Client
	// agent is the declared crawler or AI agent, empty for all others.
	agent string
}

// normalised is an automatic element's value. What cannot be read is silently absent: every bot sends odd headers.
func (t *tools) normalised(name automatic, text string) placed {
	definition := t.automatic[name]
	if definition == nil || text == "" || len(text) > maxValueBytes {
		return placed{}
	}
	value, err := t.normaliser.Normalise(*definition, element.Raw{Text: text, Observed: name == autoAddress})
	return placed{value, err == nil}
}

// addressOf gives the facts of an address that is valid, unmapped and without zone.
func (t *tools) addressOf(peer netip.Addr) *addressFacts {
	var room [17]byte
	bytes := peer.As16()
	key := append(room[:0], bytes[:]...)
	key = append(key, byte(peer.BitLen()))
	if known := t.addresses.Find(key); known != nil {
		return known
	}
	facts := addressFacts{text: peer.String()}
	texts := [...]string{autoAddress: facts.text, autoNetwork: ""}
	if t.knowledge.Locate != nil {
		place := t.knowledge.Locate(peer)
		facts.network = event.Network{Kind: place.Kind, Country: place.Country}
		if number, err := strconv.ParseUint(place.ASN, 10, 32); err == nil {
			facts.network.AS = int64(number)
		}
		texts = [...]string{facts.text, place.Country, place.Region, place.City, place.Latitude, place.Longitude, place.ASN, place.Network}
	}
	for name, text := range texts {
		facts.values[name] = t.normalised(automatic(name), text)
	}
	return t.addresses.Keep(key, facts)
}

// agentOf gives the facts of a User-Agent header, nil when it is empty.
func (t *tools) agentOf(header string) *agentFacts {
	if header == "" {
		return nil
	}
	if known := t.agents.FindText(header); known != nil {
		return known
	}
	// Keyed, as anything may stand in a header.
	facts := agentFacts{hash: t.normaliser.Keys().Hash("evidence_user_agent", header), value: t.normalised(autoAgent, header)}
	if facts.value.ok {
		facts.client = clientOf(header, facts.value.value.Parts)
	}
	if t.knowledge.Declared != nil {
		facts.agent = t.knowledge.Declared(header)
	}
	if len(header) > maxKnown {
		return &facts
	}
	return t.agents.Keep([]byte(header), facts)
}

// languageOf gives the value of an Accept-Language header.
func (t *tools) languageOf(header string) *placed {
	if known := t.languages.FindText(header); known != nil {
		return known
	}
	value := t.normalised(autoLanguage, firstLanguage(header))
	if len(header) > maxKnown {
		return &value
	}
	return t.languages.Keep([]byte(header), value)
}

// surroundings adds the elements that every request has, unless the spec took them from elsewhere.
func (s *Spec) surroundings(g *gathering, r *Request, m *message, address *addressFacts, agent *agentFacts) {
	if address != nil {
		for name := range address.values {
			g.automatic(s, automatic(name), &address.values[name])
		}
	}
	if agent != nil {
		g.automatic(s, autoAgent, &agent.value)
	}
	if header := headerValue(r.Header, "accept-language"); header != "" {
		g.automatic(s, autoLanguage, s.tools.languageOf(header))
	}
	if len(s.match.graphql) > 0 {
		g.automatic(s, autoOperation, g.kept(s.tools.normalised(autoOperation, m.operation())))
	}
	s.connection(g, &r.Connection)
}

// connection adds what the visitor's connection shows.
func (s *Spec) connection(g *gathering, c *Connection) {
	g.verbatim(s, autoVersion, c.Protocol)
	g.verbatim(s, autoTLS, c.JA4)
	g.verbatim(s, autoHTTP2, c.HTTP2)
	if c.SpoofedForwarding {
		g.verbatim(s, autoSpoofed, "true")
	}
}

// kept is a value in the memory of the event.
func (g *gathering) kept(p placed) *placed {
	g.placed = append(g.placed, p)
	return &g.placed[len(g.placed)-1]
}

// automatic adds an element that no spec has to ask for. It gives way to the spec's own. The value lives as long as the
// event.
func (g *gathering) automatic(s *Spec, name automatic, p *placed) {
	definition, slot := g.tools.automatic[name], s.autoSlots[name]
	if definition == nil || !p.ok || g.counts[slot].count > 0 || !g.fits(definition, slot) {
		return
	}
	g.put(definition, slot, &p.value)
}

// verbatim adds a text that the data path has made of a connection. It has a form of its own, so that digits in it are
// nobody's card number; only where the operator wants the element hidden it is treated like any other.
func (g *gathering) verbatim(s *Spec, name automatic, text string) {
	definition := g.tools.automatic[name]
	if definition == nil || text == "" {
		return
	}
	p := placed{value: element.Value{Text: text}, ok: isToken(text)}
	if definition.Sensitivity.Concealed() {
		p = g.tools.normalised(name, text)
	}
	g.automatic(s, name, g.kept(p))
}

// isToken says whether a text is short and of the characters that fingerprints are made of.
func isToken(text string) bool {
	if len(text) > 256 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == ',', c == '-', c == '.', c == '/', c == ':', c == ';', c == '|':
		default:
			return false
		}
	}
	return true
}
