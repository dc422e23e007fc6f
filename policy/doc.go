// Package policy holds the words in which an operator says what may be done with a request, to whom, when and how far:
// actions, policies, lists of those who are always let through, budgets. It only says and checks; rule asks for what a verdict
// calls for, and mitigation carries it out.
package policy
