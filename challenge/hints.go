package challenge

import (
	"strings"

	"wayguard/capture"
)

// The client hints that are asked for (RFC 8942): those that the data path asks for anyway, since a browser keeps the latest list only.
const (
	hintsAsked    = "Sec-CH-UA-Model, Sec-CH-UA-Platform-Version, Sec-CH-UA-Full-Version-List"
	hintsCritical = "Sec-CH-UA-Full-Version-List"
)

// hinting says whether a visitor claims to be a browser that tells more when it is asked: Chrome and its kin from 100 on, over HTTPS.
// Brave and embedded web views do not.
func hinting(head *capture.Request) bool {
	agent := header(head, "User-Agent")
	return head.Scheme == "https" && len(chromeVersion(agent)) >= 3 && !strings.Contains(agent, "; wv)") &&
		!strings.Contains(header(head, "Sec-CH-UA"), "Brave")
}

// hintsAgree says whether the hints tell the same as the User-Agent. What is absent does not disagree, except for the list that was
// asked for.
func hintsAgree(head *capture.Request) (agree bool, detail string) {
	if !hinting(head) {
		return true, "skipped: no browser with hints"
	}
	agent := header(head, "User-Agent")
	list := header(head, "Sec-CH-UA-Full-Version-List")
	switch {
	case list == "":
		return false, "hints missing"
	case brandVersion(list, "Chromium") != chromeVersion(agent), !brief(head, agent):
		return false, "hints disagree"
	case !platformAgrees(strings.Trim(header(head, "Sec-CH-UA-Platform"), `"`), agent):
		return false, "hints disagree"
	}
	return true, ""
}

// brief says whether the short list of brands agrees, where there is one.
func brief(head *capture.Request, agent string) bool {
	list := header(head, "Sec-CH-UA")
	return list == "" || brandVersion(list, "Chromium") == chromeVersion(agent)
}

// platformAgrees compares Sec-CH-UA-Platform with the User-Agent. Android asks for desktop pages as X11.
func platformAgrees(platform, agent string) bool {
	marks := map[string][]string{"Windows": {"Windows"}, "macOS": {"Macintosh"}, "Android": {"Android", "X11"}, "Linux": {"Linux", "X11"},
		"Chrome OS": {"CrOS"}, "Chromium OS": {"CrOS"}}[platform]
	for _, mark := range marks {
		if strings.Contains(agent, mark) {
			return true
		}
	}
	return marks == nil
}

// chromeVersion is the major version that a User-Agent claims ("128"); empty for other browsers.
func chromeVersion(agent string) string {
	_, rest, _ := strings.Cut(agent, "Chrome/")
	return major(rest)
}

// brandVersion is the major version of a brand in a list such as `"Chromium";v="128.0.6613.84", "Not;A=Brand";v="24"`.
func brandVersion(list, brand string) string {
	_, rest, _ := strings.Cut(list, `"`+brand+`";v="`)
	return major(rest)
}

// major is the number that a text begins with.
func major(text string) string {
	end := 0
	for end < len(text) && end < 4 && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	return text[:end]
}
