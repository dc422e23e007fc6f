// Package document reads strict YAML: every value knows its file, line and column, unknown keys are errors with a
// suggestion, and all problems of a document are told at once.
package document
