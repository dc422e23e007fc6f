package element

import (
	"strings"
	"unicode/utf8"
)

// conceal replaces a canonical value by its keyed hash, a mask, and the parts that do not give it away.
func (n *Normaliser) conceal(def Definition, v Value) Value {
	hidden := Value{}
	if v.Text != "" {
		hidden.Text = n.keys.Hash(def.Family(), v.Text)
	}
	for _, name := range safeParts(def.Type) {
		if part := v.Parts.Of(name); part != "" {
			hidden.Parts.Set(name, part)
		}
	}
	if mailbox := v.Parts.Of(PartMailbox); mailbox != "" {
		hidden.Parts.Set(PartMailbox, n.keys.Hash(def.Family(), mailbox))
	}
	hidden.Display = maskOf(def.Type, v)
	if hidden.Display == "" && hidden.Text != "" {
		// Something to tell values apart by, which says nothing of the value.
		hidden.Display = "•••• " + hidden.Text[:6]
	}
	return hidden
}

// safeParts names the parts that stay when the value is hashed.
func safeParts(t ValueType) []string {
	switch t {
	case PaymentAccount:
		return []string{PartKind, PartBrand, PartFirstSix, PartLastFour, PartLuhn, PartCountry}
	case Email:
		return []string{PartDomain, PartRegistrable, PartDisposable, PartMixedScript}
	case Phone:
		return []string{PartCountry, PartValid}
	case Address:
		return []string{PartCountry}
	case IPAddress:
		return []string{PartVersion, PartPrivate}
	case UserAgent:
		return []string{PartBrowser, PartOS, PartDeviceType, PartBot}
	case URL:
		return []string{PartScheme}
	case Money:
		return []string{PartCurrency}
	}
	return nil
}

// maskOf is a readable mask for the types that have one.
func maskOf(t ValueType, v Value) string {
	switch t {
	case PaymentAccount:
		return v.Display
	case Email:
		local, domain, _ := strings.Cut(v.Text, "@")
		_, size := utf8.DecodeRuneInString(local)
		return local[:size] + "•••@" + domain
	case Phone:
		if len(v.Text) > 6 {
			return "••••" + v.Text[len(v.Text)-2:]
		}
	}
	return ""
}
