package capture

import (
	"fmt"
	"maps"
	"slices"

	"wayguard/document"
	"wayguard/event"
)

// outcome compiles the i-th outcome of a spec.
func (c *compiler) outcome(spec *SpecConfig, i int) outcome {
	config := &spec.Outcome[i]
	at := config.At
	if at == (document.Mark{}) {
		at = spec.At.Child(fmt.Sprintf("outcome[%d]", i))
	}
	if results := []string{"success", "failure", "challenged"}; !slices.Contains(results, string(config.Result)) {
		message := fmt.Sprintf("no such result %q", config.Result)
		if config.Result == event.Blocked {
			message = "blocked is what Wayguard itself reports, no spec can"
		}
		c.tell(at.Problem("result", message, knownWords(string(config.Result), results)))
	}
	c.eventType(at, "type", config.Type, false)
	if i+1 < len(spec.Outcome) && config.When.empty() {
		c.tell(at.Problem("when", "always holds, so that the outcomes after it are never asked", "put it last"))
	}
	return c.conditions(at.Child("when"), config)
}

func (w *WhenConfig) empty() bool {
	return len(w.Status)+len(w.Redirect)+len(w.Header)+len(w.Cookie)+len(w.JSON)+len(w.BodyContains) == 0
}

func (c *compiler) conditions(at document.Mark, config *OutcomeConfig) outcome {
	o := outcome{result: config.Result, kind: config.Type, event: config.Event, contains: config.When.BodyContains}
	for i, text := range config.When.Status {
		status, ok := parseStatus(text)
		if !ok {
			c.tell(at.Problem(fmt.Sprintf("status[%d]", i), fmt.Sprintf("%q is no status", text),
				"write a code such as 302, a class such as 2xx or a range such as 400-422"))
		}
		o.status = append(o.status, status)
	}
	for _, text := range config.When.Redirect {
		o.redirect = append(o.redirect, newGlob(text, false))
	}
	for _, name := range slices.Sorted(maps.Keys(config.When.Header)) {
		o.header = append(o.header, c.condition(at.Child("header"), name, config.When.Header[name], true))
	}
	for _, name := range config.When.Cookie {
		o.cookies = append(o.cookies, newGlob(name, false))
	}
	for _, text := range config.When.BodyContains {
		if text == "" {
			c.tell(at.Problem("body_contains", "is empty", ""))
		}
	}
	for _, text := range slices.Sorted(maps.Keys(config.When.JSON)) {
		o.json = append(o.json, c.jsonCondition(at.Child("json"), text, config.When.JSON[text]))
	}
	return o
}

func (c *compiler) jsonCondition(at document.Mark, text string, values []string) jsonCondition {
	path, err := parseJSONPath(text)
	if err != nil {
		c.tell(pathProblem(at, text, err))
	}
	if len(values) == 0 {
		c.tell(at.Problem(text, "has no value", `write "*" for any value or "!" for none`))
	}
	condition := jsonCondition{path: jsonPath{path: path, number: complexPath}}
	for _, value := range values {
		switch value {
		case present:
			condition.present = true
		case absent:
			condition.absent = true
		default:
			condition.any = append(condition.any, value)
		}
	}
	return condition
}
