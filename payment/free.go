package payment

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// unknown keeps a member that is no part of a request, so that rules can read it, and warns of it. Secrets, and what has no plain name,
// are left out.
func (r *reader) unknown(section Tree, name string, value any, at place) {
	switch {
	case namesSecurityCode(name):
		delete(section, name)
		r.warn(at.kin(name), CodeDropped, "is a security code, which must not be sent here")
	case namesSecret(name):
		delete(section, name)
		r.warn(at.kin(name), CodeDropped, "is a secret by its name")
	case !plainName(name):
		delete(section, name)
		r.warn(at.kin(name), CodeDropped, "has a name that is not known and not plain")
	default:
		r.warn(at.kin(name), CodeUnknownField, "is not known; rules can read it")
		section[name] = r.cleanValue(value, at, name, 0)
	}
}

// cleanValue cleans a value of any shape, in place where it can. name is the member of the place that it is in.
func (r *reader) cleanValue(value any, at place, name string, depth int) any {
	switch v := value.(type) {
	case string:
		return r.clean(v, kindText, at, name)
	case json.Number:
		return maskNumber(v, func(text string) string { return r.clean(text, kindText, at, name) })
	case []any:
		for i := range v {
			v[i] = r.cleanValue(v[i], at, name, depth+1)
		}
	case Tree:
		for inner, member := range v {
			switch {
			case member == nil:
				delete(v, inner)
			case namesSecurityCode(inner), namesSecret(inner), !plainName(inner):
				delete(v, inner)
				r.warn(at.kin(name)+"."+shownName(inner), CodeDropped, "is a secret by its name, or its name is not plain")
			default:
				v[inner] = r.cleanValue(member, at, name, depth+1)
			}
		}
	}
	return value
}

func (r *reader) airline(value any) {
	section, _ := value.(Tree)
	for _, name := range [...]string{"passengers", "legs"} {
		entries := section[name]
		if entries == nil {
			continue
		}
		list, ok := entries.([]any)
		if !ok {
			r.problem("$.airline."+name, CodeType, "must be a list of objects")
			continue
		}
		if len(list) > maxItems {
			r.problem("$.airline."+name, CodeTooLong, "must not have more than "+strconv.Itoa(maxItems)+" entries")
			continue
		}
		for i := range list {
			if _, ok := list[i].(Tree); !ok {
				r.problem("$.airline."+name+"["+strconv.Itoa(i)+"]", CodeType, "must be an object")
			}
		}
	}
}

func (r *reader) items(value any) {
	list, ok := value.([]any)
	if !ok {
		r.problem("$.items", CodeType, "must be a list of objects")
		return
	}
	if len(list) > maxItems {
		r.problem("$.items", CodeTooLong, "must not have more than "+strconv.Itoa(maxItems)+" entries")
		return
	}
	for i, entry := range list {
		item, ok := entry.(Tree)
		if !ok {
			r.problem("$.items["+strconv.Itoa(i)+"]", CodeType, "must be an object")
			continue
		}
		r.members(item, place{"$.items", i}, itemField)
		if emptyField(item["name"]) && emptyField(item["sku"]) {
			r.problem("$.items["+strconv.Itoa(i)+"].name", CodeRequired, "an item needs a name or a sku")
		}
	}
}

func emptyField(value any) bool { return value == nil || value == "" }

// metadata is a map of texts. Its names are the merchant's, so most are allowed.
func (r *reader) metadata(value any) {
	section, ok := value.(Tree)
	if !ok {
		r.problem("$.metadata", CodeType, "must be an object")
		return
	}
	if len(section) > maxMetadata {
		r.problem("$.metadata", CodeTooLong, "must not have more than "+strconv.Itoa(maxMetadata)+" entries")
		return
	}
	at := place{"$.metadata", -1}
	kept := make(map[string]string, len(section))
	for name, member := range section {
		if !r.metadataName(section, name, at) || member == nil {
			delete(section, name)
			continue
		}
		sent, ok := member.(string)
		if !ok {
			r.problem(at.field(name), CodeType, "must be a string")
			continue
		}
		text := r.text(kindText, sent, at, name)
		if text != sent {
			section[name] = text
		}
		kept[name] = text
	}
	r.request.Metadata = kept
}

func (r *reader) metadataName(section Tree, name string, at place) bool {
	if namesSecurityCode(name) {
		r.warn(at.kin(name), CodeDropped, "is a security code, which must not be sent here")
		return false
	}
	if _, found := r.find.mask(name); found || name == "" || len(name) > maxMetadataName || printable(name) != name {
		r.warn(at.kin("*"), CodeDropped, "has a name that is too long or not printable, or holds what looks like a card number")
		return false
	}
	return true
}

// backendData is passed through to single backends; rules do not read it and nobody keeps it. Security codes are left out even of it.
func (r *reader) backendData(value any) {
	section, ok := value.(Tree)
	if !ok {
		r.problem("$.backend_data", CodeType, "must be an object")
		return
	}
	if len(section) > maxBackends {
		r.problem("$.backend_data", CodeTooLong, "must not have more than "+strconv.Itoa(maxBackends)+" entries")
		return
	}
	data := make(map[string]Tree, len(section))
	for name, member := range section {
		if member == nil {
			continue
		}
		tree, ok := member.(Tree)
		if !ok {
			r.problem("$.backend_data."+shownName(name), CodeType, "must be an object")
			continue
		}
		if r.withoutCodes(tree) {
			r.warn("$.backend_data."+shownName(name), CodeDropped, "held a security code, which must not be sent here")
		}
		data[name] = tree
	}
	r.request.BackendData = data
}

// withoutCodes takes security codes out of a value and says whether there were any.
func (r *reader) withoutCodes(value any) (found bool) {
	switch v := value.(type) {
	case []any:
		for i := range v {
			found = r.withoutCodes(v[i]) || found
		}
	case Tree:
		for name, member := range v {
			if namesSecurityCode(name) {
				delete(v, name)
				found = true
				continue
			}
			found = r.withoutCodes(member) || found
		}
	}
	return found
}

// copyValue copies a tree that somebody else made and brings its numbers to one form.
func copyValue(value any, depth int, values *int) (any, *Problem) {
	if *values++; *values > maxValues || depth > maxDepth {
		return nil, &Problem{"", CodeTooLarge, "is nested too deep or holds too many values"}
	}
	switch v := value.(type) {
	case nil, bool:
		return v, nil
	case string:
		return strings.ToValidUTF8(v, ""), nil
	case json.Number:
		if number := jsontext.Value(v); number.Kind() == '0' && number.IsValid() {
			return v, nil
		}
	case int:
		return json.Number(strconv.Itoa(v)), nil
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), nil
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return json.Number(strconv.FormatFloat(v, 'f', -1, 64)), nil
		}
	case []any:
		return copyList(v, depth, values)
	case Tree:
		return copyTree(v, depth, values)
	}
	return nil, &Problem{"", CodeType, "must be a value that JSON has"}
}

func copyList(v []any, depth int, values *int) (any, *Problem) {
	list := make([]any, len(v))
	for i := range v {
		member, problem := copyValue(v[i], depth+1, values)
		if problem != nil {
			problem.Field = "[" + strconv.Itoa(i) + "]" + problem.Field
			return nil, problem
		}
		list[i] = member
	}
	return list, nil
}

func copyTree(v Tree, depth int, values *int) (any, *Problem) {
	tree := make(Tree, len(v))
	for name, member := range v {
		copied, problem := copyValue(member, depth+1, values)
		if problem != nil {
			problem.Field = "." + shownName(name) + problem.Field
			return nil, problem
		}
		tree[name] = copied
	}
	return tree, nil
}
