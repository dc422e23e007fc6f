package hub

import (
	"fmt"
	"sort"
	"time"

	"wayguard/element"
	"wayguard/event"
	"wayguard/search"
)

// sampleNow is the moment all samples are told from.
func sampleNow() time.Time { return time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC) }

const sampleEnvironment = event.DefaultEnvironment

type samplePlace struct{ country, city, address string }

func samplePlaces() []samplePlace {
	return []samplePlace{
		{"DE", "Berlin", "203.0.113.24"}, {"US", "Boston", "198.51.100.77"}, {"FR", "Lyon", "192.0.2.145"},
		{"GB", "Leeds", "203.0.113.91"}, {"BR", "São Paulo", "198.51.100.12"}, {"JP", "Ōsaka", "2001:db8:4f::19"},
		{"", "", "192.0.2.3"}, {"NL", "'s-Hertogenbosch", "2001:db8:77:1::a"}, {"KR", "Suwon", "198.51.100.201"},
	}
}

// samplePage is a page of 24 sessions of 61, newest first, six of them noteworthy.
func samplePage() search.Page {
	page := search.Page{Total: 61}
	places := samplePlaces()
	for i := range 24 {
		opened := sampleNow().Add(-time.Duration(i*137+20)*time.Second - time.Duration(i*7919)*time.Microsecond)
		place := places[i%len(places)]
		row := search.Session{
			ID: event.DeriveID(opened, "session", fmt.Sprint(i)), Journey: event.DeriveID(opened, "journey", fmt.Sprint(i%19)),
			Opened: opened, Events: int64(1 + i*5%11), Seconds: float64(i*61%900) + 0.25,
			Country: place.country, City: place.city, Address: place.address,
		}
		switch {
		case i == 2:
			story := sampleStory()
			row = story.Session
		case i%7 == 3:
			row.Rating, row.Score, row.Labels, row.Events = event.Suspicious, 55, 2, 14
		case i%9 == 5:
			row.Rating, row.Score, row.Labels, row.Events, row.Seconds = event.Malicious, 180, 6, 312, 95.5
		case i%4 == 0:
			row.Score, row.Labels = -20, 1
		}
		row.LastSeen = row.Opened.Add(time.Duration(row.Seconds * float64(time.Second)))
		page.Sessions = append(page.Sessions, row)
	}
	sort.Slice(page.Sessions, func(i, j int) bool { return page.Sessions[i].Opened.After(page.Sessions[j].Opened) })
	return page
}

func sampleTotals() search.Totals {
	return search.Totals{Sessions: 61, Events: 1234, Normal: 49, Suspicious: 8, Malicious: 4}
}

func sampleHealth() Health {
	return Health{
		Warehouse: WarehouseHealth{State: StateOK, LagRecords: 12},
		Log:       LogHealth{Acknowledged: 48213, State: StateOK},
		Traffic: TrafficHealth{
			Requests: 182344, Matched: 48219, Blocked: 318,
			Shed:     map[string]int64{"queue_full": 6, "log_full": 0},
			Failures: map[string]int64{"origin_unreachable": 2, "inline_timeout": 1},
		},
		Location:   LocationHealth{State: StateOK, Attribution: "IP Geolocation by DB-IP (https://db-ip.com)"},
		Mitigation: glanceAt(sampleMitigation()),
	}
}

// sampleElements are a piece of the catalogue, one line a kind of value.
func sampleElements() []element.Definition {
	const public, personal, hashed = element.Public, element.Personal, element.Hashed
	define := func(category string, kind element.Kind, name, human string, kindOfValue element.ValueType, s element.Sensitivity) element.Definition {
		return element.Definition{Name: name, Human: human, Category: category, Kind: kind, Type: kindOfValue, Sensitivity: s}
	}
	const entity, attribute = element.Entity, element.Attribute
	return []element.Definition{
		define("Emails", entity, "email", "Email", element.Email, personal),
		define("Emails", entity, "billing_email", "Billing Email", element.Email, personal),
		define("Physical Addresses", entity, "shipping_address", "Shipping Address", element.Address, personal),
		define("Physical Addresses", entity, "billing_address", "Billing Address", element.Address, personal),
		define("IP Addresses", entity, "ip_address", "IP Address", element.IPAddress, personal),
		define("IP Addresses", attribute, "country", "Country", element.Country, public),
		define("IP Addresses", attribute, "city", "City", element.String, public),
		define("IP Addresses", attribute, "asn", "ASN", element.String, public),
		define("IP Addresses", attribute, "network", "Network", element.String, public),
		define("Identifiers", entity, "username", "Username", element.String, personal),
		define("Identifiers", entity, "customer_id", "Customer ID", element.String, personal),
		define("Identifiers", entity, "ssn", "SSN", element.TaxID, hashed),
		define("Tokenized Payment Methods", entity, "payment_from", "Payment From", element.PaymentAccount, hashed),
		define("Request Metadata", attribute, "user_agent", "User Agent", element.UserAgent, public),
		define("Request Metadata", attribute, "referer", "Referer", element.URL, public),
		define("Phone Numbers", entity, "phone", "Phone", element.Phone, personal),
		define("Order Data", entity, "order_id", "Order ID", element.String, personal),
		define("Order Data", attribute, "cart_total", "Cart Total", element.Money, public),
		define("Order Data", attribute, "product_sku", "Product SKU", element.String, public),
		define("Order Data", attribute, "final_sale", "Final Sale", element.Boolean, public),
		define("Payment Gateway Data", attribute, "transaction_amount", "Transaction Amount", element.Money, public),
		define("Payment Gateway Data", attribute, "decline_code", "Decline Code", element.String, public),
		define("Authentication Data", attribute, "sign_in_method", "Sign-in Method", element.String, public),
		define("Authentication Data", attribute, "password", "Password", element.String, element.Secret),
		define("Device Data", entity, "device_fingerprint", "Device Fingerprint", element.String, personal),
	}
}

// sampleLabels are the names the rules can place, signatures apart.
func sampleLabels() (labels, signatures []string) {
	return []string{"Average Purchase Behavior", "Credential Change after Login", "Failed Logins", "High Velocity Logins", "Many Accounts on a Device",
		"New Device for Account", "Returning User"}, []string{"Account Takeover", "Card Testing", "Refund Abuse"}
}
