package element

// Kind tells elements that link sessions from those that describe. The values are those of event.Kind.
type Kind string

// The two kinds of element.
const (
	Entity    Kind = "entity"
	Attribute Kind = "attribute"
)

// Known says whether k is one of the two kinds.
func (k Kind) Known() bool { return k == Entity || k == Attribute }

// Sensitivity says what may be kept of a value. The order is Public, Personal, Hashed, Secret.
type Sensitivity string

// The sensitivities.
const (
	// Public values tell nothing about a person.
	Public Sensitivity = "public"
	// Personal values are kept in clear, as analysts need them, and are erased with the person.
	Personal Sensitivity = "personal"
	// Hashed values are kept as a keyed hash and a mask: equal values stay equal, none can be read.
	Hashed Sensitivity = "hashed"
	// Secret values are never kept in any form, see SecretMarker.
	Secret Sensitivity = "secret"
)

// rank orders sensitivities; 0 is not a sensitivity.
func (s Sensitivity) rank() int {
	switch s {
	case Public:
		return 1
	case Personal:
		return 2
	case Hashed:
		return 3
	case Secret:
		return 4
	}
	return 0
}

// Known says whether s is one of the four sensitivities.
func (s Sensitivity) Known() bool { return s.rank() > 0 }

// Concealed says whether the value itself is not kept.
func (s Sensitivity) Concealed() bool { return s == Hashed || s == Secret }

// ValueType says how a value is read, compared and shown.
type ValueType string

// The value types.
const (
	// String is free text: valid UTF-8, NFC, white space collapsed, card numbers and SSNs masked.
	String ValueType = "string"
	// Integer is a whole number in decimal.
	Integer ValueType = "integer"
	// Number is a decimal number without exponent.
	Number ValueType = "number"
	// Boolean is "true" or "false".
	Boolean ValueType = "boolean"
	// Email is a lower-case mailbox; parts domain, registrable_domain, mailbox, disposable.
	Email ValueType = "email"
	// Phone is E.164, or bare digits where the country cannot be told; parts digits, country, valid, extension.
	Phone ValueType = "phone"
	// Address is a postal address; parts street, city, region, postal_code, country, latitude, longitude.
	Address ValueType = "address"
	// Country is ISO 3166-1 alpha-2; part name.
	Country ValueType = "country"
	// Currency is ISO 4217.
	Currency ValueType = "currency"
	// Money is a whole number of minor units (cents); parts unit (always "minor"), currency, exponent.
	Money ValueType = "money"
	// IPAddress is an address in canonical form; parts version, prefix (/24 or /56), private.
	IPAddress ValueType = "ip_address"
	// PaymentAccount is a card, an IBAN, a bank account or somebody's token for one: always a keyed hash; parts kind,
	// brand, first_six, last_four, luhn, country.
	PaymentAccount ValueType = "payment_account"
	// TaxID is a number a state gave to a person or a firm (SSN, EIN, TID): always a keyed hash.
	TaxID ValueType = "tax_id"
	// PaymentType is a word of the table in payment_type.go, such as "credit_card"; "other" is what could not be told.
	PaymentType ValueType = "payment_type"
	// UserAgent is a User-Agent header of at most 512 bytes; parts browser, browser_version, os, os_version,
	// device_type, bot.
	UserAgent ValueType = "user_agent"
	// URL is a web address without credentials, query values and fragment; parts scheme, host, domain, path.
	URL ValueType = "url"
	// Month is 1 to 12.
	Month ValueType = "month"
	// Year has four digits.
	Year ValueType = "year"
	// Language is a BCP 47 tag; part base.
	Language ValueType = "language"
	// Date is a day, 2006-01-02.
	Date ValueType = "date"
)

// ValueTypes lists every value type in the order they are documented in.
func ValueTypes() []ValueType {
	return []ValueType{
		String, Integer, Number, Boolean, Email, Phone, Address, Country, Currency, Money, IPAddress, PaymentAccount,
		TaxID, PaymentType, UserAgent, URL, Month, Year, Language, Date,
	}
}

// Known says whether t is one of ValueTypes.
func (t ValueType) Known() bool {
	for _, known := range ValueTypes() {
		if t == known {
			return true
		}
	}
	return false
}

// Simple is the type of the canonical text for those who calculate with it: "string", "integer", "number" or
// "boolean".
func (t ValueType) Simple() ValueType {
	switch t {
	case Integer, Money, Month, Year:
		return Integer
	case Number, Boolean:
		return t
	}
	return String
}

// InputParts names the parts that Raw.Parts may give for the type; nil for a type that is read from text alone.
func (t ValueType) InputParts() []string {
	switch t {
	case Address:
		return []string{PartStreet, PartCity, PartRegion, PartPostalCode, PartCountry, PartLatitude, PartLongitude}
	case Money:
		return []string{PartUnit, PartCurrency}
	case PaymentAccount:
		return []string{PartRouting}
	case Phone:
		return []string{PartCountry}
	}
	return nil
}

// least is the lowest sensitivity an element of the type may have.
func (t ValueType) least() Sensitivity {
	if t == PaymentAccount || t == TaxID {
		return Hashed
	}
	return Public
}

// Definition describes one element of the catalogue.
type Definition struct {
	// Name is snake_case and unique.
	Name string `json:"name" yaml:"name"`
	// Human is the name for people.
	Human string `json:"human" yaml:"human"`
	// Category is one of Categories.
	Category    string      `json:"category" yaml:"category"`
	Kind        Kind        `json:"kind" yaml:"kind"`
	Type        ValueType   `json:"type" yaml:"type"`
	Sensitivity Sensitivity `json:"sensitivity" yaml:"sensitivity"`
	// Folded strings are compared without regard to case, width and invisible characters: the canonical text is
	// folded and the display keeps the spelling.
	Folded bool `json:"folded,omitempty" yaml:"folded,omitempty"`
}

// Family is the name under which the element's values are hashed. Elements of one structured type share it, so that
// the same card seen as payment_from and as payment_to is one token; free text has a family for each element, as the
// same words in two of them mean nothing.
func (d Definition) Family() string {
	switch d.Type {
	case String, Integer, Number, Boolean:
		return string(d.Type) + ":" + d.Name
	}
	return string(d.Type)
}

// The names of parts.
const (
	PartStreet     = "street"
	PartCity       = "city"
	PartRegion     = "region"
	PartPostalCode = "postal_code"
	PartCountry    = "country"
	PartLatitude   = "latitude"
	PartLongitude  = "longitude"

	PartUnit     = "unit"
	PartCurrency = "currency"
	PartExponent = "exponent"

	PartDomain      = "domain"
	PartRegistrable = "registrable_domain"
	PartMailbox     = "mailbox"
	PartDisposable  = "disposable"
	PartMixedScript = "mixed_script"

	PartDigits    = "digits"
	PartValid     = "valid"
	PartExtension = "extension"

	PartVersion = "version"
	PartPrefix  = "prefix"
	PartPrivate = "private"

	PartKind     = "kind"
	PartBrand    = "brand"
	PartFirstSix = "first_six"
	PartLastFour = "last_four"
	PartLuhn     = "luhn"
	PartRouting  = "routing_number"

	PartBrowser        = "browser"
	PartBrowserVersion = "browser_version"
	PartOS             = "os"
	PartOSVersion      = "os_version"
	PartDeviceType     = "device_type"
	PartBot            = "bot"

	PartScheme = "scheme"
	PartHost   = "host"
	PartPath   = "path"

	PartBase = "base"
	PartName = "name"
)
