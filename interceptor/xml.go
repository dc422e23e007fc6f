package interceptor

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"wayguard/payment"
)

// errCharset is what an XML body in another encoding fails with.
var errCharset = errors.New("encoding not supported")

// readXML reads an XML document as an element tree: {"Root": {...}}, by local names. Attributes are "@name"; an element's text is its value,
// or "#text" where it has attributes or elements as well; elements of one name are a list. All values are text, without the white space
// around it. A document type declaration is refused: it is where entities that grow or read files come from.
func readXML(body []byte) (any, *payment.Problem) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = charset
	r := xmlReader{decoder: decoder}
	var root map[string]any
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && root != nil {
			return root, nil
		}
		if err != nil {
			return nil, flawed("$", "format", "not valid XML, or in another encoding than UTF-8 and ISO-8859-1")
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, flawed("$", "doctype", "document type declarations are refused")
		case xml.StartElement:
			if root != nil {
				return nil, flawed("$", "format", "more than one root element")
			}
			value, flaw := r.element(token, below("$", token.Name.Local), 1)
			if flaw != nil {
				return nil, flaw
			}
			root = map[string]any{token.Name.Local: value}
		case xml.CharData:
			if len(bytes.TrimSpace(token)) != 0 {
				return nil, flawed("$", "format", "text outside of the root element")
			}
		}
	}
}

func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return input, nil
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(input), nil
	case "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(input), nil
	}
	return nil, errCharset
}

type xmlReader struct {
	decoder *xml.Decoder
	nodes   int
}

func (r *xmlReader) element(start xml.StartElement, path string, depth int) (any, *payment.Problem) {
	if r.nodes += 1 + len(start.Attr); r.nodes > maxNodes {
		return nil, flawed(path, "size", "more than 100,000 values")
	}
	if depth > maxDepth {
		return nil, flawed(path, "depth", "more than 64 levels")
	}
	object, text := map[string]any{}, strings.Builder{}
	for _, attr := range start.Attr {
		name := "@" + attr.Name.Local
		if attr.Name.Space == "xmlns" || name == "@xmlns" {
			continue
		}
		if _, twice := object[name]; twice {
			return nil, flawed(below(path, name), "duplicate", "stands twice on its element")
		}
		object[name] = attr.Value
	}
	for {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, flawed(path, "format", "not valid XML")
		}
		switch token := token.(type) {
		case xml.EndElement:
			return elementValue(object, strings.TrimSpace(text.String())), nil
		case xml.CharData:
			text.Write(token)
		case xml.Directive:
			return nil, flawed(path, "doctype", "document type declarations are refused")
		case xml.StartElement:
			value, flaw := r.element(token, below(path, token.Name.Local), depth+1)
			if flaw != nil {
				return nil, flaw
			}
			addElement(object, token.Name.Local, value)
		}
	}
}

// addElement makes a list of elements of one name; no single element's value is a list.
func addElement(object map[string]any, name string, value any) {
	before, again := object[name]
	switch list, isList := before.([]any); {
	case !again:
		object[name] = value
	case isList:
		object[name] = append(list, value)
	default:
		object[name] = []any{before, value}
	}
}

func elementValue(object map[string]any, text string) any {
	if len(object) == 0 {
		return text
	}
	if text != "" {
		object["#text"] = text
	}
	return object
}
