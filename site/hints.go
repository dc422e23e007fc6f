package site

import (
	"strings"

	"wayguard/http1"
)

// allHints is what a browser is asked for: what tells devices apart that otherwise look the same.
const allHints = "Sec-CH-UA-Model, Sec-CH-UA-Platform-Version, Sec-CH-UA-Full-Version-List"

// hintNames are the hints of allHints, one by one.
func hintNames() [3]string {
	return [...]string{"Sec-CH-UA-Model", "Sec-CH-UA-Platform-Version", "Sec-CH-UA-Full-Version-List"}
}

// withHints adds the request for client hints (Accept-CH, RFC 8942) to a page, beside what the origin itself asks for. Browsers
// listen to it over HTTPS only. Where a shared cache may keep the page, it is added only if the page varies by the hints.
func (d *Directive) withHints(ours []http1.Field, method string, status int, fields []http1.Field) []http1.Field {
	if !d.hints || !d.Secure || status < 200 || status == 304 || !isPage(fields) {
		return ours
	}
	if !private(method, fields) && !varies(fields) {
		return ours
	}
	d.HintsAsked = !forbidden(fields)
	missing := allHints
	for _, name := range hintNames() {
		if lists(fields, "accept-ch", name) {
			missing = without(missing, name)
		}
	}
	if missing == "" {
		return ours
	}
	return append(ours[:len(ours):len(ours)], http1.Field{Name: "Accept-CH", Value: missing})
}

// without is a list without one of its members.
func without(list, name string) string {
	var left []string
	for one := range strings.SplitSeq(list, ", ") {
		if one != name {
			left = append(left, one)
		}
	}
	return strings.Join(left, ", ")
}

// isPage says whether a response is of HTML.
func isPage(fields []http1.Field) bool {
	for i := range fields {
		if equalFold(fields[i].Name, "content-type") {
			media, _, _ := strings.Cut(fields[i].Value, ";")
			media = strings.Trim(media, " \t")
			return equalFold(media, "text/html") || equalFold(media, "application/xhtml+xml")
		}
	}
	return false
}

// varies says whether caches keep the response apart by the hints.
func varies(fields []http1.Field) bool {
	for _, name := range hintNames() {
		if !lists(fields, "vary", name) && !lists(fields, "vary", "*") {
			return false
		}
	}
	return true
}

// lists says whether a header that is a list has a member.
func lists(fields []http1.Field, header, member string) bool {
	for i := range fields {
		if !equalFold(fields[i].Name, header) {
			continue
		}
		for one := range strings.SplitSeq(fields[i].Value, ",") {
			if equalFold(strings.Trim(one, " \t"), member) {
				return true
			}
		}
	}
	return false
}

// forbidden says whether the page itself forbids browsers to send hints, so that none can be expected.
func forbidden(fields []http1.Field) bool {
	for i := range fields {
		if equalFold(fields[i].Name, "permissions-policy") && strings.Contains(strings.ToLower(fields[i].Value), "ch-ua") {
			return true
		}
	}
	return false
}
