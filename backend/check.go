package backend

import (
	"net/url"
	"slices"

	"wayguard/decision"
	"wayguard/payment"
)

// Check tells what is wrong with an integration's adapter and address before it is kept: what decision.Service does not check itself.
// Nothing is called.
func (p *Pool) Check(i decision.Integration) []payment.Problem {
	var problems []payment.Problem
	if u, err := url.Parse(i.BaseURL); err == nil && u.RawQuery != "" {
		problems = append(problems, payment.Problem{Field: "$.base_url", Code: "format", Message: "has a query"})
	}
	switch i.Type {
	case typeLink:
		if len(i.Adapter) > 0 {
			problems = append(problems, payment.Problem{Field: "$.adapter", Code: "format", Message: "is of http integrations only"})
		}
	case typeHTTP:
		_, wrong := compileAdapter("$.adapter", i.Adapter)
		problems = append(problems, wrong...)
	}
	return problems
}

// CheckCredentials tells what is wrong with an integration's credentials, in clear, before they are sealed: in themselves, and that the
// adapter names a secret they do not have.
func (p *Pool) CheckCredentials(i decision.Integration, credentials []byte) []payment.Problem {
	own, problems := parseCredentials("$.credentials", credentials)
	if i.Type != typeHTTP {
		return problems
	}
	made, wrong := compileAdapter("$.adapter", i.Adapter)
	if len(wrong) > 0 {
		return problems
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(made.secrets))) {
		if _, ok := own.Fields[name]; !ok {
			problems = append(problems, payment.Problem{Field: "$.credentials.fields." + name, Code: "required", Message: "is missing: the adapter names it"})
		}
	}
	return problems
}
