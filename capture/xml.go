package capture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The bounds of an XML text.
const (
	maxXMLDepth  = 64
	maxXMLTokens = 20_000
)

// xmlPath is a compiled path of the supported part of XPath: /a/b, //b, *, a[2], and @name or text() at the end. Names
// are local ones, prefixes are not regarded.
type xmlPath struct {
	steps []xmlStep
	// attribute is the attribute asked for, empty for the text of the element.
	attribute string
}

type xmlStep struct {
	name string
	// deep steps may skip levels ("//").
	deep bool
	// index counts from 1; 0 takes all.
	index int
}

// pathError is an error at a place in a path.
type pathError struct {
	at      int
	message string
}

func (e *pathError) Error() string { return e.message }

func parseXMLPath(source string) (xmlPath, error) {
	var path xmlPath
	if !strings.HasPrefix(source, "/") {
		return path, &pathError{0, `an XML path begins with "/"`}
	}
	for at := 0; at < len(source); {
		deep := strings.HasPrefix(source[at:], "//")
		at++
		if deep {
			at++
		}
		end := at + strings.IndexByte(source[at:]+"/", '/')
		// Only a path that has a step can end in an attribute or a text.
		last := end == len(source) && len(path.steps) > 0 && !deep
		if err := path.add(source[at:end], deep, last); err != nil {
			return path, &pathError{at, err.Error()}
		}
		at = end
	}
	if len(path.steps) == 0 || len(path.steps) > maxXMLDepth {
		return path, &pathError{0, "an XML path has between 1 and 64 steps"}
	}
	return path, nil
}

// add appends what stands between two slashes; last is true where an attribute or a text may stand.
func (p *xmlPath) add(text string, deep, last bool) error {
	switch {
	case text == "":
		return errors.New("a step is missing here")
	case last && text == "text()":
		return nil
	case last && text[0] == '@' && isXMLName(text[1:]):
		p.attribute = text[1:]
		return nil
	}
	step, err := parseXMLStep(text, deep)
	if err == nil {
		p.steps = append(p.steps, step)
	}
	return err
}

func parseXMLStep(text string, deep bool) (xmlStep, error) {
	step := xmlStep{name: text, deep: deep}
	if name, rest, indexed := strings.Cut(text, "["); indexed {
		index, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
		if err != nil || index < 1 || !strings.HasSuffix(rest, "]") {
			return step, errors.New("only a position from 1 can stand in brackets")
		}
		step.name, step.index = name, index
	}
	if _, local, prefixed := strings.Cut(step.name, ":"); prefixed {
		step.name = local
	}
	if step.name != "*" && !isXMLName(step.name) {
		return step, fmt.Errorf("%q is no step: a name, *, @name or text() can stand here", text)
	}
	return step, nil
}

func isXMLName(text string) bool {
	return text != "" && !strings.ContainsAny(text, "/@[]()*:'\"= \t<>&|$") && text != "." && text != ".."
}

// xmlWalk follows one path through a text. For every open element it knows which steps are reached.
type xmlWalk struct {
	path xmlPath
	// open holds, per open element, the number of steps fulfilled up to it in every way it can be reached.
	open []xmlOpen
	// texts gathers the text of elements that the path selects, by depth.
	texts  map[int]*strings.Builder
	values []found
}

type xmlOpen struct {
	reached []int
	// counts are the children seen so far, by step, for positions.
	counts map[int]int
}

// selectXML gives the values at a path. Any document type is refused: entities could grow without bound.
func selectXML(data []byte, path xmlPath) ([]found, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	walk := xmlWalk{path: path, texts: map[int]*strings.Builder{}, open: []xmlOpen{{reached: []int{0}}}}
	for range maxXMLTokens {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return walk.values, nil
		}
		if err != nil {
			return nil, errors.New("is no valid XML")
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errors.New("declares a document type, which is not read")
		case xml.StartElement:
			if len(walk.open) > maxXMLDepth {
				return nil, errors.New("is nested too deep")
			}
			walk.enter(t)
		case xml.EndElement:
			walk.leave()
		case xml.CharData:
			if text := walk.texts[len(walk.open)]; text != nil {
				text.Write(t)
			}
		}
	}
	return nil, errors.New("holds too many parts")
}

func (w *xmlWalk) enter(element xml.StartElement) {
	parent := &w.open[len(w.open)-1]
	next := xmlOpen{}
	selected := false
	for _, reached := range parent.reached {
		if reached == len(w.path.steps) {
			continue
		}
		step := w.path.steps[reached]
		if step.deep {
			next.add(reached)
		}
		if step.name != "*" && step.name != element.Name.Local || !parent.position(reached, step.index) {
			continue
		}
		next.add(reached + 1)
		selected = selected || reached+1 == len(w.path.steps)
	}
	w.open = append(w.open, next)
	if !selected {
		return
	}
	if w.path.attribute == "" {
		w.texts[len(w.open)] = &strings.Builder{}
		return
	}
	for _, attribute := range element.Attr {
		if attribute.Name.Local == w.path.attribute && len(w.values) <= maxValuesPerElement {
			w.values = append(w.values, found{text: attribute.Value})
		}
	}
}

func (w *xmlWalk) leave() {
	depth := len(w.open)
	if text := w.texts[depth]; text != nil {
		if len(w.values) <= maxValuesPerElement {
			w.values = append(w.values, found{text: strings.TrimSpace(text.String())})
		}
		delete(w.texts, depth)
	}
	w.open = w.open[:depth-1]
}

func (o *xmlOpen) add(reached int) {
	for _, known := range o.reached {
		if known == reached {
			return
		}
	}
	o.reached = append(o.reached, reached)
}

// position counts a child that fits a step and says whether it is the one wanted.
func (o *xmlOpen) position(step, index int) bool {
	if index == 0 {
		return true
	}
	if o.counts == nil {
		o.counts = map[int]int{}
	}
	o.counts[step]++
	return o.counts[step] == index
}
