package payment

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
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
		if entries := section[name]; entries != nil {
			r.objects(section, name, entries, place{"$.airline", -1}, nil)
		}
	}
}

func (r *reader) items(tree Tree, value any) {
	r.objects(tree, "items", value, place{"$", -1}, func(item Tree, index int) {
		r.members(item, place{"$.items", index}, itemField)
		if emptyField(item["name"]) && emptyField(item["sku"]) {
			r.warn("$.items[*].name", CodeRequired, "an item should have a name or a sku")
		}
	})
}

// objects checks a list of objects; what is none is left out, with a warning.
func (r *reader) objects(section Tree, name string, value any, at place, look func(object Tree, index int)) {
	list, ok := value.([]any)
	if !ok {
		r.fault(at, name, CodeType, "must be a list of objects")
		delete(section, name)
		return
	}
	kept := list[:0]
	for _, entry := range r.atMost(list, maxItems, at, name) {
		object, ok := entry.(Tree)
		if !ok {
			r.warn(at.kin(name)+"[*]", CodeType, "must be an object; it was left out")
			continue
		}
		if look != nil {
			look(object, len(kept))
		}
		kept = append(kept, object)
	}
	section[name] = kept
}

func emptyField(value any) bool { return value == nil || value == "" }

// metadata is a map of texts. Its names are the merchant's, so most are allowed.
func (r *reader) metadata(tree Tree, value any) {
	section, ok := value.(Tree)
	if !ok {
		r.fault(place{"$", -1}, "metadata", CodeType, "must be an object")
		delete(tree, "metadata")
		return
	}
	at := place{"$.metadata", -1}
	kept := make(map[string]string, min(len(section), maxMetadata))
	for _, name := range r.names(section, maxMetadata, at.section) {
		member := section[name]
		if !r.metadataName(section, name, at) || member == nil {
			delete(section, name)
			continue
		}
		sent, ok := member.(string)
		if !ok {
			r.fault(at, name, CodeType, "must be a string")
			delete(section, name)
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

// names are the names of a section, in order; what is beyond the most that are allowed is left out, with a warning.
func (r *reader) names(section Tree, most int, field string) []string {
	names := slices.Sorted(maps.Keys(section))
	if len(names) <= most {
		return names
	}
	r.warn(field, CodeTooLong, "had more than "+strconv.Itoa(most)+" entries; those beyond were left out")
	for _, name := range names[most:] {
		delete(section, name)
	}
	return names[:most]
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
		r.fault(place{"$", -1}, "backend_data", CodeType, "must be an object")
		return
	}
	at := place{"$.backend_data", -1}
	data := make(map[string]Tree, min(len(section), maxBackends))
	for _, name := range r.names(section, maxBackends, at.section) {
		member := section[name]
		if member == nil {
			continue
		}
		tree, ok := member.(Tree)
		if !ok {
			r.fault(at, name, CodeType, "must be an object")
			continue
		}
		if r.withoutCodes(tree) {
			r.warn(at.kin(name), CodeDropped, "held a security code, which must not be sent here")
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
