package payment

import (
	"cmp"
	"slices"
)

// Acceptance is what an installation takes and knows.
type Acceptance struct {
	// PCI says whether full card numbers may come; empty is SAQA.
	PCI PCILevel
	// Bins is the table of card number prefixes, nil for none.
	Bins *Bins
	// Prints makes fingerprints; the zero value makes none.
	Prints Fingerprinter
}

// Parse reads a decision request from JSON and checks it. With a problem there is no request; only what a decision cannot do without is
// one: the credential, the customer's id and the transaction. What is wrong elsewhere is left out, with a warning, so that nothing that a
// buyer types keeps a payment from being decided. Numbers of the request's Tree are json.Number. Neither the request nor a problem keeps the body, and no problem or warning holds a value of it.
//
// Card numbers and IBANs stand in Request.Credential only; where one stands elsewhere it is masked, with a warning. Security codes are
// left out wherever they stand, with a warning.
func Parse(body []byte, a Acceptance) (*Request, []Problem) {
	tree, problem := decode(body)
	if problem != nil {
		problem.Field = "$" + problem.Field
		return nil, []Problem{*problem}
	}
	return check(tree, a)
}

// ParseTree is Parse for a tree that was made by a mapping; its numbers may be json.Number, int, int64 or float64. It is not changed.
func ParseTree(t Tree, a Acceptance) (*Request, []Problem) {
	values := 0
	copied, problem := copyValue(t, 0, &values)
	if problem != nil {
		problem.Field = "$" + problem.Field
		return nil, []Problem{*problem}
	}
	return check(copied.(Tree), a)
}

// The numbers of problems and warnings that are told. Whoever sends more has other worries.
const (
	maxProblems = 100
	maxWarnings = 50
)

// reader checks one request, in place: tree is its own.
type reader struct {
	a        Acceptance
	find     scanner
	request  *Request
	problems []Problem
}

func check(tree Tree, a Acceptance) (*Request, []Problem) {
	r := reader{a: a, request: &Request{Context: DefaultContext, Tree: tree}}
	// The credential comes first: its number is looked for in everything else.
	r.credential(tree)
	for name, value := range tree {
		if value == nil {
			delete(tree, name)
			continue
		}
		r.root(tree, name, value)
	}
	r.required(tree)
	if len(r.problems) > 0 {
		return nil, inOrder(r.problems, maxProblems)
	}
	r.fill(tree)
	r.request.Warnings = inOrder(r.request.Warnings, maxWarnings)
	return r.request, nil
}

// inOrder makes what was found in a map's order the same each time.
func inOrder(list []Problem, most int) []Problem {
	slices.SortFunc(list, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code)) })
	list = slices.Compact(list)
	return list[:min(len(list), most)]
}

func (r *reader) root(tree Tree, name string, value any) {
	switch name {
	case "credential":
	case "context":
		r.context(tree, value)
	case "customer":
		r.section(tree, name, value, customerField)
	case "transaction":
		r.section(tree, name, value, transactionField)
	case "device":
		r.section(tree, name, value, deviceField)
	case "billing":
		r.section(tree, name, value, billingField)
	case "shipping":
		r.section(tree, name, value, shippingField)
	case "airline":
		r.section(tree, name, value, airlineField)
		r.airline(value)
	case "items":
		r.items(tree, value)
	case "metadata":
		r.metadata(tree, value)
	case "backend_data":
		delete(tree, name)
		r.backendData(value)
	default:
		if reservedField(name) {
			delete(tree, name)
			r.warn("$."+name, CodeDropped, "is a name that the engine gives itself")
			return
		}
		r.unknown(tree, name, value, place{"$", -1})
	}
}

func (r *reader) context(tree Tree, value any) {
	text, ok := value.(string)
	switch {
	case !ok:
		r.problem("$.context", CodeType, "must be a string")
	case len(text) > maxIdentifier:
		r.problem("$.context", CodeTooLong, "is too long")
	case text == "":
		delete(tree, "context")
	default:
		r.request.Context = r.clean(text, kindText, place{"$", -1}, "context")
	}
}

func (r *reader) required(tree Tree) {
	r.need(tree, "customer", "id")
	r.need(tree, "transaction", "reference")
	r.need(tree, "transaction", "amount")
	r.need(tree, "transaction", "currency")
}

func (r *reader) need(tree Tree, section, name string) {
	value := tree[section]
	members, ok := value.(Tree)
	if value != nil && !ok {
		return // Told already.
	}
	if field := members[name]; field == nil || field == "" {
		r.problem("$."+section+"."+name, CodeRequired, "is required")
	}
}

// fill copies what the engine itself reads out of the checked tree, and puts into it what the engine gives.
func (r *reader) fill(tree Tree) {
	q := r.request
	customer, transaction, device := members(tree, "customer"), members(tree, "transaction"), members(tree, "device")
	q.Customer = Customer{
		ID: text(customer, "id"), Email: text(customer, "email"), FirstName: text(customer, "first_name"), LastName: text(customer, "last_name"),
		BirthDate: text(customer, "date_of_birth"),
	}
	q.Reference, q.Currency = text(transaction, "reference"), text(transaction, "currency")
	q.Amount, _ = whole(transaction["amount"])
	q.Device = Device{
		Fingerprint: text(device, "fingerprint"), UserAgent: text(device, "user_agent"), Session: text(device, "session"), Language: text(device, "language"),
	}
	if ip := text(device, "ip"); ip != "" {
		if _, ok := canonicalIP(ip); ok {
			q.Device.IP = ip
		}
	}
	q.BillingCountry, q.ShippingCountry = countryOf(members(tree, "billing")), countryOf(members(tree, "shipping"))
	tree["context"] = q.Context
	q.Fingerprint, q.Masked = r.a.Prints.Of(q.Credential), q.Credential.Masked()
	tree["credential_type"] = members(tree, "credential")["type"]
	if q.Fingerprint != "" {
		tree["credential_fingerprint"] = q.Fingerprint
	}
	if q.Masked != "" {
		tree["masked_credential"] = q.Masked
	}
}

func countryOf(section Tree) string {
	if country := text(section, "country"); isCountry(country) {
		return country
	}
	return ""
}

// members is a section of a checked tree, nil where there is none.
func members(tree Tree, name string) Tree {
	section, _ := tree[name].(Tree)
	return section
}

// text is a text of a section, empty where there is none.
func text(section Tree, name string) string {
	value, _ := section[name].(string)
	return value
}
