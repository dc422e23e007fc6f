package hub

import (
	"net/http"

	"wayguard/access"
	"wayguard/element"
	"wayguard/event"
	"wayguard/search"
)

func (h *Hub) fields(w http.ResponseWriter, r *http.Request, who visitor) error {
	var labels, signatures []string
	if h.deps.Labels != nil {
		labels, signatures = h.deps.Labels(who.env)
	}
	h.writeJSON(w, r, http.StatusOK, fieldsAnswer{
		Fields:     append(sessionFields(labels, signatures), elementFields(h.deps.Elements(who.env))...),
		EventTypes: event.Types(),
	})
	return nil
}

// elementFields leaves out secrets: nothing is kept of them that could be searched.
func elementFields(definitions []element.Definition) []Field {
	fields := make([]Field, 0, len(definitions))
	for _, d := range definitions {
		if d.Sensitivity == element.Secret {
			continue
		}
		field := Field{Name: d.Name, Human: d.Human, Group: d.Category, Kind: string(d.Kind), Type: string(d.Type), Sensitive: d.Sensitivity == element.Hashed}
		if d.Type == element.Boolean {
			field.Values = []FieldValue{{Value: "true", Human: "Yes"}, {Value: "false", Human: "No"}}
		}
		fields = append(fields, field)
	}
	return fields
}

// sessionFields are those a session has whatever its elements.
func sessionFields(labels, signatures []string) []Field {
	const group, kind = "Session", "session"
	return []Field{
		{Name: search.FieldRating, Human: "Session Risk Rating", Group: group, Kind: kind, Type: "rating", Values: ratingValues()},
		{Name: search.FieldSession, Human: "Session ID", Group: group, Kind: kind, Type: "id"},
		{Name: search.FieldJourney, Human: "Journey ID", Group: group, Kind: kind, Type: "id"},
		{Name: search.FieldEventType, Human: "Event Type", Group: group, Kind: kind, Type: "event_type", Values: typeValues()},
		{Name: search.FieldEventName, Human: "Event Name", Group: group, Kind: kind, Type: "string"},
		{Name: search.FieldLabel, Human: "Session Label", Group: group, Kind: kind, Type: "string", Values: plainValues(labels)},
		{Name: search.FieldSignature, Human: "Signature", Group: group, Kind: kind, Type: "string", Values: plainValues(signatures)},
	}
}

func ratingValues() []FieldValue {
	var values []FieldValue
	for _, rating := range []event.Rating{event.Normal, event.Suspicious, event.Malicious} {
		values = append(values, FieldValue{Value: rating.String(), Human: rating.Human()})
	}
	return values
}

func typeValues() []FieldValue {
	var values []FieldValue
	for _, info := range event.Types() {
		values = append(values, FieldValue{Value: string(info.Type), Human: info.Human})
	}
	return values
}

func plainValues(names []string) []FieldValue {
	var values []FieldValue
	for _, name := range names {
		values = append(values, FieldValue{Value: name, Human: name})
	}
	return values
}

// permissionsOf lists what a role may do, in the order the permissions are documented in.
func permissionsOf(role access.Role) []access.Permission {
	granted := []access.Permission{}
	for _, p := range []access.Permission{access.ViewSessions, access.ExportData, access.ViewConfig, access.EditConfig, access.ManageUsers} {
		if role.Allows(p) {
			granted = append(granted, p)
		}
	}
	return granted
}
