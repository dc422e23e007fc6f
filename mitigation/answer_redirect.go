package mitigation

import (
	"cmp"
	"net/url"
	"strings"

	"wayguard/capture"
	"wayguard/http1"
	"wayguard/policy"
)

// redirect sends the visitor elsewhere. Who takes no page is told where instead of being sent: a program that follows would send its call
// to a page. It is not done, and why says so, where it would go round in a circle or the address cannot be trusted.
func (o *occasion) redirect(a *policy.ActionConfig) (answer *Answer, why string) {
	location, ok := o.location(a.Location)
	switch {
	case !ok:
		return nil, "the location is no address that a visitor can be sent to"
	case o.alreadyAt(location):
		return nil, "the visitor is already there"
	}
	m := message{"This request was not accepted", "Please continue at the location given.", "", grpcPermissionDenied, policy.DefaultBlockStatus}
	answer = &Answer{Status: cmp.Or(a.Status, policy.DefaultRedirectStatus)}
	switch form := taker(o.head); form {
	case takesGRPC, takesGRPCWeb:
		answer = o.grpcAnswer(form, m, "")
	case takesJSON:
		answer.Status, answer.Header, answer.Body = m.status, contentOf("application/problem+json"), o.problem(m, location)
	default:
		answer.Header = []capture.Field{{Name: "Location", Value: location}}
	}
	answer.Header = withFields(append(answer.Header, capture.Field{Name: "Cache-Control", Value: "no-store"}), o.fields(a.Headers))
	return answer, ""
}

// location fills an address. What is filled in is percent-encoded and never part of the scheme or the host, so that no visitor decides
// where others are sent.
func (o *occasion) location(template string) (string, bool) {
	placeholders := policy.Placeholders(template)
	if len(placeholders) > 0 && placeholders[0].Offset < pathBegin(template) {
		return "", false
	}
	location := o.fill(template, addressWord)
	parsed, err := url.Parse(location)
	if err != nil || !http1.ValidValue(location) || strings.ContainsAny(location, `\ `) {
		return "", false
	}
	// "https:shop.example" has no host to us, and one to browsers.
	web := (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != ""
	local := parsed.Scheme == "" && strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//")
	return location, web || local
}

// pathBegin is where in an address the path begins, so that all before it is fixed.
func pathBegin(address string) int {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return min(1, len(address)) // a path of the site itself: its first slash
	}
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		return len(address) - len(rest) + at
	}
	return len(address)
}

// alreadyAt says whether the request is for the path of the address on the same host, and the redirect would come back for ever.
func (o *occasion) alreadyAt(location string) bool {
	parsed, err := url.Parse(location)
	if err != nil || parsed.Host != "" && !strings.EqualFold(parsed.Host, o.head.Host) {
		return err != nil
	}
	return cmp.Or(parsed.EscapedPath(), "/") == cmp.Or(o.head.Path, "/")
}
