package element

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxURL is the longest URL that is looked at, in bytes; maxQueryNames how many of its query names are kept.
const (
	maxURL        = maxRaw
	maxQueryNames = 32
)

// hiddenSegment stands for a path segment that may be a token.
const hiddenSegment = "•"

// readURL reads a web address and drops what may be secret in it: credentials, query values, fragment, and path
// segments that look like tokens or card numbers. Names of query parameters stay, sorted.
func readURL(raw Raw) (Value, error) {
	s := strings.TrimSpace(cleanText(raw.Text))
	if s == "" {
		return Value{}, ErrEmpty
	}
	if len(s) >= maxURL {
		return Value{}, reason("too long")
	}
	u, err := url.Parse(s)
	if err != nil {
		return Value{}, reason("not a web address")
	}
	v := Value{}
	if u.Scheme != "" || u.Host != "" {
		if err := readAuthority(u, &v); err != nil {
			return Value{}, err
		}
	} else if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "?") {
		return Value{}, reason("neither absolute nor beginning with a slash")
	}
	path := cleanPath(u.Path)
	if path == "" {
		path = "/"
	}
	v.Parts.Set(PartPath, path)
	v.Text = settle(v.Text+path+queryNames(u.RawQuery), func(s string) string { return strings.TrimSpace(cut(cleanText(s), maxText)) })
	return v, nil
}

// readAuthority puts scheme and host in the value.
func readAuthority(u *url.URL, v *Value) error {
	scheme := strings.ToLower(u.Scheme)
	switch scheme {
	case "http", "https", "ws", "wss", "android-app", "ios-app":
	case "":
	default:
		return reason("not the scheme of a web address")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "" {
		return reason("no host")
	}
	if addr, ok := parseIP(host); ok {
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
	} else if ascii, _, err := asciiDomain(host); err == nil {
		host = ascii
		if registrable, err := publicsuffix.EffectiveTLDPlusOne(ascii); err == nil {
			v.Parts.Set(PartDomain, registrable)
		}
	} else if !validLabel(strings.ReplaceAll(host, "_", "a")) && !validAppHost(host) {
		return reason("the host is not a valid name")
	}
	if port := u.Port(); port != "" && port != defaultPort(scheme) {
		host += ":" + port
	}
	v.Parts.Set(PartScheme, scheme)
	v.Parts.Set(PartHost, host)
	if scheme != "" {
		v.Text = scheme + ":"
	}
	v.Text += "//" + host
	return nil
}

// validAppHost accepts the package names that stand as host in app referrers: com.example.my_app.
func validAppHost(host string) bool {
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if !validLabel(strings.ReplaceAll(label, "_", "a")) {
			return false
		}
	}
	return true
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	}
	return ""
}

// cleanPath removes empty and dot segments, escapes one way, and hides segments that may be secret.
func cleanPath(decoded string) string {
	if decoded == "" {
		return ""
	}
	var kept []string
	for segment := range strings.SplitSeq(decoded, "/") {
		switch segment {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, safeSegment(segment))
		}
	}
	path := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && strings.HasSuffix(decoded, "/") {
		path += "/"
	}
	if _, found := Scrub(path); found {
		// A number whose groups are segments.
		return "/" + hiddenSegment
	}
	return path
}

func safeSegment(segment string) string {
	segment = strings.TrimSpace(cleanText(segment))
	if segment == "" || segment == hiddenSegment {
		return hiddenSegment
	}
	if _, found := Scrub(segment); found || isOpaque(segment) {
		return hiddenSegment
	}
	return strings.ReplaceAll(url.PathEscape(segment), "+", "%2B")
}

// isOpaque says whether the segment holds a long mix of letters and digits, as tokens and keys do and words do not.
func isOpaque(segment string) bool {
	for piece := range strings.FieldsFuncSeq(segment, func(r rune) bool { return strings.ContainsRune("-_.~", r) }) {
		if len(piece) >= 16 && strings.ContainsAny(piece, "0123456789") && strings.ContainsFunc(piece, isASCIILetter) {
			return true
		}
	}
	return false
}

func isASCIILetter(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') }

// queryNames is "?a&b": the names of the parameters, sorted, each once.
func queryNames(query string) string {
	var names []string
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" || len(name) > 64 {
			continue
		}
		if name = strings.TrimSpace(cleanText(name)); name == "" {
			continue
		}
		if _, found := Scrub(name); found || isOpaque(name) {
			continue
		}
		if names = append(names, url.QueryEscape(name)); len(names) >= maxQueryNames {
			break
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "?" + strings.Join(slices.Compact(names), "&")
}
