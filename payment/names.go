package payment

import "strings"

// wellKnown is the name of a request's field as a constant, so that a decoded tree does not hold its own copies; empty for other names.
func wellKnown(name []byte) string {
	all := namesOfLength(len(name))
	for at := 0; at < len(all); at += len(name) {
		if known := all[at : at+len(name)]; known == string(name) {
			return known
		}
	}
	return ""
}

// namesOfLength are the names of that length, written one after the other.
func namesOfLength(n int) string {
	switch n {
	case 2:
		return "idip"
	case 3:
		return "panskubic"
	case 4:
		return "typenamecitysepaiban"
	case 5:
		return "emailitemsvaluestatepricephone"
	case 6:
		return "devicescheme" + "amountmethod"
	case 7:
		return "contextbillingairlinecountrysessioncarrier"
	case 8:
		return "customershippingmetadatacurrencylanguagequantityaddress1address2"
	case 9:
		return "referencelast_namefirst_sixlast_four"
	case 10:
		return "credentialuser_agentfirst_namemasked_pancategories"
	case 11:
		return "transactionfingerprintexpiry_yearpostal_code"
	case 12:
		return "expiry_monthbackend_dataproduct_type"
	case 13:
		return "date_of_birth"
	case 15:
		return "cardholder_name"
	}
	return ""
}

// maxShown is the longest name that a problem or a warning repeats.
const maxShown = 64

// shownName is a member's name as a problem may tell it: a caller who puts a card number into a name must not find it in a log, so
// whatever is no plain name is told as "*".
func shownName(name string) string {
	if plainName(name) {
		return name
	}
	return "*"
}

// plainName says whether a name looks like one: short, of usual letters, and with few digits.
func plainName(name string) bool {
	if name == "" || len(name) > maxShown {
		return false
	}
	digits := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '$', c == '@':
		default:
			return false
		}
	}
	return digits < 8
}

// folded is a name in lower case without anything between its words: "Security-Code" and "security_code" are one.
func folded(name string) string {
	plain := true
	for i := range len(name) {
		if c := name[i]; c < 'a' || c > 'z' {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// namesSecurityCode says whether a field of that name holds what nobody may keep after an authorisation (PCI DSS 3.3): a security code,
// a PIN, or a track. Results of checking one ("cvv_result") are no such thing.
func namesSecurityCode(name string) bool {
	if len(name) > 4*maxShown {
		return false
	}
	key := folded(name)
	switch key {
	case "csc", "cav", "cav2", "cvd", "cvn", "cvn2", "cid", "pin", "pinblock", "pindata", "track1", "track2", "track3", "trackdata",
		"track1data", "track2data", "magstripe", "magstripedata", "magneticstripe", "verificationvalue", "cvdvalue", "cvdnumber":
		return true
	}
	named := false
	for _, word := range [...]string{"cvv", "cvc", "cvn", "securitycode", "verificationcode", "cardverification"} {
		named = named || strings.Contains(key, word)
	}
	if !named {
		return false
	}
	for _, word := range [...]string{"result", "match", "check", "response", "status", "present", "indicator", "required", "provided", "valid", "policy", "reason"} {
		if strings.Contains(key, word) {
			return false
		}
	}
	return true
}

// namesSecret says whether a field of that name lets its holder in somewhere.
func namesSecret(name string) bool {
	if len(name) > 4*maxShown {
		return false
	}
	key := folded(name)
	switch key {
	case "authorization", "signature", "cryptogram", "cavv", "privatekey", "accesskey", "hmackey", "password", "passwd", "pwd", "token":
		return true
	}
	for _, word := range [...]string{"password", "secret", "apikey", "hmacsignature", "accesstoken", "refreshtoken", "paymenttoken", "cardtoken", "networktoken", "idtoken", "authtoken", "sessiontoken"} {
		if strings.Contains(key, word) {
			return true
		}
	}
	return false
}

// namesCard says whether a field of that name holds a card number, so that even one with a mistyped digit is masked.
func namesCard(name string) bool {
	if len(name) > maxShown {
		return false
	}
	switch folded(name) {
	case "pan", "cardnumber", "cardno", "ccnumber", "ccnum", "creditcard", "creditcardnumber", "primaryaccountnumber", "fpan", "dpan":
		return true
	}
	return false
}
