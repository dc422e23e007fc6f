package decision

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"wayguard/payment"
)

const (
	aCard    = "4111111111111111"
	aGrouped = "4111-1111-1111-1111"
	anIBAN   = "DE89370400440532013000"
)

func noNumbers(t *testing.T, what string, kept any) {
	t.Helper()
	text, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{aCard, aGrouped, anIBAN, `"cvv"`} {
		if strings.Contains(string(text), number) {
			t.Errorf("%s keeps a number", what)
		}
	}
}

// TestWhatIsToldLaterKeepsNoNumbers, neither with the decision nor on its way to backends.
func TestWhatIsToldLaterKeepsNoNumbers(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	b.activate("default", `[{"id": "r", "type": "condition", "action": "REVIEW", "condition": "gte($.transaction.amount, 0)"}]`)
	d := b.decide(b.pay(nil))
	data := payment.Tree{"card": aCard, "cvv": "4711", "reason": "refund to " + anIBAN, aCard: "a name", "reference": "8835511210681326"}
	e, err := b.Ingest(t.Context(), payment.LifecycleEvent{Type: payment.Chargeback, DecisionID: d.ID, OccurredAt: b.clock.Now(), Data: data}, "")
	if err != nil {
		t.Fatal(err)
	}
	noNumbers(t, "the event", e)
	if e.Data["reference"] != "8835511210681326" {
		t.Error("the bank's reference was taken for a card")
	}
	resolved, _, err := b.Resolve(t.Context(), d.ID, false, "ann", "card "+aGrouped, "refund to "+anIBAN)
	if err != nil {
		t.Fatal(err)
	}
	noNumbers(t, "the resolution", resolved)
	noNumbers(t, "the ledger", b.kept(d.ID))
}

// TestListsTakeNoNumbers: a request keeps none, so that such an entry would never be met.
func TestListsTakeNoNumbers(t *testing.T) {
	b := prepared(t, newMemory(), nil)
	for _, v := range []ListValue{
		{FieldPath: "$.customer.id", Value: aCard}, {FieldPath: "$.metadata.note", Value: "card " + aGrouped}, {List: "vip", Value: anIBAN},
		{FieldPath: "$.credential_fingerprint", Value: aCard}, {FieldPath: "$.billing.phone", Value: "+" + aCard},
	} {
		_, err := b.AddValue(t.Context(), v, 0, "ann")
		var refused *InvalidError
		if !errors.As(err, &refused) {
			t.Errorf("%s took a number: %v", v.FieldPath, err)
			continue
		}
		noNumbers(t, "the refusal", refused.Problems)
	}
	kept, err := b.AddValue(t.Context(), ListValue{List: "vip", Value: "c-9", Note: "pays with " + aCard}, 0, "ann")
	if err != nil {
		t.Fatal(err)
	}
	noNumbers(t, "the entry", kept)
	// These digits have a card's first digit, length and check digit by chance.
	if _, err := b.AddValue(t.Context(), ListValue{FieldPath: "$.billing.phone", Value: "+4915112345678"}, 0, "ann"); err != nil {
		t.Errorf("a telephone number is refused: %v", err)
	}
}
