package event

import "strings"

// knownWords are the words that records are full of: names and types of elements and their parts, the members of finite
// sets, and a few common values. A word's place is its number in every log that was ever written, so that a word is
// never moved, taken away or put between others. One that is added at the end needs a new codecVersion, as an older
// program does not know it. The first shortWords are written in one byte, the others in two or three.
const knownWords = `
entity attribute string integer number boolean email phone address country currency money ip_address payment_account
tax_id payment_type user_agent url month year language date true false street city region postal_code latitude
longitude unit exponent domain registrable_domain mailbox disposable mixed_script digits valid extension version
prefix private kind brand first_six last_four luhn routing_number browser browser_version os os_version device_type
bot scheme host path base name minor 2 4 6 US USD EUR GB GBP card visa mastercard desktop mobile Chrome Safari Firefox
Edge Windows 10.0 macOS iOS Android Linux en production GET POST PUT DELETE PATCH success failure asn network username
customer_id device_fingerprint payment_from transaction_amount http_version tls_fingerprint http2_fingerprint
account_id session_token password first_name last_name full_name order_id cart_id cart_total cart_items product_id
product_sku search_term shipping_address billing_address transaction_id referer token address_headers_user_agent
opened challenged blocked informational trusting suspicious malicious velocity identity sequence outcome protocol tag
block webhook done failed unavailable HEAD OPTIONS account_creation account_update account_closure credential_change
authentication_attempt authentication_challenge logout password_reset_request password_reset product_search
product_view cart_update checkout transaction payment_method_update order_update gift_card_check promotion_redemption
refund_request refund_update dispute content_creation message support_request session_update body_encoding
body_too_large body_truncated duplicate_key invalid_graphql invalid_json invalid_multipart invalid_value invalid_xml
too_many_operations too_many_parts too_many_values unsupported_charset value_too_long iban bank masked amex discover
tablet script unknown https http billing_email email_to shipping_email new_email recovery_email buyer_email
seller_email merchant_email referrer_email gift_recipient_email newsletter_consent email_verified account_address
merchant_address pickup_address return_address new_address courier_address billing_name shipping_name company_name
address_label address_count delivery_instructions billing_matches_shipping billing_country shipping_country
ip_dns_address ip_hidden_address ip_proxy_address forwarded_address connection_type proxy_detected connection_port
new_username merchant_id account_number ssn ein tid passport_number driver_license national_id loyalty_id seller_id
courier_id employee_id partner_id referral_code display_name date_of_birth account_created account_status account_type
customer_tier tenant_id payment_from_account_id payment_to payment_to_account_id card_number card_token bank_account
wallet_id gift_card card_expiry_month card_expiry_year card_holder card_brand card_issuer card_country cvv card_pin
gift_card_pin gift_card_balance payment_method_saved payment_method_count payment_method_default origin redirect_url
landing_page content_type accept accept_encoding request_headers forwarded_spoofed status_code error_code
error_message request_id requested_with graphql_operation rpc_method api_version private_browsing plugin_hash
do_not_track fetch_site fetch_mode fetch_destination client_hint_platform client_hint_brands client_hint_mobile
campaign campaign_source affiliate_id experiment file_name alt_phone billing_phone shipping_phone new_phone
recovery_phone merchant_phone courier_phone phone_verified phone_carrier sms_consent order_number tracking_id
order_status order_note order_date transaction_currency tax_amount shipping_amount discount_amount discounts_applied
tip_amount promo_code promo_result shipping_method shipping_carrier delivery_date delivery_status gift_order
gift_message guest_checkout subscription_id subscription_plan invoice_number sales_channel store_id loyalty_points
store_credit_balance product_name product_category product_brand product_variant product_quantity product_price
product_stock product_rating final_sale digital_goods listing_id wishlist_id search_results sort_order page_number
review_text review_rating message_text support_topic support_ticket refund_id refund_amount refund_reason
refund_status refund_method refund_quantity refund_note return_id return_label return_window_days item_condition
exchange_requested payment_intent_id transaction_status transaction_reason_code transaction_type decline_code
decline_reason authorization_code avs_result cvv_result three_ds_status three_ds_version liability_shift
payment_gateway payment_attempt installments risk_score dispute_id dispute_reason dispute_status dispute_amount
payout_amount merchant_category_code new_password password_confirmation one_time_code security_answer recovery_code
api_key access_token refresh_token reset_token csrf_token remember_token passkey_id sign_in_method sign_in_provider
second_factor security_question remember_me captcha_present login_error account_locked terms_accepted scope client_id
device_id advertising_id push_token js_user_agent device_name device_model device_os device_os_version device_latitude
device_longitude device_language device_timezone device_memory device_cpu_cores screen_width screen_height pixel_ratio
color_depth touch_points gpu_renderer canvas_hash audio_hash font_hash firmware_version app_version app_id sensor_data
jailbroken emulator webdriver cookies_enabled battery_level
chrome safari firefox edge samsung opera windows macos android ios linux document data style image font other hosting vpn tor relay crawler
verified refuted answered missing key ambiguous account new tls http2 headers fetch brands platform automation agent learned_token rotation connection stitch deception network_kind
drop maintenance redirect feign decoy challenge rate_limit delay rewrite inject notify withheld passed refused check check_result canary
offered cookie refresh preload hints proof captcha
`

// shortWords is how many words are written in one byte, firstWords and secondWords how many records of these versions can have.
const (
	shortWords  = 128
	firstWords  = 444
	secondWords = 488
)

// wordSlots is the size of the table in which words are looked for. Nine tenths of it is empty, so that a text that is no word
// is seen at the first glance.
const wordSlots = 1 << 12

// words finds the number of a word and the word of a number. It never changes.
type words struct {
	list []string
	// ends are those of the words in the list.
	ends []wordEnds
	// slots have a word's number plus 1 at its hash or behind it, 0 is empty.
	slots [wordSlots]uint16
}

// wordEnds are the first and the last eight bytes of a text, which overlap when it has less than 16; bytes of 1 fill up one
// that has less than eight. With its length they tell it from most texts without a look at the text itself.
type wordEnds struct {
	head, tail uint64
	length     uint64
}

// endsWhole is the length in bytes of the longest text of which the ends are all.
const endsWhole = 16

func newWords() *words {
	w := &words{list: strings.Fields(knownWords)}
	for number, word := range w.list {
		ends := endsOf(word)
		w.ends = append(w.ends, ends)
		at := ends.slot()
		for w.slots[at] != 0 {
			at = (at + 1) % wordSlots
		}
		w.slots[at] = uint16(number + 1)
	}
	return w
}

// longestWord bounds the texts that are looked for among the words, in bytes.
const longestWord = 32

// endsOf gives the ends of a text that is not empty.
func endsOf(s string) wordEnds {
	n := len(s)
	if n >= 8 {
		return wordEnds{head: eightBytes(s), tail: eightBytes(s[n-8:]), length: uint64(n)}
	}
	all := filledUp(s)
	return wordEnds{head: all, tail: all, length: uint64(n)}
}

// filledUp is a text of one to seven bytes as a number, with bytes of 1 behind it.
func filledUp(s string) uint64 {
	n := uint(len(s))
	behind := uint64(lowestBits) << (8 * n)
	if n >= 4 {
		return fourBytes(s) | fourBytes(s[n-4:])<<(8*(n-4)) | behind
	}
	return uint64(s[0]) | uint64(s[n/2])<<(8*(n/2)) | uint64(s[n-1])<<(8*(n-1)) | behind
}

// slot is where the search for a text begins.
func (e *wordEnds) slot() uint64 {
	return (e.head*0x9e3779b97f4a7c15 ^ (e.tail+e.length)*0xff51afd7ed558ccd) >> 52
}

// number is the place of a word among knownWords; false when the text, whose ends are given, is none.
func (w *words) number(s string, ends wordEnds) (int, bool) {
	for at := ends.slot(); ; at++ {
		number := int(w.slots[at%wordSlots]) - 1
		if number < 0 {
			return 0, false
		}
		if w.ends[number] == ends && (len(s) <= endsWhole || w.list[number] == s) {
			return number, true
		}
	}
}
