package challenge

import (
	"encoding/base64"
	"strings"

	"wayguard/capture"
)

// probe is the path of a picture or a style sheet that a page refers to: one that exists once, and whose loading shows that the page
// was rendered.
func (s *Set) probe(t ticket, head *capture.Request, extension string) string {
	mark := t.keys.mac("probe", hostOf(head), agentOf(head), t.word[:])
	return s.path + "seen/" + base64.RawURLEncoding.EncodeToString(append(t.word[:], mark...)) + extension
}

// seen answers a probe. Whoever loads it as a renderer does gets a cookie that says so, whichever of our processes answers.
func (s *Set) seen(name string, head *capture.Request) Page {
	text, extension, _ := strings.Cut(name, ".")
	var p Page
	dest, kind := "style", "text/css"
	switch extension {
	case "css":
		p = Page{Status: 200, Header: ours("text/css"), Body: []byte("html{}\n")}
	case "gif":
		p = Page{Status: 200, Header: ours("image/gif"), Body: []byte(pixel)}
		dest, kind = "image", "image/"
	default:
		return plain(404, "There is nothing here.")
	}
	mark, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(mark) != nonceLength+macLength || head.Method != "GET" || !loads(head, dest, kind) {
		return p
	}
	word := nonce(mark[:nonceLength])
	for _, keys := range s.keys {
		if keys.verifies(mark[nonceLength:], "probe", hostOf(head), agentOf(head), word[:]) {
			value := base64.RawURLEncoding.EncodeToString(s.seenMark(keys, word, head))
			p.Header = append(p.Header, capture.Field{Name: "Set-Cookie", Value: s.setCookie(s.cookie+"-seen", value, ticketLife, head)})
			return p
		}
	}
	return p
}

// pixel is a transparent GIF of one pixel.
const pixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// loads says whether a request is that of a renderer for a picture or a style sheet. Browsers that say what they load must say this;
// those that do not, and all of them over plain HTTP, at least ask for such a type.
func loads(head *capture.Request, dest, kind string) bool {
	if said := header(head, "Sec-Fetch-Dest"); said != "" {
		return said == dest && header(head, "Sec-Fetch-Mode") == "no-cors" && header(head, "Sec-Fetch-Site") == "same-origin"
	}
	accept := header(head, "Accept")
	return accept == "" || strings.Contains(accept, kind) || strings.Contains(accept, "*/*")
}

// hasSeen says whether a request carries the cookie of a ticket's probe.
func (s *Set) hasSeen(t ticket, head *capture.Request) bool {
	for _, value := range cookies(head.Header, s.cookie+"-seen") {
		if mark, err := base64.RawURLEncoding.Strict().DecodeString(value); err == nil && len(mark) == macLength &&
			t.keys.verifies(mark, "seen", hostOf(head), agentOf(head), t.word[:]) {
			return true
		}
	}
	return false
}

func (s *Set) seenMark(keys keyring, word nonce, head *capture.Request) []byte {
	return keys.mac("seen", hostOf(head), agentOf(head), word[:])
}
