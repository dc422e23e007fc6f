package element

// paymentTable has a line for each canonical payment type: the type, then other names for it that shops and gateways
// use, without spaces and signs.
const paymentTable = `
credit_card cc credit kreditkarte visa mastercard mc amex americanexpress discover diners jcb unionpay
debit_card debit maestro girocard bancontact interac bcmc mada
prepaid_card prepaid
card scheme cards cardpresent paymentcard bankcard
gift_card giftcards giftcertificate giftvoucher voucher svs givex
store_credit storecredits accountcredit accountbalance balance
loyalty_points points rewards rewardpoints
checking checkingaccount current currentaccount
savings savingsaccount
bank_transfer bank wire wiretransfer eft sepa sepatransfer ideal sofort giropay eps trustly pix upi bankaccount usbankaccount onlinebanking
direct_debit ach achdebit achdirectdebit sepadebit sepadirectdebit bacs bacsdebit lastschrift
check cheque checkpayment echeck
wallet ewallet digitalwallet alipay wechatpay venmo cashapp mobilepay swish samsungpay shoppay link twint blik
paypal paypalexpress paypalexpresscheckout ppcp
apple_pay applepaytoken
google_pay gpay androidpay paywithgoogle
amazon_pay payamazon amazonpayments
buy_now_pay_later bnpl klarna klarnapaynow affirm afterpay afterpayclearpay clearpay zip paylater payinfour installments
invoice purchaseorder po onaccount billmelater rechnung
cash
cash_on_delivery cod
crypto bitcoin btc eth ethereum usdt usdc cryptocurrency coinbase
other
`

// paymentTypeReader reads payment types; its table never changes.
type paymentTypeReader struct {
	byName map[string]string
}

func newPaymentTypeReader() paymentTypeReader {
	byName := map[string]string{}
	for name, canonical := range shortForms(paymentTable) {
		byName[squash(name)] = canonical
	}
	return paymentTypeReader{byName: byName}
}

// read brings a name to the canonical one. A name that is not known is "other", shown as written.
func (p paymentTypeReader) read(raw Raw) (Value, error) {
	written := cut(cleanText(cut(raw.Text, 128)), 64)
	name := squash(written)
	if name == "" {
		return Value{}, ErrEmpty
	}
	if known, ok := p.byName[name]; ok {
		return Value{Text: known}, nil
	}
	shown, _ := Scrub(written)
	return Value{Text: "other", Display: shown}, nil
}
