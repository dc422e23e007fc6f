package capture

import (
	"strconv"
	"strings"

	"wayguard/element"
	"wayguard/event"
)

// The families of browsers that are held to what their makers' software shows.
const (
	chromeFamily  = "chrome"
	edgeFamily    = "edge"
	samsungFamily = "samsung"
	operaFamily   = "opera"
	firefoxFamily = "firefox"
	safariFamily  = "safari"
)

// clientOf reads what a User-Agent header says, as the element's parts have it.
func clientOf(header string, parts element.Parts) event.Client {
	c := event.Client{Family: familyOf(parts.Of(element.PartBrowser)), Platform: platformOf(parts.Of(element.PartOS)), Model: modelOf(header)}
	major, _, _ := strings.Cut(parts.Of(element.PartBrowserVersion), ".")
	if n, err := strconv.ParseInt(major, 10, 32); err == nil && n > 0 {
		c.Major = n
	}
	switch parts.Of(element.PartDeviceType) {
	case "mobile", "tablet":
		c.Mobile = true
	}
	return c
}

// other stands for what has no name here: anything may stand in a header.
const other = "other"

// familyOf is a browser's name as Client.Family has it.
func familyOf(browser string) string {
	switch lower := strings.ToLower(browser); lower {
	case "":
		return ""
	case "headless chrome", "chrome", "chromium":
		return chromeFamily
	case "samsung browser":
		return samsungFamily
	case "opera touch", "opera mini":
		return operaFamily
	case "edge", "firefox", "safari", "opera", "vivaldi", "curl", "wget", "python-requests", "python-urllib", "python-httpx", "aiohttp", "go-http-client",
		"java", "jersey", "apache-httpclient", "axios", "node-fetch", "undici", "node", "got", "libwww-perl", "lwp", "ruby", "faraday", "guzzlehttp", "php",
		"scrapy", "postmanruntime", "insomnia", "httpie", "k6", "apachebench", "hey", "powershell", "restsharp", "reqwest", "dart", "colly", "okhttp":
		return lower
	case "internet explorer":
		return "ie"
	}
	return other
}

// platformOf is a system's name as Client.Platform has it.
func platformOf(os string) string {
	switch lower := strings.ToLower(os); lower {
	case "":
		return ""
	case "mac os x", "macos", "mac os":
		return "macos"
	case "ios", "ipados":
		return "ios"
	case "chrome os", "chromeos", "cros", "chromium os":
		return "chromeos"
	case "windows", "android", "linux":
		return lower
	case "windows phone":
		return "windows-phone"
	}
	return other
}

// maxModel bounds a model's name, in bytes.
const maxModel = 32

// modelOf is the Android model that a User-Agent header names: the last field of the first parentheses, without its build.
// Chrome writes K for all of them since it reduces the header, and that is no model.
func modelOf(header string) string {
	at := strings.Index(header, "Android ")
	if at < 0 {
		return ""
	}
	rest := header[at:]
	end := strings.IndexByte(rest, ')')
	if end < 0 {
		return ""
	}
	fields := strings.Split(rest[:end], ";")
	if len(fields) < 2 {
		return ""
	}
	model := strings.TrimSpace(fields[len(fields)-1])
	if model == "wv" && len(fields) > 2 {
		model = strings.TrimSpace(fields[len(fields)-2])
	}
	model, _, _ = strings.Cut(model, " Build/")
	if model == "K" || !isModel(model) {
		return ""
	}
	return strings.Clone(model)
}

// isModel says whether a text can be a model's name: short, of its characters, and with fewer digits than a number of a card or
// a person.
func isModel(text string) bool {
	digits := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', strings.IndexByte(" ._()+-/", c) >= 0:
		case '0' <= c && c <= '9':
			digits++
		default:
			return false
		}
	}
	return text != "" && len(text) <= maxModel && digits <= 8
}

// chromium says whether a client says that it is built on Chromium. On iOS every browser is Safari underneath.
func chromium(c *event.Client) bool {
	if c.Platform == "ios" {
		return false
	}
	return c.Family == chromeFamily || c.Family == edgeFamily || c.Family == samsungFamily || c.Family == operaFamily
}

// browser says whether the client says that it is a browser whose habits are known.
func browser(c *event.Client) bool {
	return chromium(c) || c.Family == firefoxFamily || c.Family == safariFamily
}
