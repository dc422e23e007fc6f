package backend

import (
	"encoding/json"

	"wayguard/payment"
)

// parseBackends reads a page of Link's list: a list, or an object with data and links.next.
func parseBackends(body []byte) (page []listedBackend, next string, ok bool) {
	var whole struct {
		Data  []listedBackend `json:"data"`
		Links struct {
			Next *string `json:"next"`
		} `json:"links"`
	}
	if json.Unmarshal(body, &page) != nil {
		page = nil
		if json.Unmarshal(body, &whole) != nil || whole.Data == nil {
			return nil, "", false
		}
		page = whole.Data
		if whole.Links.Next != nil {
			next = *whole.Links.Next
		}
	}
	kept := page[:0]
	for _, b := range page {
		if plainName(b.ID) {
			kept = append(kept, b)
		}
	}
	return kept, next, true
}

// parseRequirements reads what an action needs. The public documents do not show the form, so that every likely one is read: a list of
// paths or of objects with "path" or "field" (one with "required": false needs nothing), in the whole answer or under "data", "required",
// "requirements" or "fields", and lists by variant ("assess.pan" or "pan") under "variants".
func parseRequirements(body []byte) (map[payment.CredentialType][]need, bool) {
	document, err := decodeNumbers(body)
	if err != nil {
		return nil, false
	}
	needs := map[payment.CredentialType][]need{}
	if object, ok := document.(map[string]any); ok {
		if inner, ok := object["data"].(map[string]any); ok {
			object = inner
		}
		for _, key := range []string{"data", "required", "requirements", "fields"} {
			needs[""] = append(needs[""], required(object[key])...)
		}
		variants, _ := object["variants"].(map[string]any)
		for _, t := range []payment.CredentialType{payment.PAN, payment.MaskedPAN, payment.SEPA} {
			for _, key := range []string{"assess." + string(t), string(t)} {
				list := variants[key]
				if inner, ok := list.(map[string]any); ok {
					list = inner["required"]
				}
				needs[t] = append(needs[t], required(list)...)
			}
		}
		return needs, true
	}
	list, ok := document.([]any)
	needs[""] = required(list)
	return needs, ok
}

func required(value any) []need {
	list, _ := value.([]any)
	var needs []need
	for _, one := range list[:min(len(list), maxRequires)] {
		text, _ := one.(string)
		if object, ok := one.(map[string]any); ok {
			if must, ok := object["required"].(bool); ok && !must {
				continue
			}
			if text, ok = object["path"].(string); !ok {
				text, _ = object["field"].(string)
			}
		}
		if n, ok := needOf(text); ok {
			needs = append(needs, n)
		}
	}
	return needs
}

// needOf is a path of a requirement. Those of account numbers are read as what is known of them here.
func needOf(text string) (need, bool) {
	read := text
	switch text {
	case "$.credential.pan.value":
		read = "$pan"
	case "$.credential.sepa.iban":
		read = "$iban"
	}
	if text != "" && text[0] != '$' {
		read, text = "$."+text, "$."+text
	}
	path, err := parsePath(read)
	if err != nil || len(text) > 256 {
		return need{}, false
	}
	return need{text, path}, true
}
