// Package document reads strict YAML: every value knows its file, line and column, unknown keys are errors with a
// suggestion, and all problems of a document are told at once.
//
// # How a room uses it
//
// A room declares plain structs with yaml tags and validates them itself:
//
//	type RuleConfig struct {
//		At   document.Mark    `yaml:"-"`    // filled by Decode: where this struct stands (file and path)
//		ID   string           `yaml:"id"`
//		On   document.Strings `yaml:"on"`   // one string or a list of strings
//		Max  document.Bytes   `yaml:"max"`  // "64KiB", "10MB", 512
//		Wait time.Duration    `yaml:"wait"` // "30m", "90d"
//	}
//
//	problems = append(problems, c.At.Problem("on[1]", "no such event type", document.DidYouMean(word, known)))
//	problems = append(problems, c.At.ProblemAt("when", document.Offset{Column: 12}, "no such element", ""))
//
// Mark.Problem takes a path relative to the struct and gives a Problem with File, Line and Column. Every struct field of
// type Mark is filled, whatever its name. A Mark that nothing filled (a config made in Go) gives Problems with a path
// only; At(prefix) makes such a Mark with a path. Mark.ProblemAt points into a text value, such as an expression.
//
// # How the configuration is read
//
//	doc, problems := document.ParseWith("wayguard.yaml", data, os.LookupEnv) // or Parse: no ${NAME} expansion
//	problems = append(problems, doc.Decode(&config)...)
//
// Decode leaves what the document does not name as it was (defaults), replaces lists, and merges maps. Types that read
// several spellings implement Unmarshaler. Decoding works field by field by reflection over tags; embedded structs and
// `yaml:",inline"` ones are flattened; types with UnmarshalText are read from scalars.
//
// # Limits
//
// A document is at most 1 MiB, 64 levels deep and 100,000 values after aliases are resolved; merge keys are refused.
package document
