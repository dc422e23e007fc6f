package capture

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"wayguard/event"
)

// software is what follows from the headers that a program sends with its requests, and from how it greets.
type software struct {
	shape   string
	headers string
	kind    event.RequestKind
	hints   event.Hints
	flaws   []event.Flaw
	client  event.Client
}

// knownSoftware is the number of programs remembered; maxSoftware bounds the headers that are remembered, in bytes.
const (
	knownSoftware = 4096
	maxSoftware   = 4096
)

// softwareOf reads everything that headers and greeting tell of a program. The same headers come with every request of a
// page, so what was worked out is remembered under all that it was worked out from.
func (t *tools) softwareOf(x *Scratch, r *Request, agent *agentFacts) *software {
	key := append(append(x.shape[:0], r.Connection.Protocol...), 0)
	key = append(append(key, r.Connection.JA4...), 0)
	key = append(append(key, r.Connection.HTTP2...), 0)
	key = append(append(key, r.Scheme...), 0)
	key = append(key, flag(r.Connection.HintsAsked), flag(r.Connection.Relayed))
	for i := range r.Header {
		field := &r.Header[i]
		switch telling(field.Name) {
		case toldByName:
			key = append(append(key, field.Name...), 0)
		case toldWithValue:
			key = append(append(key, field.Name...), 0)
			key = append(append(key, field.Value...), 0)
		}
	}
	if len(key) > maxSoftware {
		x.shape = nil
		facts := readSoftware(r, agent)
		return &facts
	}
	x.shape = key
	if known := t.software.Find(key); known != nil {
		return known
	}
	return t.software.Keep(key, readSoftware(r, agent))
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// page is the keyed hash of a path, empty for one that is too long to be remembered.
func (t *tools) page(path string) string {
	if path == "" || len(path) > maxKnown {
		return ""
	}
	if known := t.pages.FindText(path); known != nil {
		return *known
	}
	return *t.pages.Keep([]byte(path), t.normaliser.Keys().Hash("evidence_page", path))
}

// from is the page that the request says it comes from, when that is one of the same host.
func (t *tools) from(r *Request) string {
	rest, ofScheme := strings.CutPrefix(headerValue(r.Header, "referer"), r.Scheme)
	rest, absolute := strings.CutPrefix(rest, "://")
	rest, ofHost := strings.CutPrefix(rest, r.Host)
	if !ofScheme || !absolute || !ofHost || rest == "" || rest[0] != '/' {
		return ""
	}
	if cut := strings.IndexAny(rest, "?#"); cut >= 0 {
		rest = rest[:cut]
	}
	return t.page(rest)
}

// told says what of a header tells about the program that sends it.
type told uint8

const (
	untold told = iota
	toldByName
	toldWithValue
)

// telling says what a header tells. What belongs to the visitor (cookies, credentials), to the page asked for or to those
// who passed the request on tells nothing about the program.
func telling(name string) told {
	switch name { // as browsers spell them
	case "User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "user-agent", "accept", "accept-encoding", "accept-language",
		"sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "sec-fetch-dest",
		"sec-fetch-mode", "sec-fetch-site":
		return toldWithValue
	case "Cookie", "cookie", "Referer", "referer", "Host", "Content-Length", "Content-Type", "content-length", "content-type", "Origin", "origin":
		return untold
	}
	var room [26]byte
	if len(name) > len(room) {
		return toldByName
	}
	lower := append(room[:0], name...)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	switch string(lower) {
	case "user-agent", "accept", "accept-encoding", "accept-language", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform",
		"sec-ch-ua-model", "sec-ch-ua-full-version-list", "sec-ch-ua-platform-version", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site":
		return toldWithValue
	case "cookie", "referer", "origin", "authorization", "host", "via", "forwarded", "content-length", "content-type", "content-encoding",
		"if-none-match", "if-modified-since", "if-match", "if-range", "range", "expect", "cache-control", "pragma":
		return untold
	}
	if len(lower) > 2 && lower[0] == 'x' && lower[1] == '-' || len(lower) > 3 && string(lower[:3]) == "cf-" {
		return untold
	}
	return toldByName
}

// reading is the headers of one request that a reader of programs asks for.
type reading struct {
	accept, encoding, language, brands, mobile, platform, dest, mode, site string
	userAgent, model, build                                                string
	// hinted says that hints came that are sent only when they are asked for.
	hinted bool
	// strange says that a name is spelled as no browser spells it over HTTP/1.
	strange bool
}

func readHeaders(r *Request) (read reading, names []byte) {
	// Proxies spell names in their own way.
	first := strings.HasPrefix(r.Connection.Protocol, "HTTP/1") && !r.Connection.Relayed
	for i := range r.Header {
		field := &r.Header[i]
		lower := strings.ToLower(field.Name)
		// Hints that are sent when they are asked for would make two programs of one.
		if hint := askedHint(lower); hint {
			read.hinted = true
		} else if telling(field.Name) != untold {
			names = append(append(names, field.Name...), 0)
		}
		switch lower {
		case "accept":
			read.accept = field.Value
		case "accept-encoding":
			read.encoding = field.Value
		case "accept-language":
			read.language = field.Value
		case "sec-ch-ua":
			read.brands = field.Value
		case "sec-ch-ua-mobile":
			read.mobile = field.Value
		case "sec-ch-ua-platform":
			read.platform = strings.Trim(field.Value, `"`)
		case "sec-ch-ua-model":
			read.model = strings.Trim(field.Value, `"`)
		case "sec-ch-ua-platform-version":
			read.build = strings.Trim(field.Value, `"`)
		case "sec-fetch-dest":
			read.dest = field.Value
		case "sec-fetch-mode":
			read.mode = field.Value
		case "sec-fetch-site":
			read.site = field.Value
		case "user-agent":
			read.userAgent = field.Value
			read.strange = first && field.Name != "User-Agent"
		}
	}
	return read, names
}

func readSoftware(r *Request, agent *agentFacts) software {
	read, names := readHeaders(r)
	s := software{shape: shapeOf(shapeNames(r.Header)), kind: kindOf(read.dest, read.accept)}
	if agent != nil {
		s.client = agent.client
	}
	s.client.Language = languagesOf(read.language)
	// A desktop has no model, and says so; the version of its system tells it from others nearly as well.
	if model := cmp.Or(read.model, read.build); isModel(model) {
		s.client.Model = strings.Clone(model) // what is remembered outlives the request's memory
	}
	s.hints = hintsOf(&s.client, &read, r)
	names = append(append(append(names, read.accept...), 0), read.encoding...)
	sum := sha256.Sum256(append(append(names, 0), r.Connection.HTTP2...))
	s.headers = hex.EncodeToString(sum[:8])
	s.flaws = flawsOf(&s.client, &read, r)
	return s
}

// maxLanguages bounds the languages kept, and maxTag the length of one in bytes.
const (
	maxLanguages = 6
	maxTag       = 12
)

// languagesOf lists an Accept-Language header's languages in their order, in lower case and without weights. What is no
// language is left out: anything may stand in a header.
func languagesOf(header string) string {
	var out []byte
	kept := 0
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		if kept == maxLanguages {
			break
		}
		if !isLanguage(tag) {
			continue
		}
		if kept++; kept > 1 {
			out = append(out, ',')
		}
		out = append(out, strings.ToLower(tag)...)
	}
	return string(out)
}

// isLanguage says whether a text has the form of a language tag (RFC 5646): letters and dashes, and a region of three digits
// at most.
func isLanguage(tag string) bool {
	if tag == "" || len(tag) > maxTag {
		return false
	}
	digits := 0
	for i := range len(tag) {
		switch c := tag[i] | 0x20; {
		case 'a' <= c && c <= 'z', tag[i] == '-':
		case '0' <= tag[i] && tag[i] <= '9':
			digits++
		default:
			return false
		}
	}
	return digits <= 3
}

// kindOf is what is asked for: as Sec-Fetch-Dest says (Fetch Metadata, W3C), or as browsers without it accept.
func kindOf(dest, accept string) event.RequestKind {
	switch dest {
	case "document", "iframe", "frame":
		return event.Document
	case "empty":
		return event.Data
	case "style":
		return event.Style
	case "script", "worker", "sharedworker", "serviceworker":
		return event.Script
	case "image":
		return event.Image
	case "font":
		return event.Font
	case "":
	default:
		return event.Other
	}
	switch {
	case strings.HasPrefix(accept, "text/html"):
		return event.Document
	case strings.HasPrefix(accept, "text/css"):
		return event.Style
	case strings.HasPrefix(accept, "image/"):
		return event.Image
	case strings.HasPrefix(accept, "application/json"):
		return event.Data
	}
	return ""
}

// flawsOf lists the contradictions between what a client says and what the wire shows. Each is one that no release of
// the browser named shows of itself; what stands between (a proxy that opens TLS) can cause those of the greeting.
func flawsOf(c *event.Client, read *reading, r *Request) []event.Flaw {
	var flaws []event.Flaw
	add := func(wrong bool, flaw event.Flaw) {
		if wrong {
			flaws = append(flaws, flaw)
		}
	}
	add(automated(read), event.FlawAutomation)
	if !browser(c) {
		return flaws
	}
	secure := r.Scheme == "https"
	add(wrongHello(c, r.Connection.JA4), event.FlawTLS)
	add(wrongOrder(c, r.Connection.HTTP2), event.FlawHTTP2)
	add(read.encoding == "" || read.strange || secure && hintless(c, read), event.FlawHeaders)
	add(secure && wrongFetch(c, read), event.FlawFetch)
	add(wrongBrands(c, read.brands), event.FlawBrands)
	add(wrongPlatform(c, read.platform), event.FlawPlatform)
	return flaws
}

// automated says whether the client says that a program drives it.
func automated(read *reading) bool {
	for _, mark := range [...]string{"HeadlessChrome", "PhantomJS", "SlimerJS", "Lightpanda", "Selenium", "Puppeteer", "Playwright", "webdriver"} {
		if strings.Contains(read.userAgent, mark) || strings.Contains(read.brands, mark) {
			return true
		}
	}
	return false
}

// wrongHello says whether a ClientHello is of no browser of the family. Browsers of these years offer TLS 1.3 and a protocol,
// and as many cipher suites as their library has: BoringSSL in Chromium 15 or 16, NSS in Firefox 15 to 18, Apple's 17 to 27.
func wrongHello(c *event.Client, ja4 string) bool {
	if len(ja4) < 10 || c.Major < 100 && c.Family != safariFamily || c.Family == safariFamily && c.Major < 15 {
		return false
	}
	if ja4[1:3] != "13" || ja4[8:10] == "00" {
		return true
	}
	ciphers, err := strconv.Atoi(ja4[4:6])
	if err != nil || ja4[0] == 'q' { // QUIC offers those of TLS 1.3 only
		return false
	}
	switch {
	case chromium(c):
		return ciphers < 14 || ciphers > 17
	case c.Family == firefoxFamily && c.Platform != "ios":
		return ciphers < 15 || ciphers > 18
	default:
		return ciphers < 17 || ciphers > 27
	}
}

// wrongOrder says whether the order of HTTP/2's pseudo-headers is one in which the family never sends them.
func wrongOrder(c *event.Client, print string) bool {
	at := strings.LastIndexByte(print, '|')
	if at < 0 || print[at+1:] == "" {
		return false
	}
	order := print[at+1:]
	switch {
	case chromium(c):
		return order != "m,a,s,p"
	case c.Family == firefoxFamily && c.Platform != "ios":
		return order != "m,p,a,s"
	default:
		return order != "m,s,p,a" && order != "m,s,a,p" && order != "m,p,s,a"
	}
}

// The first versions that always send these headers over HTTPS.
const (
	chromiumHints, chromiumFetch   = 90, 80
	firefoxFetch, safariFetch      = 90, 17
	samsungHints, samsungFetch     = 16, 14
	operaHints, operaFetch         = 76, 67
	webviewMark, chromeLikeAppMark = "; wv)", "Version/4.0 Chrome/"
)

// webview says whether the client is a part of an app, which may be without hints.
func webview(userAgent string) bool {
	return strings.Contains(userAgent, webviewMark) || strings.Contains(userAgent, chromeLikeAppMark)
}

// hintless says whether the client hints that Chromium sends with every request are missing.
func hintless(c *event.Client, read *reading) bool {
	return read.brands == "" && hinting(c, read)
}

// hinting says whether the client is, by its own word, one that knows client hints.
func hinting(c *event.Client, read *reading) bool {
	if !chromium(c) || webview(read.userAgent) {
		return false
	}
	switch c.Family {
	case samsungFamily:
		return c.Major >= samsungHints
	case operaFamily:
		return c.Major >= operaHints
	}
	return c.Major >= chromiumHints
}

// askedHint says whether a header, by its name in lower case, is a hint that is sent only when it is asked for.
func askedHint(lower string) bool {
	return lower == "sec-ch-ua-model" || lower == "sec-ch-ua-platform-version" || lower == "sec-ch-ua-full-version-list"
}

// hintsOf says how the client has answered the request for hints. That they are missing is said only of a client that names
// itself a Chromium which sends them, and of a request with which it always would: for a page, or from a page of the same host.
// Brave names itself Chrome, and keeps them back.
func hintsOf(c *event.Client, read *reading, r *Request) event.Hints {
	switch {
	case read.hinted:
		return event.HintsAnswered
	case !r.Connection.HintsAsked || r.Scheme != "https" || !hinting(c, read) || strings.Contains(read.brands, "Brave"):
		return ""
	case read.dest != "document" && (read.site == "cross-site" || read.site == "same-site"):
		return ""
	}
	return event.HintsMissing
}

// wrongFetch says whether Fetch Metadata is missing where the browser always sends it, or contradicts itself.
func wrongFetch(c *event.Client, read *reading) bool {
	if read.dest == "document" && read.mode != "" && read.mode != "navigate" {
		return true
	}
	if read.mode != "" || read.site != "" || read.dest != "" || webview(read.userAgent) {
		return false
	}
	switch {
	case c.Family == samsungFamily:
		return c.Major >= samsungFetch
	case c.Family == operaFamily:
		return c.Major >= operaFetch
	case chromium(c):
		return c.Major >= chromiumFetch
	case c.Family == firefoxFamily && c.Platform != "ios":
		return c.Major >= firefoxFetch
	case c.Family == safariFamily:
		return c.Major >= safariFetch
	}
	return false
}

// wrongBrands says whether sec-ch-ua names another engine or version than the User-Agent.
func wrongBrands(c *event.Client, brands string) bool {
	if brands == "" {
		return false
	}
	if !chromium(c) {
		return true // only Chromium sends it
	}
	_, rest, found := strings.Cut(brands, `"Chromium";v="`)
	version, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		return true
	}
	// Samsung's and Opera's own version is not Chromium's.
	return (c.Family == chromeFamily || c.Family == edgeFamily) && version != strconv.FormatInt(c.Major, 10)
}

// wrongPlatform says whether sec-ch-ua-platform names another system than the User-Agent.
func wrongPlatform(c *event.Client, platform string) bool {
	if platform == "" || platform == "Unknown" || c.Platform == "" || c.Platform == other {
		return false
	}
	return platformOf(platform) != c.Platform
}
