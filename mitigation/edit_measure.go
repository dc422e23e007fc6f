package mitigation

import (
	"slices"
	"strings"

	"wayguard/capture"
	"wayguard/policy"
)

// editBodyLimit is the largest answer that is changed, in bytes: what is changed is held whole.
const editBodyLimit = 1 << 20

// What is said where a request's body cannot be changed.
const (
	noteNoBody    = "the request's body was not there to be changed"
	noteCutBody   = "the request's body is longer than its copy: left as it came"
	noteCodedBody = "the request's body is packed: left as it came"
	noteOtherBody = "the request's body is of another kind: left as it came"
)

// pageTypes and jsonTypes are the beginnings of content types that are changed.
func pageTypes() []string { return []string{"text/html"} }
func jsonTypes() []string {
	return []string{"application/json", "text/json", "application/vnd.", "application/problem+json", "application/hal+json", "application/ld+json",
		"application/graphql-response+json"}
}

// then adds a change of the answer's body after those there are. change gives back what it cannot or need not change.
func (e *Edit) then(types []string, change func(contentType string, body []byte) []byte) {
	before, beforeTypes := e.Transform, e.Types
	e.Types, e.BodyLimit = slices.Concat(beforeTypes, types), editBodyLimit
	slices.Sort(e.Types)
	e.Types = slices.Compact(e.Types)
	e.Transform = func(contentType string, body []byte) ([]byte, error) {
		if before != nil && ofTypes(beforeTypes, contentType) {
			changed, err := before(contentType, body)
			if err != nil {
				return nil, err
			}
			body = changed
		}
		if ofTypes(types, contentType) {
			body = change(contentType, body)
		}
		return body, nil
	}
}

func ofTypes(types []string, contentType string) bool {
	contentType = strings.ToLower(strings.TrimSpace(contentType))
	return slices.ContainsFunc(types, func(begin string) bool { return strings.HasPrefix(contentType, begin) })
}

// wholeAnswers asks the origin for the page itself, not for a part of it, nor for the word that the visitor has it already: neither can be
// changed.
func wholeAnswers(m *Measure, head *capture.Request) {
	if head.Method != "GET" && head.Method != "HEAD" {
		return
	}
	request := m.requestEdit()
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "Range", "If-Range"} {
		if header(head, name) != "" && !slices.Contains(request.Remove, name) {
			request.Remove = append(request.Remove, name)
		}
	}
}

func (m *Measure) requestEdit() *Edit {
	if m.Request == nil {
		m.Request = &Edit{}
	}
	return m.Request
}

func (m *Measure) responseEdit() *Edit {
	if m.Response == nil {
		m.Response = &Edit{}
	}
	return m.Response
}

// inject adds HTML to the page that answers.
func (c *carrier) inject(m *Measure) {
	ready := c.insertion(c.action)
	filled := insertion{html: ready.html, marker: ready.marker}
	if len(policy.Placeholders(string(ready.html))) > 0 {
		filled.html = []byte(c.fill(string(ready.html), htmlWord))
	}
	wholeAnswers(m, c.head)
	m.responseEdit().then(pageTypes(), func(contentType string, body []byte) []byte {
		if !insertable(contentType) {
			return body
		}
		return filled.into(body)
	})
}

// rewrite changes request and answer.
func (c *carrier) rewrite(m *Measure) (detail string) {
	detail = c.rewriteRequest(m)
	change := c.action.Response
	if len(change.Set)+len(change.Remove)+len(change.Fields) == 0 {
		return detail
	}
	response := m.responseEdit()
	response.Remove = append(response.Remove, change.Remove...)
	response.Set = append(response.Set, c.fields(change.Set)...)
	if fields := c.jsonFields(change.Fields); len(fields) > 0 {
		wholeAnswers(m, c.head)
		response.then(jsonTypes(), func(contentType string, body []byte) []byte {
			if !isJSON(mediaType(contentType)) {
				return body
			}
			edited, _ := editJSON(body, fields)
			return edited
		})
	}
	return detail
}

// rewriteRequest changes the request. The detail says why a body was left as it came; it is empty when all went well.
func (c *carrier) rewriteRequest(m *Measure) (detail string) {
	change := c.action.Request
	if len(change.Set)+len(change.Remove)+len(change.Fields) == 0 {
		return ""
	}
	request := m.requestEdit()
	request.Remove = append(request.Remove, change.Remove...)
	request.Set = append(request.Set, c.fields(change.Set)...)
	if len(change.Fields) == 0 {
		return ""
	}
	body := c.head.Body.Bytes
	if request.Body != nil {
		body = request.Body // another rewrite has changed it
	}
	coding := header(c.head, "Content-Encoding")
	switch {
	case c.head.Body.Truncated:
		return noteCutBody
	case len(body) == 0:
		return noteNoBody
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return noteCodedBody
	}
	edited, detail := c.editBody(body, change.Fields)
	if string(edited) != string(body) {
		request.Body = edited
	}
	return detail
}

// editBody changes fields of a request's body by what its content type says that it is. One without a type, or that calls itself plain
// text, is looked at as JSON: some applications read it so.
func (c *carrier) editBody(body []byte, fields []policy.FieldConfig) (edited []byte, detail string) {
	contentType := header(c.head, "Content-Type")
	switch kind := mediaType(contentType); {
	case kind == "application/x-www-form-urlencoded":
		if form := c.formFields(fields); len(form) > 0 {
			return editForm(body, form)
		}
	case kind == "multipart/form-data":
		if form := c.formFields(fields); len(form) > 0 {
			return editMultipart(contentType, body, form)
		}
	case isJSON(kind), kind == "", kind == "text/plain":
		if json := c.jsonFields(fields); len(json) > 0 {
			return editJSON(body, json)
		}
	}
	return body, noteOtherBody
}

func (c *carrier) jsonFields(fields []policy.FieldConfig) []jsonField {
	var out []jsonField
	for i := range fields {
		if path, err := parseJSONPath(fields[i].JSON); err == nil && fields[i].JSON != "" {
			out = append(out, jsonField{path, c.change(&fields[i])})
		}
	}
	return out
}

func (c *carrier) formFields(fields []policy.FieldConfig) []formField {
	var out []formField
	for i := range fields {
		if fields[i].Form != "" {
			out = append(out, formField{fields[i].Form, c.change(&fields[i])})
		}
	}
	return out
}

// change makes a configured change ready; a format that does not exist changes nothing.
func (c *carrier) change(f *policy.FieldConfig) change {
	if f.As == "" {
		return change{fixed: true, value: c.fill(f.Value, plainWord)}
	}
	if format := c.formats.of(f.As); format != nil {
		return change{format: format}
	}
	return change{format: plainWord}
}
