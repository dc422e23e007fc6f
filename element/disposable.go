package element

import (
	_ "embed"
	"strings"
)

// disposableList is the disposable-email-domains list (CC0), one domain a line.
//
//go:embed data/disposable_domains.txt
var disposableList string

// disposableDomains is the embedded list and the operator's own domains as a set.
func disposableDomains(extra []string) map[string]struct{} {
	set := make(map[string]struct{}, strings.Count(disposableList, "\n")+len(extra))
	for line := range strings.Lines(disposableList) {
		if domain := strings.TrimSpace(line); domain != "" && domain[0] != '#' {
			set[domain] = struct{}{}
		}
	}
	for _, domain := range extra {
		if ascii, _, err := asciiDomain(domain); err == nil {
			set[ascii] = struct{}{}
		}
	}
	return set
}

// isDisposable says whether the domain or one that it belongs to is in the set.
func (n *Normaliser) isDisposable(domain string) bool {
	for {
		if _, ok := n.disposable[domain]; ok {
			return true
		}
		_, parent, ok := strings.Cut(domain, ".")
		if !ok {
			return false
		}
		domain = parent
	}
}
