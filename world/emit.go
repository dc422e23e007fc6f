package world

import (
	"slices"
	"time"

	"wayguard/event"
)

// act does the visit's next step and fills in what is seen of it.
func (w *World) act(v *visit, item *Item) {
	step := v.plan[v.place]
	if v.loading = v.assets > 0; v.loading {
		step = StepAsset
		v.assets--
	}
	v.requests++
	item.Truth = v.truth
	item.Truth.Step = step
	deed := &w.deeds[step]
	item.Event = event.Event{ID: w.id(), Environment: event.DefaultEnvironment, Time: w.time(w.now), Name: deed.name, Type: deed.typ, Spec: deed.spec,
		HTTP: event.HTTP{Method: deed.method, Host: "shop.example", Route: deed.route, Status: 200, Duration: time.Duration(v.dice.span(15*time.Millisecond, 180*time.Millisecond)) * time.Microsecond, Inline: deed.inline}}
	e := &item.Event
	e.Evidence.Address, e.Evidence.HeaderShape, e.Evidence.UserAgent = v.from.text, v.face.shape, v.face.agent
	e.Evidence.Client, e.Evidence.Network = v.face.client, v.from.network
	w.wire(v, step, &e.Evidence)
	e.Elements = w.arena.list(elementRoom)
	w.connectionElements(v, e)
	v.won = false
	if step == StepAsset {
		item.Truth.Attempt = v.truth.Attack == Noise && !v.priming
		w.present(v, e)
		return
	}
	before := v.jar
	w.outcome(v, step, e)
	w.mark(v, step, item)
	w.tokens(v, before, e)
	sortElements(e.Elements)
}

// wire fills in the connection, the page and what browsers add to requests.
func (w *World) wire(v *visit, step Step, e *event.Evidence) {
	e.Wire = v.face.wire
	if w.now-v.lastAt > 2*minuteMicros || v.connection == 0 {
		v.reconnect(w.now)
	}
	v.lastAt = w.now
	e.Wire.Connection = w.arena.hex(v.connection, 16)
	if v.resumes && v.face.resumed != "" {
		e.Wire.JA4 = v.face.resumed
	}
	deed := &w.deeds[step]
	switch {
	case step == StepAsset:
		e.Wire.Kind = assetKind(v)
	case v.app:
		e.Wire.Kind = event.Data
	case v.face.client.Language != "": // programs that say nothing of what they want say nothing of languages either
		e.Wire.Kind = event.Document
	}
	if slices.Contains(v.face.wire.Flaws, event.FlawFetch) && e.Wire.Kind != event.Document && e.Wire.Kind != event.Style && e.Wire.Kind != event.Image {
		e.Wire.Kind = "" // only Sec-Fetch-Dest tells these apart
	}
	// Pages are accepted in other forms than pictures, and a browser that was asked for hints sends more headers.
	e.Wire.Headers = w.arena.hex(mix(v.face.headers, textNumber(string(e.Wire.Kind)), hinting(v)), 16)
	if step != StepAsset {
		w.object(v, step, deed)
	}
	page := mix(textNumber(deed.route), w.subject(v, step, deed.thing))
	e.Wire.Page = w.arena.hex(page, 16)
	if v.page != 0 && (v.opens || step == StepAsset) {
		e.Wire.From = w.arena.hex(v.page, 16)
	}
	if step.page() {
		v.previous, v.page = v.page, page
	}
	if w.options.Hints && isChromium(v.face.client.Family) {
		switch {
		case !v.hinted:
			v.hinted = true
		case v.face.hints:
			e.Wire.Hints, e.Client.Model = event.HintsAnswered, v.face.model
		default:
			e.Wire.Hints = event.HintsMissing
		}
	}
}

// hinting is 1 for a browser that sends the hints it was asked for.
func hinting(v *visit) uint64 {
	if v.hinted && v.face.hints {
		return 1
	}
	return 0
}

// reconnect opens a connection; a browser goes on with the keys of an earlier one if it had one within a day.
func (v *visit) reconnect(now int64) {
	v.resumes = v.connection != 0 || v.jar.visitorAt > 0 && now-v.jar.visitorAt < dayMicros
	v.connection = v.dice.next() | 1
}

// isChromium says that a browser of that name answers the request for client hints.
func isChromium(family string) bool {
	return family == "chrome" || family == "edge" || family == "samsung"
}

// assetKind is what a page loads: its styles and scripts at first, pictures and data later.
func assetKind(v *visit) event.RequestKind {
	v.loaded++
	switch {
	case v.loaded == 1:
		return event.Style
	case v.loaded == 2:
		return event.Script
	case v.loaded == 3 && v.truth.Twin != Accessible:
		return event.Font
	case v.loaded == 4:
		return event.Other // the page's icon
	case v.loaded%4 == 0:
		return event.Data
	case v.truth.Twin == Accessible:
		return event.Data
	}
	return event.Image
}

// object draws what the step is about.
func (w *World) object(v *visit, step Step, deed *deed) {
	switch deed.thing {
	case aProduct:
		if step == StepProduct {
			v.product = w.pick(v)
		}
		v.object = uint64(v.product)
	case aCategory:
		if step != StepBack {
			v.trail[0] = uint64(v.dice.below(24))
		}
		v.object = v.trail[0]
	case aTerm:
		v.object = uint64(v.dice.below(3000))
	case anOrder:
		w.chooseOrder(v, step)
		v.object = v.order
	case aNumber:
		v.object = v.dice.next() % 100000
	default:
		v.object = 0
	}
}

func (w *World) subject(v *visit, step Step, t thing) uint64 {
	if step == StepAsset {
		return uint64(v.loaded) + v.page%5
	}
	if t == noThing {
		return 0
	}
	return v.object + 1
}

// pick is the product that is looked at: what is popular for most people, the next one for those who take all of them.
func (w *World) pick(v *visit) uint32 {
	if v.campaign >= 0 {
		return w.campaigns[v.campaign].pick(w, v)
	}
	switch {
	case v.truth.Twin == PriceBot:
		return (v.product + 1) % productCount
	case v.stance == rushed || v.truth.Twin == DropRush:
		return w.hot()
	}
	return uint32(w.catalogue.draw(&v.dice))
}

// hot is the product everybody wants this week.
func (w *World) hot() uint32 { return uint32(productCount-1) - uint32(w.now/(7*dayMicros)) }

// tokens are the cookies sent and those set by the answer.
func (w *World) tokens(v *visit, before jar, e *event.Event) {
	if w.options.Cookieless {
		return
	}
	if v.app {
		w.appTokens(v, before, e)
		return
	}
	list := w.arena.tokenList(10)
	if v.keeps {
		list = w.presented(v, before, list)
	}
	if !v.keeps || v.jar.session == 0 {
		v.jar.session = v.dice.next() | 1
	}
	if !v.keeps || v.jar.visitor == 0 {
		v.jar.visitor, v.jar.visitorAt = v.dice.next()|1, w.now
	}
	v.jar.sessionAt = w.now
	if v.truth.Mobile || v.requests == 1 {
		v.jar.visitorAt = w.now
	}
	if w.options.Clutter {
		list = append(list, event.Token{Name: "undeclared:cookie:csrf", Hash: w.arena.hash(mix(uint64(v.truth.Visit), uint64(v.requests), 5)), Issued: true})
		v.csrf = v.requests
	}
	if v.jar.remember != before.remember && v.jar.remember != 0 {
		list = append(list, w.token("undeclared:cookie:remember", v.jar.remember, true))
	}
	if v.jar.session != before.session || !v.keeps {
		list = append(list, w.token("cookie:shop_session", v.jar.session, true))
	}
	if v.jar.visitor != before.visitor || !v.keeps {
		list = append(list, w.token("undeclared:cookie:visitor", v.jar.visitor, true))
	}
	e.Evidence.Tokens = list
	if !v.keeps {
		v.jar = jar{}
	}
}

// present is tokens for a request whose answer sets no cookie.
func (w *World) present(v *visit, e *event.Event) {
	if w.options.Cookieless || !v.keeps {
		return
	}
	if v.app {
		w.appTokens(v, v.jar, e)
		return
	}
	e.Evidence.Tokens = w.presented(v, v.jar, w.arena.tokenList(5))
}

// presented are the cookies of a jar, by name.
func (w *World) presented(v *visit, j jar, list []event.Token) []event.Token {
	if w.options.Clutter && j.session != 0 {
		list = append(list, event.Token{Name: "undeclared:cookie:consent", Hash: consentHash})
		if v.csrf > 0 {
			list = append(list, event.Token{Name: "undeclared:cookie:csrf", Hash: w.arena.hash(mix(uint64(v.truth.Visit), uint64(v.csrf), 5))})
		}
	}
	if j.remember != 0 {
		list = append(list, w.token("undeclared:cookie:remember", j.remember, false))
	}
	if j.session != 0 {
		list = append(list, w.token("cookie:shop_session", j.session, false))
	}
	if j.visitor != 0 {
		list = append(list, w.token("undeclared:cookie:visitor", j.visitor, false))
	}
	return list
}

// consentHash is the hash of a cookie that says the same for everybody.
const consentHash = "6f1ed002ab5595859014ebf0951522d9"

func (w *World) token(name string, value uint64, issued bool) event.Token {
	return event.Token{Name: name, Hash: w.arena.hash(value), Issued: issued}
}

// appTokens is the application's bearer token, which it has from its login on.
func (w *World) appTokens(v *visit, before jar, e *event.Event) {
	if before.remember == 0 {
		return
	}
	e.Evidence.Tokens = append(w.arena.tokenList(1), w.token("header:authorization", before.remember, false))
}

// elementRoom is how many elements an event has at most.
const elementRoom = 20

func sortElements(all []event.Element) {
	for i := 1; i < len(all); i++ {
		for j := i; j > 0 && all[j].Name < all[j-1].Name; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
}
