package capture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wayguard/document"
	"wayguard/element"
)

// maxTakes bounds the elements one spec may take of each side.
const maxTakes = 128

// takes compiles the elements that a spec takes of one side, in the order of their names.
func (c *compiler) takes(config *SpecConfig, at document.Mark, written map[string]SourcesConfig, response bool) []take {
	if len(written) > maxTakes {
		c.tell(at.Problem("", fmt.Sprintf("takes more than %d elements", maxTakes), ""))
		return nil
	}
	byName := map[string]*take{}
	for _, key := range slices.Sorted(maps.Keys(written)) {
		name, part, isPart := strings.Cut(key, ".")
		definition, found := c.definition(at, key, name)
		sources := c.sources(config, at.Child(key), definition, written[key], response)
		if !found {
			continue
		}
		t := byName[name]
		if t == nil {
			t = &take{name: name, kind: definition.Type, prepared: c.normaliser.Prepare(definition), known: definition.Type.InputParts()}
			byName[name] = t
		}
		if !isPart {
			t.sources = sources
			continue
		}
		if known := definition.Type.InputParts(); !slices.Contains(known, part) {
			c.tell(at.Problem(key, fmt.Sprintf("%s has no part %q to be given", name, part), knownWords(part, known)))
		}
		t.parts = append(t.parts, partTake{name: part, sources: sources})
	}
	list := make([]take, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		t := byName[name]
		t.alone = len(t.parts) == 0 && t.kind != element.Money
		list = append(list, *t)
	}
	return list
}

func knownWords(word string, known []string) string {
	if near := document.DidYouMean(word, known); near != "" || len(known) == 0 {
		return near
	}
	return "known are: " + strings.Join(known, ", ")
}

// definition finds an element. One that is switched off is known and not found, which is no problem.
func (c *compiler) definition(at document.Mark, key, name string) (element.Definition, bool) {
	if definition, ok := c.catalogue.Find(name); ok {
		return definition, true
	}
	if definition, off := c.known.Find(name); off {
		return definition, false
	}
	near := c.catalogue.Suggest(name)
	if near == "" {
		names := make([]string, 0, 256)
		for _, definition := range c.catalogue.All() {
			names = append(names, definition.Name)
		}
		near = document.Suggest(name, names)
	}
	suggestion := ""
	if near != "" {
		suggestion = fmt.Sprintf("did you mean %q?", near)
	}
	c.tell(at.Problem(key, fmt.Sprintf("no such element %q", name), suggestion))
	return element.Definition{}, false
}

func (c *compiler) sources(spec *SpecConfig, at document.Mark, definition element.Definition, configs SourcesConfig, response bool) []source {
	if len(configs) == 0 || len(configs) > 32 {
		c.tell(at.Problem("", "needs between 1 and 32 sources", ""))
		return nil
	}
	var sources []source
	for i := range configs {
		config := &configs[i]
		if config.At == (document.Mark{}) {
			config.At = at
		}
		sources = append(sources, c.source(spec, definition, config, response))
	}
	return sources
}

func (c *compiler) source(spec *SpecConfig, definition element.Definition, config *SourceConfig, response bool) source {
	s := source{unit: config.Unit}
	given := config.given()
	kinds := slices.Sorted(maps.Keys(given))
	if len(kinds) != 1 {
		c.tell(config.At.Problem("", fmt.Sprintf("names %d places, exactly one is needed", len(kinds)),
			"one of path, query, header, cookie, json, form, multipart, filename, xml, graphql, constant"))
		return s
	}
	s.kind = kinds[0]
	s.name = given[s.kind]
	c.place(spec, config, &s, response)
	for i, text := range config.Transform {
		made, err := parseTransform(text)
		if err != nil {
			name, _, _ := strings.Cut(text, "(")
			c.tell(config.At.Problem(fmt.Sprintf("transform[%d]", i), err.Error(), c.transformHint(name)))
			continue
		}
		s.transforms, s.splits = append(s.transforms, made), s.splits || made.one == nil
	}
	c.money(spec, definition, config, &s, response)
	return s
}

func (c *compiler) transformHint(name string) string {
	if known := transformNames(); !slices.Contains(known, name) {
		return knownWords(name, known)
	}
	return ""
}

// money checks the keys that only amounts have.
func (c *compiler) money(spec *SpecConfig, definition element.Definition, config *SourceConfig, s *source, response bool) {
	isMoney := definition.Type == element.Money
	if !isMoney && definition.Name != "" && (config.Unit != "" || len(config.Currency) > 0) {
		c.tell(config.At.Problem("", fmt.Sprintf("unit and currency are for money; %s is %s", definition.Name, definition.Type), ""))
		return
	}
	switch {
	case config.Unit == "" && isMoney:
		s.unit = "major"
	case config.Unit != "" && config.Unit != "major" && config.Unit != "minor":
		c.tell(config.At.Problem("unit", "must be major or minor", document.DidYouMean(config.Unit, []string{"major", "minor"})))
	}
	if len(config.Currency) > 0 {
		s.currency = c.sources(spec, config.At.Child("currency"), element.Definition{Name: "currency", Type: element.Currency},
			config.Currency, response)
	}
}

// place compiles where the value is, and refuses places that the message cannot have.
func (c *compiler) place(spec *SpecConfig, config *SourceConfig, s *source, response bool) {
	at, key := config.At, string(s.kind)
	if s.name == "" {
		c.tell(at.Problem(key, "is empty", ""))
		return
	}
	if trouble := misplaced(spec, s.kind, response); trouble != "" {
		c.tell(at.Problem(key, trouble, ""))
	}
	var err error
	switch s.kind {
	case fromPath:
		p, _ := parsePattern(spec.Match.Path)
		if names := p.names(); !slices.Contains(names, s.name) && !response {
			c.tell(at.Problem(key, fmt.Sprintf("the path pattern has no parameter %q", s.name), knownWords(s.name, names)))
		}
	case fromJSON:
		s.json.number = complexPath
		s.json.path, err = parseJSONPath(s.name)
	case fromXML:
		s.xml, err = parseXMLPath(s.name)
	case fromGraphQL:
		s.graphql, err = parseGraphQLPath(s.name)
	}
	if err != nil {
		c.tell(pathProblem(at, key, err))
	}
}

// misplaced says why a message of the spec can never have the place, "" when it can.
func misplaced(spec *SpecConfig, kind sourceKind, response bool) string {
	switch {
	case response:
		return misplacedInResponse(kind)
	case !kind.needsBody():
		return ""
	case bodiless(spec.Match.Method) && kind != fromGraphQL:
		return fmt.Sprintf("a %s request has no body to take %s from", spec.Match.Method[0], kind)
	case bodiless(spec.Match.Method) && len(spec.Match.GraphQL) == 0:
		return "the spec matches no GraphQL request: give match.graphql"
	}
	possible := func(media string) bool { return strings.Contains(media, "*") || fits(kind, media) }
	if len(spec.Match.ContentType) > 0 && !slices.ContainsFunc(spec.Match.ContentType, possible) {
		return fmt.Sprintf("a body of type %s has no %s", strings.Join(spec.Match.ContentType, ", "), kind)
	}
	return ""
}

func misplacedInResponse(kind sourceKind) string {
	switch kind {
	case fromPath, fromQuery, fromForm, fromMultipart, fromFilename, fromGraphQL:
		return fmt.Sprintf("a response has no %s: take it under \"take\"", kind)
	}
	return ""
}

// bodiless says whether none of the methods has a body.
func bodiless(methods []string) bool {
	return len(methods) > 0 && !slices.ContainsFunc(methods,
		func(method string) bool { return method != "GET" && method != "HEAD" })
}

// fits says whether a body of the media type may hold the place.
func fits(kind sourceKind, media string) bool {
	form, multipart := media == "application/x-www-form-urlencoded", media == "multipart/form-data"
	switch kind {
	case fromForm:
		return form
	case fromMultipart, fromFilename:
		return multipart
	case fromJSON, fromXML:
		return !form && !multipart && !(kind == fromXML && isJSON(media)) && !(kind == fromJSON && strings.HasSuffix(media, "xml"))
	case fromGraphQL:
		return !form && !multipart
	}
	return true
}
