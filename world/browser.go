package world

import (
	"math"

	"wayguard/event"
)

// profile is a kind of browser.
type profile struct {
	family, platform string
	engine           engine
	mobile, apple    bool
	share, drifted   float64
	// major is the version at the world's start, cycle the days between releases, lag the mean days until a device has one.
	major      int64
	cycle, lag float64
	// models is how many kinds of device there are, as far as hints or the User-Agent tell; skew is Zipf's exponent.
	models int
	skew   float64
	// named says that the User-Agent names the model, whether hints were asked for or not.
	named bool
}

// engine is what does the handshakes.
type engine uint8

const (
	chromium engine = iota
	webkit
	gecko
	okhttp
)

// profiles are the browsers and their shares: market shares in their order of magnitude, see science.md section 4. The
// last one is the shop's own application.
func profiles() []profile {
	return []profile{
		{family: "chrome", platform: "android", mobile: true, share: 36, drifted: 31, major: 132, cycle: 28, lag: 6, models: 400, skew: 0.9},
		{family: "safari", platform: "ios", engine: webkit, mobile: true, apple: true, share: 24, drifted: 27, major: 18, cycle: 45, lag: 10, models: 12, skew: 0.9},
		{family: "chrome", platform: "windows", share: 18, drifted: 15, major: 132, cycle: 28, lag: 4, models: 14, skew: 0.9},
		{family: "edge", platform: "windows", share: 5, drifted: 7, major: 132, cycle: 28, lag: 5, models: 14, skew: 0.9},
		{family: "safari", platform: "macos", engine: webkit, apple: true, share: 5, drifted: 6, major: 18, cycle: 45, lag: 12, models: 3, skew: 0.9},
		{family: "samsung", platform: "android", mobile: true, share: 5, drifted: 4, major: 27, cycle: 60, lag: 15, models: 120, skew: 0.9, named: true},
		{family: "firefox", platform: "windows", engine: gecko, share: 4, drifted: 5, major: 134, cycle: 28, lag: 5, models: 1},
		{family: "chrome", platform: "macos", apple: true, share: 3, drifted: 5, major: 132, cycle: 28, lag: 4, models: 14, skew: 0.9},
		{family: "other", platform: "android", engine: okhttp, mobile: true, share: 2, drifted: 3, major: 5, cycle: 21, lag: 8, models: 400, skew: 0.9, named: true},
	}
}

// appProfile is the place of the shop's own application.
const appProfile = 8

// release is the version that a device has on a day: the newest one out for longer than the device takes for it.
func (p *profile) release(day float64, device uint64) int64 {
	newest := int64(math.Floor(day / p.cycle))
	for back := range int64(6) {
		k := newest - back
		d := dice(mix(device, uint64(k+1000), 7))
		if float64(k)*p.cycle+d.exp(p.lag) <= day {
			return p.major + k
		}
	}
	return p.major + newest - 6
}

// face is what the wire and the headers show of a client: texts made once a visit.
type face struct {
	shape, agent string
	wire         event.Wire
	client       event.Client
	// headers is what the hash of header names and of what is accepted follows from, resumed the ClientHello of a connection
	// that goes on with an earlier one's keys.
	headers uint64
	resumed string
	// hints says that the client answers the request for client hints, model what it tells then.
	hints bool
	model string
}

// ja4 and h2 are the fingerprints of an engine, as the real ones look.
func (e engine) ja4() string {
	return [...]string{"t13d1516h2_8daaf6152771_d8a2da3f94cd", "t13d2014h2_a09f3c656075_e42f34c56612",
		"t13d1717h2_5b57614c22b0_3cbfd9057e0d", "t13d1513h2_8daaf6152771_eca864cca44a"}[e]
}

// resumed is the ClientHello of a resumed session: it has one extension more (pre_shared_key, RFC 8446).
func (e engine) resumed() string {
	return [...]string{"t13d1517h2_8daaf6152771_b6f405a00624", "t13d2015h2_a09f3c656075_7f0f34a4126d", "t13d1718h2_5b57614c22b0_5c2c66f702b0",
		"t13d1514h2_8daaf6152771_de4a06bb82e3"}[e]
}

func (e engine) h2() string {
	return [...]string{"1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p", "2:0;3:100;4:2097152|10420225|0|m,s,p,a",
		"1:65536;2:0;4:131072;5:16384|12517377|0|m,p,a,s", "4:16777216|16711681|0|m,p,a,s"}[e]
}

// languages are Accept-Language values as Client.Language has them, the most frequent first.
func languages() []string {
	return []string{"en-us,en", "de-de,de,en-us,en", "en-gb,en", "fr-fr,fr,en", "es-es,es", "de-at,de", "it-it,it,en", "nl-nl,nl,en", "pl-pl,pl",
		"tr-tr,tr,de", "pt-br,pt", "en-us,en,de", "de-ch,de,fr", "ru-ru,ru,en", "uk-ua,uk", "sv-se,sv,en", "da-dk,da", "cs-cz,cs", "ro-ro,ro", "ar,en",
		"zh-cn,zh", "ja-jp,ja", "hu-hu,hu", "el-gr,el", "fi-fi,fi"}
}

// faceOf is what a browser of that kind shows.
func (w *World) faceOf(p *profile, major int64, model uint16, language int, device uint64) face {
	family, kind := mix(textNumber(p.family)), mix(textNumber(p.family), textNumber(p.platform))
	f := face{shape: w.arena.hex(mix(kind, 1), 16), hints: p.engine == chromium && w.options.Hints}
	// The small version of an Apple system and the model that an old browser names change what the User-Agent says.
	detail := uint64(0)
	if p.engine == webkit || p.named {
		detail = uint64(model)
	}
	f.agent = w.arena.hash(mix(kind, uint64(major), detail, 2))
	f.wire = event.Wire{JA4: p.engine.ja4(), HTTP2: p.engine.h2()}
	f.headers, f.resumed = mix(family, uint64(p.engine), 3), p.engine.resumed()
	f.client = event.Client{Family: p.family, Major: major, Platform: p.platform, Language: w.languages[language], Mobile: p.mobile}
	f.model = w.modelOf(p, model)
	if p.named {
		f.client.Model = f.model
	}
	return f
}

// modelOf names a device's model as hints, or the User-Agent of a few, do. Apple's browsers name none. Desktops have none:
// what tells them apart is the version of their system, where that is asked for too (Options.Builds).
func (w *World) modelOf(p *profile, model uint16) string {
	switch {
	case p.engine == webkit || p.engine == gecko:
		return ""
	case p.platform == "android":
		return w.arena.numbered("SM-A", 100+uint64(model))
	case w.options.Builds:
		return w.arena.numbered("build ", 10+uint64(model))
	}
	return ""
}

// textNumber is a number of a short text.
func textNumber(text string) uint64 {
	z := uint64(len(text))
	for i := range len(text) {
		z = z*1099511628211 ^ uint64(text[i])
	}
	return scramble(z)
}
