package capture

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"

	"wayguard/document"
)

// source is where a value is: one place of a message, and what is done to the text.
type source struct {
	kind       sourceKind
	name       string
	json       jsonPath
	xml        xmlPath
	graphql    graphqlPath
	transforms []transform
	// splits says that one of the transforms makes several texts of one.
	splits   bool
	unit     string
	currency []source
}

// sourceKind names the places as they are written in a spec.
type sourceKind string

const (
	fromPath      sourceKind = "path"
	fromQuery     sourceKind = "query"
	fromHeader    sourceKind = "header"
	fromCookie    sourceKind = "cookie"
	fromJSON      sourceKind = "json"
	fromForm      sourceKind = "form"
	fromMultipart sourceKind = "multipart"
	fromFilename  sourceKind = "filename"
	fromXML       sourceKind = "xml"
	fromGraphQL   sourceKind = "graphql"
	fromConstant  sourceKind = "constant"
)

// needsBody says whether the place is in the body.
func (k sourceKind) needsBody() bool {
	switch k {
	case fromJSON, fromForm, fromMultipart, fromFilename, fromXML, fromGraphQL:
		return true
	}
	return false
}

// given are the places of a source as written, with their texts.
func (c *SourceConfig) given() map[sourceKind]string {
	given := map[sourceKind]string{}
	for kind, text := range map[sourceKind]*string{fromPath: c.Path, fromQuery: c.Query, fromHeader: c.Header,
		fromCookie: c.Cookie, fromJSON: c.JSON, fromForm: c.Form, fromMultipart: c.Multipart, fromFilename: c.Filename,
		fromXML: c.XML, fromGraphQL: c.GraphQL, fromConstant: c.Constant} {
		if text != nil {
			given[kind] = *text
		}
	}
	return given
}

// read appends the source's values in a message, before its transforms.
func (s *source) read(m *message, list []found) []found {
	switch s.kind {
	case fromConstant:
		return append(list, found{text: s.name})
	case fromPath:
		if text, ok := m.pattern.parameter(m.arena(), m.path, s.name); ok {
			return append(list, found{text: text})
		}
	case fromQuery:
		return formValues(m.arena(), list, m.query, s.name)
	case fromHeader:
		return m.headers(list, s.name)
	case fromCookie:
		return m.cookies(list, s.name)
	case fromForm:
		return formValues(m.arena(), list, m.form(), s.name)
	case fromMultipart:
		return append(list, partsNamed(m.readMultipart().fields, s.name)...)
	case fromFilename:
		return append(list, partsNamed(m.readMultipart().files, s.name)...)
	case fromJSON:
		return m.selectJSON(list, &s.json)
	case fromXML:
		return append(list, s.readXML(m)...)
	case fromGraphQL:
		return append(list, s.readGraphQL(m)...)
	}
	return list
}

func (s *source) readXML(m *message) []found {
	c := m.read()
	claims := strings.HasSuffix(c.media, "/xml") || strings.HasSuffix(c.media, "+xml")
	if c.unreadable || c.truncated || c.starts() != '<' || c.media == "text/html" {
		return nil
	}
	values, err := selectXML(c.data, s.xml)
	if err != nil && claims {
		m.issues.add("invalid_xml", "", m.side()+" "+err.Error())
	}
	return values
}

func (s *source) readGraphQL(m *message) []found {
	var values []found
	reads := 0
	for i := range m.readGraphQL().calls {
		call := &m.requests.calls[i]
		if len(m.graphql) > 0 && !call.isGraphQL(m.graphql) {
			continue
		}
		values = append(values, call.get(s.graphql)...)
		if reads++; len(values) > maxValuesPerElement || reads >= maxGraphQLReads {
			break
		}
	}
	return values
}

var jsonPathPosition = regexp.MustCompile(`^(.*) at (\d+) in `)

// parseJSONPath reads an RFC 9535 path that begins at the root.
func parseJSONPath(text string) (jp.Expr, error) {
	if !strings.HasPrefix(text, "$") {
		return nil, &pathError{0, "a JSON path begins with $"}
	}
	if len(text) > 1024 {
		return nil, &pathError{0, "a JSON path is at most 1024 bytes long"}
	}
	if at := strings.LastIndex(text, ".."); at != strings.Index(text, "..") {
		// Each descent visits the whole tree for each value found so far.
		return nil, &pathError{at, "a JSON path may descend (..) once only"}
	}
	path, err := jp.ParseString(text)
	if err != nil {
		message, at := err.Error(), 0
		if found := jsonPathPosition.FindStringSubmatch(message); found != nil {
			message = found[1]
			at, _ = strconv.Atoi(found[2])
		}
		return nil, &pathError{max(0, min(at, len(text))-1), "is no JSON path (RFC 9535): " + message}
	}
	for _, fragment := range path {
		if _, runs := fragment.(*jp.Proc); runs {
			return nil, &pathError{0, "a JSON path cannot run scripts"}
		}
	}
	return path, nil
}

// pathProblem places an error of a path inside the text it was written as.
func pathProblem(mark document.Mark, key string, err error) document.Problem {
	var at *pathError
	if errors.As(err, &at) {
		return mark.ProblemAt(key, document.Offset{Column: at.at}, at.message, "")
	}
	return mark.Problem(key, err.Error(), "")
}
