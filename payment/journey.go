package payment

import (
	"encoding/json"
	"strconv"
)

// JourneyTree is the journey as rules read it, by its JSON names; what is empty and left out of JSON is left out here. It is nil for nil.
func JourneyTree(j *Journey) Tree {
	if j == nil {
		return nil
	}
	t := Tree{
		"session": string(j.Session), "matched_by": j.MatchedBy, "rating": j.Rating, "score": number(j.Score),
		"labels": texts(j.Labels), "signatures": texts(j.Signatures), "events": number(j.Events),
		"minutes_to_payment": number(j.MinutesToPayment), "cards_in_session": number(j.CardsInSession),
		"payments_in_session": number(j.PaymentsInSession), "payment_failures_in_session": number(j.PaymentFailures),
		"account_known_on_device": j.AccountKnown, "bad_entity_count": number(j.BadEntityCount), "confidence": number(j.Confidence),
	}
	for name, id := range map[string]string{"device": string(j.Device), "person": string(j.Person), "actor": string(j.Actor)} {
		if id != "" {
			t[name] = id
		}
	}
	if j.AccountAgeDays != nil {
		t["account_age_days_on_device"] = number(*j.AccountAgeDays)
	}
	bad := make([]any, len(j.BadEntities))
	for i, e := range j.BadEntities {
		bad[i] = Tree{"element": e.Element, "value": e.Value, "label": e.Label}
	}
	t["bad_entities"] = bad
	return t
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

func texts(list []string) []any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return all
}
