package decoy

import (
	"bytes"
	"regexp"
	"strings"
)

// maxForms bounds the forms of a page that get fields.
const maxForms = 20

// Content is what is put into a page.
type Content struct {
	// link goes before the end of the body, field into each form that is posted.
	link, field []byte
}

// Content is what the page of a path gets; nil for pages that get nothing. A decoy without pages is for all of them.
func (t *Traps) Content(path string) *Content {
	if t == nil {
		return nil
	}
	segments := segmentsOf(path)
	var link, field strings.Builder
	for i := range t.list {
		trap := &t.list[i]
		if !trap.isFor(segments) {
			continue
		}
		if trap.link != "" {
			link.WriteString(`<a href="` + trap.link + `" rel="nofollow" tabindex="-1"></a>`)
		} else if trap.field != "" {
			field.WriteString(`<input type="text" name="` + trap.field + `" value="" autocomplete="off" tabindex="-1" aria-hidden="true">`)
		}
	}
	if link.Len() == 0 && field.Len() == 0 {
		return nil
	}
	c := &Content{}
	if link.Len() > 0 {
		// Not rendered, and inert where the site's own style overrides that; an empty link has no extent even then.
		c.link = []byte(`<span hidden inert aria-hidden="true">` + link.String() + `</span>`)
	}
	if field.Len() > 0 {
		// What is in a template is no part of the page for a browser: it is neither shown, reached, filled in nor sent.
		c.field = []byte(`<template>` + field.String() + `</template>`)
	}
	return c
}

func (t *trap) isFor(path []string) bool {
	for _, p := range t.pages {
		if p.matches(path) {
			return true
		}
	}
	return len(t.pages) == 0
}

// Put puts the content into an HTML page. A page, or a part of one, in which it has no place comes back as it is, and so does a
// page that has it already.
func (c *Content) Put(page []byte) []byte {
	if c == nil || len(c.link) > 0 && bytes.Contains(page, c.link) || len(c.field) > 0 && bytes.Contains(page, c.field) {
		return page
	}
	forms, end := places(page)
	if len(c.field) == 0 {
		forms = nil
	}
	if len(c.link) == 0 {
		end = -1
	}
	if len(forms) == 0 && end < 0 {
		return page
	}
	out := make([]byte, 0, len(page)+len(forms)*len(c.field)+len(c.link))
	at := 0
	for _, place := range forms {
		if end >= 0 && end <= place {
			break
		}
		out = append(append(out, page[at:place]...), c.field...)
		at = place
	}
	if end >= 0 {
		out = append(append(out, page[at:end]...), c.link...)
		at = end
	}
	return append(out, page[at:]...)
}

// places are where a page's posted forms begin, and where its body ends; -1 where that is not told. Comments and what is no
// markup, such as scripts, are passed over.
func places(page []byte) (forms []int, end int) {
	end = -1
	for at := 0; at < len(page); {
		open := bytes.IndexByte(page[at:], '<')
		if open < 0 {
			return forms, end
		}
		at += open
		if bytes.HasPrefix(page[at:], []byte("<!--")) {
			close := bytes.Index(page[at+4:], []byte("-->"))
			if close < 0 {
				return forms, end
			}
			at += 4 + close + 3
			continue
		}
		name, closes, after, ok := tag(page, at)
		switch {
		case !ok:
			at++
			continue
		case closes && name == "body":
			end = at
		case !closes && name == "form" && len(forms) < maxForms && isPosted(page[at:after]):
			forms = append(forms, after)
		case !closes && isRaw(name):
			close := indexFold(page[after:], "</"+name)
			if close < 0 {
				return forms, end
			}
			after += close
		}
		at = after
	}
	return forms, end
}

// tag reads the tag that begins at a place: its name in lower case and where it ends, values in quotes regarded.
func tag(page []byte, at int) (name string, closes bool, after int, ok bool) {
	i := at + 1
	if i < len(page) && page[i] == '/' {
		closes = true
		i++
	}
	start := i
	for i < len(page) && (page[i] >= 'a' && page[i] <= 'z' || page[i] >= 'A' && page[i] <= 'Z' || i > start && page[i] >= '0' && page[i] <= '9') {
		i++
	}
	if i == start {
		return "", false, 0, false
	}
	name = strings.ToLower(string(page[start:i]))
	var quote byte
	for ; i < len(page); i++ {
		switch c := page[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return name, closes, i + 1, true
		}
	}
	return "", false, 0, false
}

// isRaw says whether what follows a tag is no markup.
func isRaw(name string) bool {
	switch name {
	case "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript", "template", "svg", "math":
		return true
	}
	return false
}

// postedForm is a form's tag that says that it is posted.
var postedForm = regexp.MustCompile(`(?i)[\s"']method\s*=\s*["']?\s*post\b`)

func isPosted(tag []byte) bool { return postedForm.Match(tag) }

// indexFold finds a text whatever its case; what is in lower case.
func indexFold(page []byte, what string) int {
	for at := 0; ; {
		next := bytes.IndexByte(page[at:], what[0])
		if next < 0 || at+next+len(what) > len(page) {
			return -1
		}
		at += next
		if bytes.EqualFold(page[at:at+len(what)], []byte(what)) {
			return at
		}
		at++
	}
}
