package payment

// Tree is a JSON value as rules read it: map[string]any, []any, string, json.Number, bool or nil. A Tree that a rule reads holds no
// card number and no IBAN.
type Tree = map[string]any

// CredentialType is the kind of a payment credential.
type CredentialType string

// The kinds of credential.
const (
	PAN       CredentialType = "pan"
	MaskedPAN CredentialType = "masked_pan"
	SEPA      CredentialType = "sepa"
)

// PCILevel says whether full card numbers may be sent.
type PCILevel string

// The levels; only SAQA refuses card numbers.
const (
	SAQA PCILevel = "SAQ_A"
	SAQD PCILevel = "SAQ_D"
	ROC  PCILevel = "ROC"
)

// Credential is what is paid with.
type Credential struct {
	Type CredentialType
	// Number is the full card number, digits only, IBAN the account in capitals without spaces. They are used while a request is
	// decided and never kept: neither is part of any JSON.
	Number Secret
	IBAN   Secret
	// FirstSix and LastFour are known of a card number and of most masked ones.
	FirstSix, LastFour      string
	ExpiryMonth, ExpiryYear int
	// Scheme is in lower case, such as "visa".
	Scheme, Holder string
	// Token is the caller's own name for the card, empty for none.
	Token string
	BIC   string
}

// Secret is a text that no log, error or page shows.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(hidden)" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "(hidden)" }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("(hidden)"), nil }

// Request is a payment to decide about, checked.
type Request struct {
	// Context selects the ruleset; DefaultContext when the caller named none.
	Context    string
	Credential Credential
	Customer   Customer
	// Reference is the merchant's order, Amount in minor units of Currency (ISO 4217).
	Reference string
	Amount    int64
	Currency  string
	Device    Device
	// Country of the billing address and of the shipping address, ISO 3166 alpha-2; empty where not told.
	BillingCountry, ShippingCountry string
	// Metadata is stored with the decision and never sent to backends.
	Metadata map[string]string
	// BackendData is for single backends, by their name; it is never stored.
	BackendData map[string]Tree
	// Tree is the whole request as rules read it: without card number, IBAN, security code and BackendData; with
	// credential_fingerprint, masked_credential, credential_type and credential.bin_data.
	Tree Tree
	// Fingerprint and Masked are of the credential; Fingerprint is empty where the credential does not identify an instrument.
	Fingerprint, Masked string
	// Warnings tell what was left out or not understood, for the answer. They never hold a value.
	Warnings []Problem
}

// DefaultContext is the context of a request that names none.
const DefaultContext = "default"

// Customer is who pays.
type Customer struct {
	ID, Email, FirstName, LastName string
	// BirthDate is YYYY-MM-DD.
	BirthDate string
}

// Device is what the merchant knows of the buyer's device.
type Device struct{ IP, Fingerprint, UserAgent, Session, Language string }

// Problem is one thing that is wrong with what was sent. It never holds a value of it.
type Problem struct {
	// Field is a path such as "$.transaction.amount".
	Field string `json:"field"`
	// Code is a stable word such as "required", "type", "unknown", "range", "format".
	Code    string `json:"code"`
	Message string `json:"message"`
}
