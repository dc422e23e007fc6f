// Package rule decides what is thought of an event: rules place labels, signatures are labels over labels, labels add
// up to a rating, and a policy turns ratings and findings into actions.
//
// In go Config (YAML) and Vocabulary (what expressions may name), out comes an immutable Set; Set.Judge takes Facts
// (the event, its session, and a Memory that answers about the event's entities) and gives an event.Verdict. Judge is
// pure: the same facts give the same verdict, byte for byte.
//
// Conditions are written in CEL. cel-go parses and type-checks them; they are evaluated by closures compiled here from
// the checked tree, several times faster and without allocation. cel-go's own interpreter is the oracle of the tests.
// Each condition is compiled twice: plain, and traced, which records every operand with the value it had. The traced
// one runs only when the rule has fired.
//
// ParseTests reads the test journeys that stand beside rules (*.test.yaml) and builds their events; engine runs them.
package rule
