package element

import (
	"slices"
	"strings"
	"testing"
)

func TestCatalogueIsWhole(t *testing.T) {
	c := Default()
	all := c.All()
	if len(all) < 200 {
		t.Errorf("%d elements, at least 200 are promised", len(all))
	}
	names, humans, used := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, d := range all {
		if names[d.Name] || humans[d.Human] {
			t.Errorf("%s (%s) is there twice", d.Name, d.Human)
		}
		names[d.Name], humans[d.Human], used[d.Category] = true, true, true
		if filled, err := complete(d); err != nil || filled != d {
			t.Errorf("%s is not complete: %+v, %v", d.Name, filled, err)
		}
		if !slices.Contains(categories(), d.Category) {
			t.Errorf("%s has category %q", d.Name, d.Category)
		}
	}
	if len(categories()) != 11 || len(used) != 11 {
		t.Errorf("%d categories, %d in use", len(categories()), len(used))
	}
}

func TestEntityTypesOfTheEntityPage(t *testing.T) {
	for _, name := range strings.Fields(`account_address billing_address customer_id merchant_id order_id refund_id
		tracking_id shipping_address device_fingerprint billing_email ein email_to ip_address ip_dns_address
		ip_hidden_address payment_from payment_from_account_id payment_to payment_to_account_id phone alt_phone
		billing_phone shipping_phone ssn username`) {
		if d, ok := Default().Find(name); !ok || d.Kind != Entity {
			t.Errorf("%s: %+v, %v", name, d, ok)
		}
	}
}

func TestNamesOthersRelyOn(t *testing.T) {
	for name, want := range map[string]ValueType{
		"email": Email, "password": String, "user_agent": UserAgent, "country": Country, "city": String, "region": String,
		"latitude": Number, "longitude": Number, "asn": String, "network": String, "transaction_amount": Money,
		"transaction_currency": Currency, "refund_amount": Money, "refund_reason": String, "cart_total": Money,
		"order_status": String, "product_sku": String, "product_name": String, "product_category": String,
		"product_quantity": Integer, "product_price": Money, "final_sale": Boolean, "promo_code": String, "gift_card": String,
		"gift_card_balance": Money, "decline_code": String, "transaction_status": String, "payment_type": PaymentType,
		"card_expiry_month": Month, "card_expiry_year": Year, "card_holder": String, "cvv": String, "session_token": String,
		"sign_in_method": String, "new_password": String, "search_term": String, "review_text": String, "support_topic": String,
		"order_number": String, "tid": TaxID, "graphql_operation": String, "content_type": String, "referer": URL,
		"language": Language, "status_code": Integer,
	} {
		if d, ok := Default().Find(name); !ok || d.Type != want {
			t.Errorf("%s: %+v, %v; want type %s", name, d, ok, want)
		}
	}
	for name, want := range map[string]Sensitivity{
		"password": Secret, "new_password": Secret, "cvv": Secret, "ssn": Hashed, "ein": Hashed, "tid": Hashed,
		"payment_from": Hashed, "card_number": Hashed, "session_token": Hashed, "gift_card": Hashed,
	} {
		if d, _ := Default().Find(name); d.Sensitivity != want {
			t.Errorf("%s is %s, want %s", name, d.Sensitivity, want)
		}
	}
}

func TestWith(t *testing.T) {
	c, err := Default().With(
		[]Definition{{Name: "shopper_tier"}, {Name: "club_card", Kind: Entity, Type: PaymentAccount, Category: CategoryPayment, Human: "Club"}},
		[]string{"ssn", "city"}, map[string]Sensitivity{"phone": Hashed, "shopper_tier": Secret})
	if err != nil {
		t.Fatal(err)
	}
	tier, _ := c.Find("shopper_tier")
	if want := (Definition{Name: "shopper_tier", Human: "Shopper Tier", Category: CategoryCustom, Kind: Attribute, Type: String, Sensitivity: Secret}); tier != want {
		t.Errorf("%+v, want %+v", tier, want)
	}
	if club, _ := c.Find("club_card"); club.Sensitivity != Hashed {
		t.Errorf("a custom card is %s", club.Sensitivity)
	}
	if _, ok := c.Find("ssn"); ok || len(c.All()) != len(Default().All()) {
		t.Error("a switched-off element is still there")
	}
	if phone, _ := Default().Find("phone"); phone.Sensitivity != Personal {
		t.Error("With changed the built-in catalogue")
	}
}

func TestWithRefuses(t *testing.T) {
	for _, c := range []struct {
		name      string
		custom    []Definition
		off       []string
		sensitive map[string]Sensitivity
		want      string
	}{
		{"taken", []Definition{{Name: "email"}}, nil, nil, "taken"},
		{"twice", []Definition{{Name: "x"}, {Name: "x"}}, nil, nil, "taken"},
		{"name", []Definition{{Name: "Shopper Tier"}}, nil, nil, "lower-case"},
		{"kind", []Definition{{Name: "x", Kind: "thing"}}, nil, nil, "entity or attribute"},
		{"type", []Definition{{Name: "x", Type: "colour"}}, nil, nil, "unknown type"},
		{"sensitivity", []Definition{{Name: "x", Sensitivity: "loud"}}, nil, nil, "sensitivity is"},
		{"card in clear", []Definition{{Name: "x", Type: PaymentAccount, Sensitivity: Public}}, nil, nil, "at least hashed"},
		{"folded number", []Definition{{Name: "x", Type: Number, Folded: true}}, nil, nil, "folded"},
		{"off", nil, []string{"emial"}, nil, "did you mean email"},
		{"sensitive", nil, nil, map[string]Sensitivity{"pasword": Secret}, "did you mean password"},
		{"lowered", nil, nil, map[string]Sensitivity{"password": Hashed}, "cannot be lowered"},
		{"unknown level", nil, nil, map[string]Sensitivity{"email": "loud"}, "sensitivity is"},
		{"too many", make([]Definition, maxCustom+1), nil, nil, "at most"},
	} {
		got, err := Default().With(c.custom, c.off, c.sensitive)
		if err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	_, err := Default().With([]Definition{{Name: "A"}, {Name: "B"}}, []string{"nothing_like_it"}, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three problems are reported as %v", err)
	}
}

func TestSuggest(t *testing.T) {
	for name, want := range map[string]string{
		"emial": "email", "E-Mail": "email", "ipaddress": "ip_address", "IP Address": "ip_address", "user-agent": "user_agent",
		"pasword": "password", "email": "email", "zzzzzzzz": "", "": "", "shipping.address": "shipping_address",
		strings.Repeat("email", 100): "",
	} {
		if got := Default().Suggest(name); got != want {
			t.Errorf("%.20q: %q, want %q", name, got, want)
		}
	}
}

// categories lists the built-in categories in the order they are shown.
func categories() []string {
	return []string{
		CategoryEmails, CategoryAddresses, CategoryIPAddresses, CategoryIdentifiers, CategoryPayment, CategoryRequest,
		CategoryPhones, CategoryOrder, CategoryGateway, CategoryAuthentication, CategoryDevice,
	}
}
