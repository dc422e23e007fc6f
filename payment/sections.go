package payment

// kind is what a field of a request holds.
type kind uint8

const (
	kindUnknown kind = iota
	// kindText is a text. kindIdentifier is one that tells things apart and must do so even where it was masked; kindPhone is a telephone
	// number.
	kindText
	kindIdentifier
	kindPhone
	kindDate
	kindCountry
	kindCurrency
	kindIP
	// kindAmount is money in minor units, kindCount a small number.
	kindAmount
	kindCount
	// kindTexts is a list of texts, kindAny whatever there is.
	kindTexts
	kindAny
)

// The bounds of fields, in bytes, and of lists.
const (
	maxIdentifier   = 256
	maxText         = 4096
	maxMetadata     = 200
	maxMetadataName = 128
	maxItems        = 1000
	maxTexts        = 200
	maxBackends     = 50
	// maxAmount has 12 digits, as amounts in card messages have (ISO 8583-1, field 4).
	maxAmount = 999_999_999_999
	maxCount  = 1_000_000_000
)

func customerField(name string) kind {
	switch name {
	case "id":
		return kindIdentifier
	case "email", "first_name", "last_name":
		return kindText
	case "date_of_birth":
		return kindDate
	case "phone":
		return kindPhone
	}
	return kindUnknown
}

func transactionField(name string) kind {
	switch name {
	case "reference":
		return kindIdentifier
	case "amount":
		return kindAmount
	case "currency":
		return kindCurrency
	}
	return kindUnknown
}

func deviceField(name string) kind {
	switch name {
	case "ip":
		return kindIP
	case "fingerprint", "session":
		return kindIdentifier
	case "user_agent", "language":
		return kindText
	}
	return kindUnknown
}

func billingField(name string) kind {
	switch name {
	case "first_name", "last_name", "address1", "address2", "city", "state", "postal_code", "email":
		return kindText
	case "phone":
		return kindPhone
	case "country":
		return kindCountry
	}
	return kindUnknown
}

func shippingField(name string) kind {
	switch name {
	case "carrier", "method":
		return kindText
	}
	return billingField(name)
}

func itemField(name string) kind {
	switch name {
	case "name", "sku", "product_type":
		return kindText
	case "price":
		return kindAmount
	case "quantity":
		return kindCount
	case "categories":
		return kindTexts
	}
	return kindUnknown
}

func airlineField(name string) kind {
	switch name {
	case "passengers", "legs":
		return kindAny
	}
	return kindUnknown
}

// reservedField says whether a name at the root is given by the engine; a caller who sends it would write his own judgement.
func reservedField(name string) bool {
	switch name {
	case "credential_fingerprint", "credential_type", "masked_credential", "evaluated_at", "journey", "backends", "payment_method":
		return true
	}
	return false
}
