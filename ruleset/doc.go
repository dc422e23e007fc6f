// Package ruleset holds rulesets of payment decisions: their words, the condition language, and the order in which rules are
// evaluated. It is pure: counters, lists and backends are asked through small interfaces.
//
// DecodeRules reads rules strictly, Compile checks them and makes a Program of them, Program.Evaluate runs it on one payment. What is
// asked after the answer (asynchronous rules, shadow members) comes back as Deferred; Program.Await asks it and Program.Finish folds the
// answers in.
//
// A condition is a tree of operators, written as JSON or in a text form (Text, ParseText), or an expression in CEL. Trees become checks
// with their paths parsed and their constants converted; each path is looked up and each counter asked once for a payment, so that a
// hundred rules cost microseconds. A check explains itself with the same code that decides. CEL expressions run in cel-go's interpreter:
// plain, or watched for an explanation.
//
// The language is described for people in docs/decisions-rules.md.
package ruleset
