package reputation

import (
	"net/netip"
	"strings"

	"wayguard/event"
)

// Agent is a crawler or AI agent that declares itself in the User-Agent, and how its owner says that it can be told from an
// impostor.
type Agent struct {
	// Name is how it is called here: "googlebot".
	Name string
	// Marks are what its User-Agent holds, in lower case; any of them.
	Marks []string
	// Lists are owners of built-in ranges that it comes from.
	Lists []string
	// Domains are those that its addresses' names end with, checked by asking for the name and for the name's addresses.
	Domains []string
	// Human says that a person sends it on an errand.
	Human bool
}

// Agents lists the declared agents that can be told from impostors, as their owners document it.
func Agents() []Agent {
	return []Agent{
		{Name: "googlebot", Marks: []string{"googlebot", "google-inspectiontool", "storebot-google", "googleother", "apis-google", "mediapartners-google", "adsbot-google"},
			Lists: []string{"googlebot"}, Domains: []string{".googlebot.com", ".google.com", ".googleusercontent.com"}},
		{Name: "bingbot", Marks: []string{"bingbot", "adidxbot", "bingpreview", "msnbot"}, Lists: []string{"bing"}, Domains: []string{".search.msn.com"}},
		{Name: "duckduckbot", Marks: []string{"duckduckbot"}, Lists: []string{"duckduckbot"}},
		{Name: "duckassistbot", Marks: []string{"duckassistbot"}, Lists: []string{"duckassistbot"}, Human: true},
		{Name: "applebot", Marks: []string{"applebot"}, Domains: []string{".applebot.apple.com"}},
		{Name: "yandexbot", Marks: []string{"yandexbot", "yandeximages", "yandexmobilebot", "yandexaccessibilitybot"}, Domains: []string{".yandex.ru", ".yandex.net", ".yandex.com"}},
		{Name: "baiduspider", Marks: []string{"baiduspider"}, Domains: []string{".baidu.com", ".baidu.jp"}},
		{Name: "facebook", Marks: []string{"facebookexternalhit", "facebookcatalog", "meta-externalagent", "meta-externalfetcher", "facebookbot"}, Lists: []string{"facebook"},
			Domains: []string{".facebook.com", ".fbsv.net"}},
		{Name: "twitterbot", Marks: []string{"twitterbot"}, Lists: []string{"twitter"}},
		{Name: "telegrambot", Marks: []string{"telegrambot"}, Lists: []string{"telegram"}},
		{Name: "gptbot", Marks: []string{"gptbot", "oai-searchbot"}, Lists: []string{"openai"}},
		{Name: "chatgpt-user", Marks: []string{"chatgpt-user"}, Lists: []string{"openai"}, Human: true},
		{Name: "perplexitybot", Marks: []string{"perplexitybot"}, Lists: []string{"perplexity"}},
		{Name: "perplexity-user", Marks: []string{"perplexity-user"}, Lists: []string{"perplexity"}, Human: true},
		{Name: "amazonbot", Marks: []string{"amazonbot"}, Domains: []string{".crawl.amazonbot.amazon"}},
		{Name: "petalbot", Marks: []string{"petalbot"}, Domains: []string{".petalsearch.com", ".aspiegel.com"}},
		{Name: "pinterestbot", Marks: []string{"pinterestbot", "pinterest/0."}, Domains: []string{".pinterest.com"}},
		{Name: "linkedinbot", Marks: []string{"linkedinbot"}, Domains: []string{".linkedin.com"}},
		{Name: "pingdom", Marks: []string{"pingdom"}, Lists: []string{"pingdom"}},
		// These say who they are and publish nothing that could be checked.
		{Name: "claudebot", Marks: []string{"claudebot", "anthropic-ai", "claude-searchbot"}},
		{Name: "claude-user", Marks: []string{"claude-user"}, Human: true},
		{Name: "bytespider", Marks: []string{"bytespider"}},
		{Name: "ccbot", Marks: []string{"ccbot"}},
		{Name: "mistralai-user", Marks: []string{"mistralai-user"}, Human: true},
		{Name: "ahrefsbot", Marks: []string{"ahrefsbot"}, Domains: []string{".ahrefs.com", ".ahrefs.net"}},
		{Name: "semrushbot", Marks: []string{"semrushbot"}, Domains: []string{".semrush.com"}},
		{Name: "slackbot", Marks: []string{"slackbot"}},
		{Name: "whatsapp", Marks: []string{"whatsapp/"}},
		{Name: "discordbot", Marks: []string{"discordbot"}},
		{Name: "uptimerobot", Marks: []string{"uptimerobot"}},
	}
}

// Declared finds the agent that a User-Agent names, among those given.
func Declared(agents []Agent, userAgent string) (Agent, bool) {
	lower := strings.ToLower(userAgent)
	for _, a := range agents {
		for _, mark := range a.Marks {
			if strings.Contains(lower, mark) {
				return a, true
			}
		}
	}
	return Agent{}, false
}

// Provable says whether there is anything to check the agent by.
func (a *Agent) Provable() bool { return len(a.Lists) > 0 || len(a.Domains) > 0 }

// Listed says whether an address is in the agent's published ranges. Where it has ranges and no domains, what is not in them
// is an impostor; where it has domains, they are to be asked.
func (a *Agent) Listed(n *Networks, address netip.Addr) event.Proof {
	if len(a.Lists) == 0 {
		return ""
	}
	if entry, found := n.Find(address); found && entry.Kind == event.Crawler {
		for _, owner := range a.Lists {
			if owner == entry.Owner {
				return event.Verified
			}
		}
	}
	if len(a.Domains) > 0 {
		return ""
	}
	return event.Refuted
}

// Named says whether a DNS name is one of the agent's own.
func (a *Agent) Named(name string) bool {
	name = "." + strings.ToLower(strings.TrimSuffix(name, "."))
	for _, domain := range a.Domains {
		if strings.HasSuffix(name, domain) {
			return true
		}
	}
	return false
}
