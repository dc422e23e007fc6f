package wire

import (
	"fmt"
	"strconv"
	"strings"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/world"
)

// userAgent writes the User-Agent header of a client.
func userAgent(c *event.Client) string {
	major := strconv.FormatInt(c.Major, 10)
	chrome := " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + major + ".0.0.0"
	system := "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
	if c.Platform == "macos" {
		system = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
	}
	switch c.Family {
	case "chrome":
		if c.Platform == "android" {
			return "Mozilla/5.0 (Linux; Android 10; K)" + chrome + " Mobile Safari/537.36"
		}
		return system + chrome + " Safari/537.36"
	case "edge":
		return system + chrome + " Safari/537.36 Edg/" + major + ".0.0.0"
	case "samsung":
		return "Mozilla/5.0 (Linux; Android 14; " + c.Model + ") AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/" + major +
			".0 Chrome/125.0.0.0 Mobile Safari/537.36"
	case "firefox":
		return "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:" + major + ".0) Gecko/20100101 Firefox/" + major + ".0"
	case "safari":
		if c.Platform == "ios" {
			return "Mozilla/5.0 (iPhone; CPU iPhone OS " + major + "_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/" + major +
				".1 Mobile/15E148 Safari/604.1"
		}
		return system + " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/" + major + ".1 Safari/605.1.15"
	case "go-http-client":
		return "Go-http-client/" + major + ".0"
	case "other":
		if c.Platform == "android" {
			return "ShopApp/" + major + ".2 (Linux; Android 14; " + c.Model + ")"
		}
		return "PriceBot/" + major + ".0 (+https://prices.example/bot)"
	}
	return c.Family + "/" + major + ".31.0"
}

// header writes the headers of a request as that client does, in its order and spelling; flaws of the world's attackers
// are those of programs that copy headers.
func header(item *world.Item) []capture.Field {
	e := &item.Event
	c, wire := &e.Evidence.Client, &e.Evidence.Wire
	var list []capture.Field
	add := func(name, value string) {
		if value != "" {
			list = append(list, capture.Field{Name: name, Value: value})
		}
	}
	add("Host", e.HTTP.Host)
	flawed := func(f event.Flaw) bool {
		for _, own := range wire.Flaws {
			if own == f {
				return true
			}
		}
		return false
	}
	if chromium(c) && !flawed(event.FlawHeaders) {
		add("sec-ch-ua-platform", `"`+platform(c.Platform)+`"`)
	}
	add("User-Agent", userAgent(c))
	if chromium(c) && !flawed(event.FlawHeaders) {
		add("sec-ch-ua", brands(c, flawed(event.FlawBrands)))
		add("sec-ch-ua-mobile", mobile(c))
		if wire.Hints == event.HintsAnswered {
			list = append(list, capture.Field{Name: "sec-ch-ua-model", Value: `"` + c.Model + `"`})
		}
	}
	add("Accept", accept(c, wire.Kind))
	if browser(c) && !flawed(event.FlawFetch) {
		dest, mode := fetch(wire.Kind)
		add("Sec-Fetch-Site", "same-origin")
		add("Sec-Fetch-Mode", mode)
		add("Sec-Fetch-Dest", dest)
	}
	if browser(c) {
		add("Accept-Encoding", "gzip, deflate, br, zstd")
	} else {
		add("Accept-Encoding", "gzip")
	}
	add("Accept-Language", weighted(c.Language))
	credentials(e, add)
	return list
}

func chromium(c *event.Client) bool {
	return c.Family == "chrome" || c.Family == "edge" || c.Family == "samsung"
}

func browser(c *event.Client) bool {
	return chromium(c) || c.Family == "safari" || c.Family == "firefox"
}

func platform(name string) string {
	return map[string]string{"windows": "Windows", "macos": "macOS", "android": "Android"}[name]
}

func mobile(c *event.Client) string {
	if c.Mobile {
		return "?1"
	}
	return "?0"
}

func brands(c *event.Client, wrong bool) string {
	version, name := c.Major, "Google Chrome"
	switch {
	case wrong:
		version -= 9
	case c.Family == "samsung":
		version = 125
	}
	if c.Family == "edge" {
		name = "Microsoft Edge"
	}
	return fmt.Sprintf(`"Not A(Brand";v="8", "Chromium";v="%d", "%s";v="%d"`, version, name, version)
}

func accept(c *event.Client, kind event.RequestKind) string {
	switch kind {
	case event.Document:
		return "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	case event.Style:
		return "text/css,*/*;q=0.1"
	case event.Image:
		return "image/avif,image/webp,image/*,*/*;q=0.8"
	case event.Data:
		if c.Platform == "android" {
			return "application/json"
		}
	}
	return "*/*"
}

func fetch(kind event.RequestKind) (dest, mode string) {
	switch kind {
	case event.Document:
		return "document", "navigate"
	case event.Data:
		return "empty", "cors"
	case event.Style, event.Script, event.Image, event.Font:
		return string(kind), "no-cors"
	}
	return "manifest", "cors"
}

// weighted writes a list of languages with the weights that browsers give them.
func weighted(languages string) string {
	if languages == "" {
		return ""
	}
	var b strings.Builder
	for i, tag := range strings.Split(languages, ",") {
		language, region, both := strings.Cut(tag, "-")
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(language)
		if both {
			b.WriteString("-" + strings.ToUpper(region))
		}
		if i > 0 {
			fmt.Fprintf(&b, ";q=0.%d", max(10-i, 1))
		}
	}
	return b.String()
}

// credentials writes the cookies and tokens that the visitor presents.
func credentials(e *event.Event, add func(name, value string)) {
	var cookies []string
	for _, t := range e.Evidence.Tokens {
		if t.Issued {
			continue
		}
		if name, ok := strings.CutPrefix(strings.TrimPrefix(t.Name, "undeclared:"), "cookie:"); ok {
			cookies = append(cookies, name+"="+t.Hash)
		} else {
			add("Authorization", "Bearer "+t.Hash)
		}
	}
	add("Cookie", strings.Join(cookies, "; "))
}
