package document

// Mark is where a value stands: its document and path. Decode fills every struct field of this type. The zero Mark is
// of no document: its problems have a path only.
type Mark struct {
	document *Document
	path     string
}

// At is a mark of no document, for configurations made in Go rather than read from a file.
func At(path string) Mark { return Mark{path: path} }

// Path is where in the document the mark stands, such as "specs[2]".
func (m Mark) Path() string { return m.path }

// File is the document's file name, empty when there is none.
func (m Mark) File() string {
	if m.document == nil {
		return ""
	}
	return m.document.file
}

// Line is the marked value's line, counted from 1, 0 when there is no document.
func (m Mark) Line() int {
	if m.document == nil {
		return 0
	}
	line, _ := m.document.Locate(m.path)
	return line
}

// String is "file:line", or the path where there is no document: for naming another object in a message.
func (m Mark) String() string {
	if m.document == nil {
		return m.path
	}
	return m.File() + ":" + itoa(m.Line())
}

// Child is the mark of a value below, by its relative path such as "take.email" or "[2]".
func (m Mark) Child(path string) Mark {
	return Mark{document: m.document, path: join(m.path, path)}
}

// Problem is a problem at a path below the mark; "" is the marked value itself.
func (m Mark) Problem(path, message, suggestion string) Problem {
	return m.ProblemAt(path, Offset{}, message, suggestion)
}

// Offset is a place inside a text value: lines and bytes from its start, both counted from 0.
type Offset struct{ Line, Column int }

// ProblemAt is a problem inside the text value at a path below the mark: the offset is added to the value's own position
// as far as the way the text is quoted and folded lets that be told.
func (m Mark) ProblemAt(path string, inside Offset, message, suggestion string) Problem {
	full := join(m.path, path)
	problem := Problem{Path: full, Message: message, Suggestion: suggestion}
	if m.document != nil {
		problem.File = m.document.file
		problem.Line, problem.Column = m.document.locateInside(full, inside)
	}
	return problem
}

func join(path, below string) string {
	switch {
	case path == "":
		return below
	case below == "":
		return path
	case below[0] == '[':
		return path + below
	}
	return path + "." + below
}
