package element

import (
	"strings"
	"unicode/utf8"

	"github.com/mileusna/useragent"
)

// maxUserAgent is how much of a User-Agent header is kept and parsed, in bytes.
const maxUserAgent = 512

// The device types, in part "device_type".
const (
	deviceDesktop = "desktop"
	deviceMobile  = "mobile"
	deviceTablet  = "tablet"
	deviceBot     = "bot"
	deviceScript  = "script" // an HTTP library or command line tool
	deviceUnknown = "unknown"
)

// readUserAgent cleans and parses a User-Agent header. What it says is a claim, not a fact.
func (n *Normaliser) readUserAgent(raw Raw) (Value, error) {
	s := cut(strings.TrimSpace(raw.Text), 2*maxUserAgent)
	s = settle(s, func(s string) string { return strings.TrimSpace(cut(cleanText(s), maxUserAgent)) })
	if s == "" {
		return Value{}, ErrEmpty
	}
	if v, ok := n.agents.find(s); ok {
		return v, nil
	}
	v := parseUserAgent(s)
	n.agents.keep(s, v.clone())
	return v, nil
}

func parseUserAgent(s string) Value {
	agent := useragent.Parse(s)
	tool := scriptName(s)
	device := deviceUnknown
	switch {
	case agent.Bot:
		device = deviceBot
	case tool != "":
		device = deviceScript
	case agent.Tablet:
		device = deviceTablet
	case agent.Mobile:
		device = deviceMobile
	case agent.Desktop:
		device = deviceDesktop
	}
	browser := agentPart(agent.Name)
	if tool != "" && !agent.Bot {
		browser = tool
	}
	v := Value{Text: s, Parts: partsOf(map[string]string{
		PartBrowser:        browser,
		PartBrowserVersion: agentPart(agent.Version),
		PartOS:             agentPart(agent.OS),
		PartOSVersion:      agentPart(agent.OSVersion),
		PartDeviceType:     device,
		PartBot:            boolText(agent.Bot),
	})}
	v.Display = agentDisplay(v.Parts)
	return v
}

// agentPart bounds what the parser took out of the header: it may be nearly all of it.
func agentPart(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	return strings.TrimSpace(cut(s, 64))
}

// agentDisplay is "Chrome 126 on Windows 10".
func agentDisplay(parts Parts) string {
	if parts.Of(PartBrowser) == "" {
		return ""
	}
	major, _, _ := strings.Cut(parts.Of(PartBrowserVersion), ".")
	shown := strings.TrimSpace(parts.Of(PartBrowser) + " " + major)
	if parts.Of(PartOS) != "" {
		shown += strings.TrimRight(" on "+parts.Of(PartOS)+" "+parts.Of(PartOSVersion), " ")
	}
	return shown
}

// scriptName names the HTTP libraries and tools that call themselves so. okhttp is not among them: it is what honest
// mobile apps send.
func scriptName(s string) string {
	lower := strings.ToLower(cut(s, 64))
	for _, name := range []string{
		"curl", "wget", "python-requests", "python-urllib", "python-httpx", "aiohttp", "go-http-client", "java", "jersey",
		"apache-httpclient", "axios", "node-fetch", "undici", "node", "got", "libwww-perl", "lwp", "ruby", "faraday",
		"guzzlehttp", "php", "scrapy", "postmanruntime", "insomnia", "httpie", "k6", "apachebench", "hey", "powershell",
		"restsharp", "reqwest", "dart", "colly",
	} {
		if rest, ok := strings.CutPrefix(lower, name); ok && (rest == "" || rest[0] == '/' || rest[0] == ' ') {
			return name
		}
	}
	return ""
}
