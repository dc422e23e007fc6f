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
		Fields: append(append(sessionFields(labels, signatures), actionFields(h.policyNames(who.env))...),
			elementFields(h.deps.Elements(who.env))...),
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

// actionFields are those of what was done; policies are the names that there are now.
func actionFields(policies []string) []Field {
	const group, kind = "Mitigation", "session"
	var kinds, outcomes []FieldValue
	for _, k := range event.ActionKinds() {
		kinds = append(kinds, FieldValue{Value: string(k), Human: actionWord(k)})
	}
	for _, outcome := range actionOutcomes() {
		outcomes = append(outcomes, FieldValue{Value: string(outcome), Human: outcomeWord(outcome)})
	}
	return []Field{
		{Name: search.FieldAction, Human: "Action", Group: group, Kind: kind, Type: "string", Values: kinds},
		{Name: search.FieldPolicy, Human: "Policy", Group: group, Kind: kind, Type: "string", Values: plainValues(policies)},
		{Name: search.FieldOutcome, Human: "Action Outcome", Group: group, Kind: kind, Type: "string", Values: outcomes},
	}
}

// actionWord is what analysts call a kind of action. The pages have the same words.
func actionWord(k event.ActionKind) string {
	switch k {
	case event.Drop:
		return "Connection dropped"
	case event.Block:
		return "Blocked"
	case event.Maintenance:
		return "Maintenance page"
	case event.Redirect:
		return "Redirected"
	case event.Feign:
		return "Feigned answer"
	case event.Decoy:
		return "Sent to a decoy"
	case event.Challenge:
		return "Check"
	case event.SecondFactor:
		return "Second factor"
	case event.RateLimit:
		return "Rate limited"
	case event.Delay:
		return "Delayed"
	case event.Rewrite:
		return "Rewritten"
	case event.Inject:
		return "Content added"
	case event.Tag:
		return "Tagged for the application"
	case event.Webhook:
		return "Webhook"
	case event.Notify:
		return "Message"
	}
	return string(k)
}

func actionOutcomes() []event.Outcome {
	return []event.Outcome{event.Done, event.Withheld, event.Unavailable, event.Failed, event.Passed, event.Refused}
}

func outcomeWord(o event.Outcome) string {
	switch o {
	case event.Done:
		return "Done"
	case event.Withheld:
		return "Withheld"
	case event.Unavailable:
		return "Not possible in this mode"
	case event.Failed:
		return "Failed"
	case event.Passed:
		return "Check passed"
	case event.Refused:
		return "Check failed"
	}
	return string(o)
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
	for _, p := range []access.Permission{access.ViewSessions, access.ExportData, access.ViewConfig, access.EditConfig, access.ManageUsers, access.SpareVisitors,
		access.ManageMitigation, access.ViewPayments, access.ReviewPayments, access.ManagePayments} {
		if role.Allows(p) {
			granted = append(granted, p)
		}
	}
	return granted
}
