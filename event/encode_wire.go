package event

func (w *writer) wire(v *Wire) {
	if v.zero() {
		return
	}
	w.b = append(w.b, `,"wire":{`...)
	empty := len(w.b)
	w.given(`,"connection":`, v.Connection)
	w.given(`,"ja4":`, v.JA4)
	w.given(`,"http2":`, v.HTTP2)
	w.given(`,"headers":`, v.Headers)
	w.given(`,"kind":`, string(v.Kind))
	w.given(`,"page":`, v.Page)
	w.given(`,"from":`, v.From)
	w.given(`,"hints":`, string(v.Hints))
	for i, flaw := range v.Flaws {
		w.item(i, `,"flaws":[`)
		w.b = appendQuoted(w.b, string(flaw))
	}
	w.end(len(v.Flaws))
	w.first(empty)
	w.b = append(w.b, '}')
}

// zero says what encoding/json means by a value that is left out.
func (v *Wire) zero() bool {
	return v.Connection == "" && v.JA4 == "" && v.HTTP2 == "" && v.Headers == "" && v.Kind == "" && v.Page == "" && v.From == "" &&
		v.Hints == "" && v.Flaws == nil
}

func (w *writer) client(v *Client) {
	if *v == (Client{}) {
		return
	}
	w.b = append(w.b, `,"client":{`...)
	empty := len(w.b)
	w.given(`,"family":`, v.Family)
	w.number(`,"major":`, v.Major)
	w.given(`,"platform":`, v.Platform)
	w.given(`,"model":`, v.Model)
	w.given(`,"language":`, v.Language)
	w.flag(`,"mobile":true`, v.Mobile)
	w.given(`,"agent":`, v.Agent)
	w.given(`,"proof":`, string(v.Proof))
	w.first(empty)
	w.b = append(w.b, '}')
}

func (w *writer) network(v Network) {
	if v == (Network{}) {
		return
	}
	w.b = append(w.b, `,"network":{`...)
	empty := len(w.b)
	w.given(`,"kind":`, string(v.Kind))
	w.number(`,"as":`, v.AS)
	w.given(`,"country":`, v.Country)
	w.first(empty)
	w.b = append(w.b, '}')
}

func (w *writer) link(v *Link) {
	if v.zero() {
		return
	}
	w.text(`,"link":{"tier":`, v.Tier)
	w.number(`,"bits":`, v.Bits)
	w.number(`,"margin":`, v.Margin)
	w.reasons(v.Because)
	w.b = append(w.b, '}')
}

func (v *Link) zero() bool { return v.Tier == "" && v.Bits == 0 && v.Margin == 0 && v.Because == nil }

func (w *writer) reasons(list []Reason) {
	for i := range list {
		w.item(i, `,"because":[`)
		w.text(`{"expression":`, list[i].Expression)
		w.text(`,"value":`, list[i].Value)
		w.b = append(w.b, '}')
	}
	w.end(len(list))
}
