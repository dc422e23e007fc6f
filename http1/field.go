package http1

// Field is one header line: the name as spelled, the value without the white space around it.
type Field struct{ Name, Value string }
