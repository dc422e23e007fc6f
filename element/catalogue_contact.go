package element

// inCategory puts every definition in one category.
func inCategory(category string, all ...Definition) []Definition {
	for i := range all {
		all[i].Category = category
	}
	return all
}

func entity(name, human string, t ValueType, s Sensitivity) Definition {
	return Definition{Name: name, Human: human, Kind: Entity, Type: t, Sensitivity: s}
}

func attribute(name, human string, t ValueType, s Sensitivity) Definition {
	return Definition{Name: name, Human: human, Kind: Attribute, Type: t, Sensitivity: s}
}

// folded marks names that people write in any case.
func folded(d Definition) Definition {
	d.Folded = true
	return d
}

func emailElements() []Definition {
	return inCategory(CategoryEmails,
		entity("email", "Email", Email, Personal),
		entity("billing_email", "Billing Email", Email, Personal),
		entity("email_to", "Email To", Email, Personal),
		entity("shipping_email", "Shipping Email", Email, Personal),
		entity("new_email", "New Email", Email, Personal),
		entity("recovery_email", "Recovery Email", Email, Personal),
		entity("buyer_email", "Buyer Email", Email, Personal),
		entity("seller_email", "Seller Email", Email, Personal),
		entity("merchant_email", "Merchant Email", Email, Personal),
		entity("referrer_email", "Referrer Email", Email, Personal),
		entity("gift_recipient_email", "Gift Recipient Email", Email, Personal),
		attribute("newsletter_consent", "Newsletter Consent", Boolean, Public),
		attribute("email_verified", "Email Verified", Boolean, Public),
	)
}

func addressElements() []Definition {
	return inCategory(CategoryAddresses,
		entity("account_address", "Account Address", Address, Personal),
		entity("billing_address", "Billing Address", Address, Personal),
		entity("shipping_address", "Shipping Address", Address, Personal),
		entity("merchant_address", "Merchant Address", Address, Personal),
		entity("pickup_address", "Pickup Address", Address, Personal),
		entity("return_address", "Return Address", Address, Personal),
		entity("new_address", "New Address", Address, Personal),
		entity("courier_address", "Courier Address", Address, Personal),
		attribute("first_name", "First Name", String, Personal),
		attribute("last_name", "Last Name", String, Personal),
		attribute("full_name", "Full Name", String, Personal),
		attribute("billing_name", "Billing Name", String, Personal),
		attribute("shipping_name", "Shipping Name", String, Personal),
		attribute("company_name", "Company Name", String, Public),
		attribute("address_label", "Address Label", String, Personal),
		attribute("address_count", "Saved Addresses", Integer, Public),
		attribute("delivery_instructions", "Delivery Instructions", String, Personal),
		attribute("billing_matches_shipping", "Billing Matches Shipping", Boolean, Public),
		attribute("billing_country", "Billing Country", Country, Public),
		attribute("shipping_country", "Shipping Country", Country, Public),
	)
}

func connectionElements() []Definition {
	return inCategory(CategoryIPAddresses,
		entity("ip_address", "IP Address", IPAddress, Personal),
		entity("ip_dns_address", "IP DNS Address", IPAddress, Personal),
		entity("ip_hidden_address", "IP Hidden Address", IPAddress, Personal),
		attribute("ip_proxy_address", "IP Proxy Address", IPAddress, Personal),
		attribute("forwarded_address", "Forwarded Address", IPAddress, Personal),
		attribute("country", "Country", Country, Public),
		attribute("region", "Region", String, Public),
		attribute("city", "City", String, Public),
		attribute("latitude", "Latitude", Number, Public),
		attribute("longitude", "Longitude", Number, Public),
		attribute("asn", "ASN", String, Public),
		attribute("network", "Network", String, Public),
		attribute("connection_type", "Connection Type", String, Public),
		attribute("proxy_detected", "Proxy Detected", Boolean, Public),
		attribute("connection_port", "Connection Port", Integer, Public),
	)
}

func phoneElements() []Definition {
	return inCategory(CategoryPhones,
		entity("phone", "Phone", Phone, Personal),
		entity("alt_phone", "Alt Phone", Phone, Personal),
		entity("billing_phone", "Billing Phone", Phone, Personal),
		entity("shipping_phone", "Shipping Phone", Phone, Personal),
		entity("new_phone", "New Phone", Phone, Personal),
		entity("recovery_phone", "Recovery Phone", Phone, Personal),
		entity("merchant_phone", "Merchant Phone", Phone, Personal),
		entity("courier_phone", "Courier Phone", Phone, Personal),
		attribute("phone_verified", "Phone Verified", Boolean, Public),
		attribute("phone_carrier", "Phone Carrier", String, Public),
		attribute("sms_consent", "SMS Consent", Boolean, Public),
	)
}
