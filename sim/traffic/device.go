package traffic

import (
	"math/rand/v2"
	"net/http"
	"strings"
)

// device is a browser or program: the headers it sends with each request.
type device struct {
	name    string
	headers [][2]string
	// program does not load pages and sends no Sec-Fetch headers.
	program bool
}

func (d device) agent() string {
	for _, h := range d.headers {
		if h[0] == "User-Agent" {
			return h[1]
		}
	}
	return ""
}

const (
	acceptChrome  = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
	acceptFirefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

func chromium(name, agent, brands, platform, mobile, language string) device {
	return device{name: name, headers: [][2]string{{"User-Agent", agent}, {"Accept-Encoding", "gzip, deflate, br, zstd"},
		{"Accept-Language", language}, {"Sec-Ch-Ua", brands}, {"Sec-Ch-Ua-Mobile", mobile}, {"Sec-Ch-Ua-Platform", platform},
		{"Upgrade-Insecure-Requests", "1"}}}
}

func gecko(name, agent, language string) device {
	return device{name: name, headers: [][2]string{{"User-Agent", agent}, {"Accept-Encoding", "gzip, deflate, br, zstd"},
		{"Accept-Language", language}, {"Upgrade-Insecure-Requests", "1"}, {"Te", "trailers"}}}
}

func safari(name, agent, language string) device {
	return device{name: name, headers: [][2]string{{"User-Agent", agent}, {"Accept-Encoding", "gzip, deflate, br"}, {"Accept-Language", language}}}
}

func program(name string, headers ...[2]string) device {
	return device{name: name, program: true, headers: headers}
}

const webkit = "AppleWebKit/537.36 (KHTML, like Gecko) "

// computers are the browsers people sit in front of.
func computers(language string) []device {
	chrome := `"Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8"`
	return []device{
		chromium("Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "+webkit+"Chrome/141.0.0.0 Safari/537.36", chrome, `"Windows"`, "?0", language),
		chromium("Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "+webkit+"Chrome/140.0.0.0 Safari/537.36", strings.ReplaceAll(chrome, "141", "140"), `"Windows"`, "?0", language),
		chromium("Chrome on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "+webkit+"Chrome/141.0.0.0 Safari/537.36", chrome, `"macOS"`, "?0", language),
		chromium("Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "+webkit+"Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", strings.ReplaceAll(chrome, "Google Chrome", "Microsoft Edge"), `"Windows"`, "?0", language),
		gecko("Firefox on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", language),
		gecko("Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", language),
		safari("Safari on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", language),
	}
}

// phones are the browsers people carry.
func phones(language string) []device {
	chrome := `"Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8"`
	return []device{
		safari("Safari on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", language),
		safari("Safari on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1", language),
		chromium("Chrome on Android", "Mozilla/5.0 (Linux; Android 10; K) "+webkit+"Chrome/141.0.0.0 Mobile Safari/537.36", chrome, `"Android"`, "?1", language),
		chromium("Samsung Internet", "Mozilla/5.0 (Linux; Android 10; K) "+webkit+"SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", `"Chromium";v="130", "Samsung Internet";v="28.0", "Not?A_Brand";v="99"`, `"Android"`, "?1", language),
	}
}

// apps are the shop's own mobile applications.
func apps(language, id string) []device {
	return []device{
		program("App on Android", [2]string{"User-Agent", "AlderOak/5.2.0 (Android 15; Pixel 8) okhttp/4.12.0"}, [2]string{"Accept-Encoding", "gzip"}, [2]string{"Accept", "application/json"},
			[2]string{"X-App-Version", "5.2.0"}, [2]string{"X-Device-Id", id}),
		program("App on Android", [2]string{"User-Agent", "AlderOak/5.1.3 (Android 14; SM-A546B) okhttp/4.12.0"}, [2]string{"Accept-Encoding", "gzip"}, [2]string{"Accept", "application/json"},
			[2]string{"X-App-Version", "5.1.3"}, [2]string{"X-Device-Id", id}),
		program("App on iPhone", [2]string{"User-Agent", "AlderOak/5.2.1 CFNetwork/1568.300.101 Darwin/24.2.0"}, [2]string{"Accept-Encoding", "gzip, deflate"}, [2]string{"Accept", "application/json"},
			[2]string{"Accept-Language", language}, [2]string{"X-App-Version", "5.2.1"}, [2]string{"X-Device-Id", id}),
	}
}

// stuffingTool claims to be an old Chrome and sends little of what one sends.
func stuffingTool() device {
	return program("Stuffing tool", [2]string{"User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/109.0.0.0 Safari/537.36"},
		[2]string{"Accept", "*/*"}, [2]string{"Accept-Encoding", "gzip, deflate"})
}

// headless is a remote-controlled browser that keeps cookies.
func headless() device {
	return chromium("Headless Chrome", "Mozilla/5.0 (X11; Linux x86_64) "+webkit+"HeadlessChrome/138.0.0.0 Safari/537.36",
		`"Chromium";v="138", "HeadlessChrome";v="138", "Not/A)Brand";v="8"`, `"Linux"`, "?0", "en-US")
}

// anyOf draws a device, the common ones more often.
func anyOf(r *rand.Rand, list []device) device {
	return list[min(r.IntN(len(list)), r.IntN(len(list)))]
}

func languageOf(country string) string {
	switch country {
	case "DE":
		return "de-DE,de;q=0.9,en;q=0.7"
	case "FR":
		return "fr-FR,fr;q=0.9,en;q=0.6"
	case "ES":
		return "es-ES,es;q=0.9"
	case "IT":
		return "it-IT,it;q=0.9,en;q=0.7"
	case "JP":
		return "ja-JP,ja;q=0.9"
	case "BR":
		return "pt-BR,pt;q=0.9,en;q=0.7"
	case "GB", "AU":
		return "en-GB,en;q=0.9"
	}
	return "en-US,en;q=0.9"
}

// dress puts the device's headers on a request; page says that a person opens it, not a script.
func (d device) dress(r *http.Request, page bool) {
	for _, h := range d.headers {
		r.Header.Set(h[0], h[1])
	}
	if d.program {
		return
	}
	accept, mode, destination := "*/*", "cors", "empty"
	if page {
		accept, mode, destination = acceptFirefox, "navigate", "document"
		if r.Header.Get("Sec-Ch-Ua") != "" {
			accept = acceptChrome
		}
	} else {
		r.Header.Del("Upgrade-Insecure-Requests")
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", mode)
	r.Header.Set("Sec-Fetch-Dest", destination)
}
