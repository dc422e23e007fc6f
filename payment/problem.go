package payment

// The codes of problems and warnings.
const (
	// CodeRequired: what must be there is not.
	CodeRequired = "required"
	// CodeType: it is of another JSON type.
	CodeType = "type"
	// CodeUnknown: it is none of the words that are known there.
	CodeUnknown = "unknown"
	// CodeRange: it is too small or too great.
	CodeRange = "range"
	// CodeFormat: it is not written as it must be.
	CodeFormat = "format"
	// CodeTooLong: a text or a list is too long.
	CodeTooLong = "too_long"
	// CodeTooLarge: the whole is too large, too deep, or has too many values.
	CodeTooLarge = "too_large"
	// CodeJSON: it is no JSON.
	CodeJSON = "json"
	// CodeDuplicate: a name stands twice in one object, and programs disagree which one counts.
	CodeDuplicate = "duplicate"
	// CodePANNotAccepted: a full card number came to an installation that does not take them.
	CodePANNotAccepted = "pan_not_accepted"

	// CodeUnknownField warns of a field that is not part of a request; rules can read it.
	CodeUnknownField = "unknown_field"
	// CodeDropped warns of a field that was left out: a security code, or a name that the engine gives itself.
	CodeDropped = "dropped"
	// CodeMasked warns of a card number or an IBAN where none belongs; it was masked.
	CodeMasked = "masked"
)
