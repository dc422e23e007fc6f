package hub

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"wayguard/decision"
	"wayguard/event"
	"wayguard/interceptor"
	"wayguard/payment"
	"wayguard/ruleset"
)

// paymentPart is a list as the API of payment decisions answers it.
type paymentPart struct {
	Data  any               `json:"data"`
	Links map[string]string `json:"links"`
}

// keptDecision is a decision as that API answers it.
type keptDecision struct {
	payment.Decision
	Assignee string `json:"assignee,omitempty"`
}

func paymentID(name string) event.ID { return event.DeriveID(sampleNow(), "payment", name) }

func pointer[T any](value T) *T { return &value }

// sampleDecision is the thirteenth card of a session, which was clean by itself.
func sampleDecision() payment.Decision {
	yes, no := true, false
	return payment.Decision{
		ID: paymentID("thirteenth"), Decision: payment.Review, Source: payment.Combined, Context: "checkout",
		CredentialFingerprint: pointer("crd_4ba2187c90de11f0a9c30242ac120002"), CredentialType: payment.PAN, MaskedCredential: pointer("411111 ****** 1111"),
		RulesetID: pointer(paymentID("rules 3")), RulesetVersion: pointer(int64(3)),
		TriggeredRules:       []payment.TriggeredRule{{RuleID: "many-cards", Name: "Many cards in one visit", Type: "condition", Action: payment.Review, Score: 40}},
		ShadowTriggeredRules: []payment.TriggeredRule{{RuleID: "strict", Name: "Block suspicious visits", Type: "condition", Action: payment.Block}}, ShadowDecision: payment.Block,
		BackendResults: []payment.BackendResult{
			{RuleID: "engine", Backend: "link-prod/vdm", Live: true, Outcome: payment.Allow, Score: pointer(int64(12)), Reference: "vdm-7781", MissingFields: []string{}, LatencyMillis: 84,
				LinkExecutionID: "exe-1", LinkTiming: &payment.LinkTiming{External: 79, Internal: 5, Total: 84}, RawResponse: json.RawMessage(`{"decision":"ACCEPT"}`)},
			{RuleID: "engine", Backend: "link-prod/ravelin", Error: pointer("insufficient_context"), MissingFields: []string{"$.customer.email"}},
		},
		HasBackendError: true,
		Events: []payment.LifecycleEvent{{ID: paymentID("fraud"), Type: payment.FraudReport, DecisionID: paymentID("thirteenth"), OccurredAt: sampleNow().Add(-2 * time.Minute),
			ProcessedAt: sampleNow().Add(-2 * time.Minute), Data: payment.Tree{"reason": "cardholder"}, Notifications: []payment.Notification{{Backend: "link-prod/vdm", Status: "delivered"}}}},
		EvaluatedAt: sampleNow().Add(-10 * time.Minute), LatencyMicros: 4200, Metadata: map[string]string{"shop": "main"},
		Amount: 12900, Currency: "EUR", CustomerID: "c-1077", DeviceFingerprint: pointer("dfp-9"), DeviceIP: pointer("192.0.2.77"), TransactionReference: "order-10013",
		PaymentState: pointer(payment.StateFraudReported), PaymentType: pointer("authorization"), Score: pointer(int64(40)), ThreeDS: "require",
		Journey: &payment.Journey{Session: sampleStory().Session.ID, Device: paymentID("device"), MatchedBy: "session", Rating: "malicious", Score: 95,
			Labels: []string{"Card Testing"}, Signatures: []string{"Scripted Checkout"}, Events: 41, MinutesToPayment: 7, CardsInSession: 13, PaymentsInSession: 14, PaymentFailures: 12,
			AccountAgeDays: pointer(int64(3)), AccountKnown: true, BadEntities: []payment.BadEntity{{Element: "ip_address", Value: "192.0.2.77", Label: "Proxy Network"}}, BadEntityCount: 1, Confidence: 80},
		Explanation: []payment.RuleTrace{
			{RuleID: "bad-card", Name: "Known bad card", Type: "blacklist", Live: true, Because: &payment.Condition{Op: "listed", Text: "$.credential_fingerprint on the blacklist", Result: &no}},
			{RuleID: "many-cards", Name: "Many cards in one visit", Type: "condition", Live: true, Fired: true, Action: payment.Review, Score: 40,
				Because: &payment.Condition{Op: "and", Text: "and", Result: &yes, Args: []payment.Condition{
					{Op: "gt", Text: "$.journey.cards_in_session > 10", Result: &yes, Value: 13},
					{Op: "or", Text: "or", Result: &yes, Args: []payment.Condition{{Op: "eq", Text: `$.customer.email = "x"`, Result: &no, Missing: true},
						{Op: "gte", Text: "$.transaction.amount >= 100", Result: &yes, Value: 12900}, {Op: "exists", Text: "$.device.ip is there"}}}}}},
			{RuleID: "off", Name: "Switched off", Type: "condition", Live: true, Skipped: "disabled"},
		},
		Warnings: []payment.Problem{{Field: "$.device.colour", Code: "unknown_field", Message: "is not known"}},
	}
}

func sampleResolved() payment.Decision {
	d := sampleDecision()
	d.ID, d.TransactionReference, d.Explanation, d.BackendResults, d.Journey = paymentID("resolved"), "order-10001", nil, nil, nil
	d.Resolution = &payment.Resolution{Resolution: payment.Rejected, ResolvedAt: sampleNow(), ResolvedBy: "kim@shop.example", Reason: "stolen card"}
	return d
}

func sampleRuleset() ruleset.Ruleset {
	return ruleset.Ruleset{ID: paymentID("rules 4"), Context: "checkout", Description: pointer("Cards of one visit"), CreatedBy: pointer("ada@shop.example"), CreatedAt: sampleNow(),
		Status: ruleset.Draft, Version: 4, Score: &ruleset.Thresholds{ReviewAt: 50, BlockAt: 100}, Rules: []ruleset.Rule{
			{ID: "bad-card", Type: ruleset.BlacklistRule, Name: "Known bad card", Action: payment.Block, Fields: []string{"$.credential_fingerprint"}, TTLSeconds: 7776000, PopulateOn: []payment.EventType{payment.FraudReport}},
			{ID: "many-cards", Type: ruleset.ConditionRule, Name: "Many cards in one visit", Action: payment.Review, Score: 40, ThreeDS: "require", Live: pointer(true),
				Condition: json.RawMessage(`{"op":"and","args":[{"op":"gt","field":"$.journey.cards_in_session","value":10},{"op":"velocity","field":"$.device.ip","window_seconds":3600,"cmp":"gt","value":5}]}`)},
			{ID: "engine", Type: ruleset.BackendGroupRule, Strategy: "parallel", Merge: "strictest", OnError: "allow", Members: []ruleset.Member{{Backend: "link-prod/vdm", Weight: 60}, {Backend: "link-prod/ravelin", Live: pointer(false)}}},
			{ID: "strict", Type: ruleset.ConditionRule, Action: payment.Block, Live: pointer(false), Enabled: pointer(false), Expression: "journey.score > 80"},
		}}
}

func sampleReport() decision.Report {
	half, most := 0.5, 0.8
	none := decision.Tally{Money: map[string]int64{}}
	side := decision.Side{Allowed: decision.Tally{Count: 90, Money: map[string]int64{"EUR": 900000}}, Reviewed: decision.Tally{Count: 4, Money: map[string]int64{"EUR": 51600}},
		Blocked: none, FraudCaught: decision.Tally{Count: 4, Money: map[string]int64{"EUR": 51600}}, FraudMissed: none, GoodHit: none, Precision: &most, Recall: &half, Saved: map[string]int64{"EUR": 51600}}
	before := side
	before.Precision, before.Recall, before.Saved = nil, nil, map[string]int64{}
	example := decision.Example{ID: paymentID("thirteenth"), Recorded: "ALLOW", Candidate: "REVIEW", Amount: 12900, Currency: "EUR", Fraud: true, Rules: []string{"many-cards"}}
	return decision.Report{Decisions: 94, Skipped: 2, Candidate: side, Recorded: before,
		NewlyHit:    decision.Changed{Count: 4, Fraud: 4, Money: map[string]int64{"EUR": 51600}, Examples: []decision.Example{example}},
		NoLongerHit: decision.Changed{Money: map[string]int64{}, Examples: []decision.Example{}}}
}

func sampleAnalytics() decision.Analytics {
	row := func(key string, times int64) decision.Row {
		return decision.Row{Key: key, Total: 10 * times, Allowed: 6 * times, Reviewed: 2 * times, Blocked: times, Provisional: times, Fraud: 3 * times, Money: map[string]int64{"EUR": 12900 * times}}
	}
	return decision.Analytics{Days: []decision.Row{row("2026-11-20", 1), row("2026-11-21", 2)}, Contexts: []decision.Row{row("checkout", 3)},
		Rules: []decision.Row{row("checkout/bad-card", 3)}, Outcomes: []decision.Row{{Key: "ALLOW", Total: 18, Allowed: 18, Money: map[string]int64{}}, row("BLOCK", 1)}}
}

func sampleInterceptor() interceptor.Interceptor {
	return interceptor.Interceptor{ID: paymentID("interceptor"), Ref: "adyen-main", Context: "checkout", Active: pointer(true), Description: pointer("The acquirer"),
		Destination:  interceptor.Destination{URL: "https://acquirer.example/payments", TimeoutMillis: 10000},
		FieldMapping: []interceptor.Entry{{Source: "$.amount.value", Target: "transaction.amount"}, {Const: json.RawMessage(`"masked_pan"`), Target: "credential.type"}, {Source: "$.card.number", Filter: "first(6)", Target: "credential.first_six"}},
		Responses:    interceptor.Responses{Block: &interceptor.Response{Mode: "template", Status: 200, Body: json.RawMessage(`{"resultCode":"Refused"}`)}},
		Discovered:   []interceptor.DiscoveredKey{{Key: "$.amount.value", Type: "number", Count: 54, LastSeen: sampleNow()}, {Key: "$.card.number", Type: "string", Count: 54, LastSeen: sampleNow()}},
		Status:       ruleset.Draft, Version: 2, InsertedAt: sampleNow(), UpdatedAt: sampleNow(), OnInvalid: "forward", OnFailure: "block", StorePayload: true}
}

// TestPaymentWire writes what the API of payment decisions answers, for the tests of the pages: the Hub hands it on as it is.
func TestPaymentWire(t *testing.T) {
	hit := sampleNow().Add(-10 * time.Minute)
	precision := 0.75
	listed := []decision.ListValue{
		{ID: paymentID("value"), List: decision.Blacklist, FieldPath: "$.device.ip", Value: "192.0.2.77", ExpiresAt: pointer(sampleNow().Add(24 * time.Hour)), SourceDecisionID: pointer(paymentID("thirteenth")),
			Note: "a proxy", InsertedAt: sampleNow(), UpdatedAt: sampleNow()},
		{ID: paymentID("card"), List: decision.Blacklist, FieldPath: "$.credential_fingerprint", Value: "crd_4ba2187c90de11f0a9c30242ac120002", DisplayHint: pointer("****1111"), InsertedAt: sampleNow(), UpdatedAt: sampleNow()},
	}
	for file, answer := range map[string]any{
		"payment-decision.json":    keptDecision{sampleDecision(), "kim@shop.example"},
		"payment-decisions.json":   paymentPart{[]keptDecision{{sampleDecision(), ""}, {sampleResolved(), ""}}, map[string]string{"next": "/api/decisions?after=cursor-2&limit=50"}},
		"payment-ruleset.json":     sampleRuleset(),
		"payment-report.json":      sampleReport(),
		"payment-interceptor.json": sampleInterceptor(),
		"payment-blacklist.json":   paymentPart{listed, nil},
		"payment-analytics.json":   sampleAnalytics(),
		"payment-performance.json": decision.Performance{Decisions: 94, Fraud: 4, Rules: []decision.RulePerformance{
			{RuleID: "many-cards", Name: "Many cards in one visit", Hits: 4, ShadowHits: 1, Share: 0.0425, Fraud: 3, Precision: &precision, LastHit: &hit}, {RuleID: "bad-card"}}},
	} {
		encoded, err := json.MarshalIndent(answer, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(encoded, []byte("4111111111111111")) {
			t.Errorf("%s holds a card number", file)
		}
		checkGolden(t, file, append(encoded, '\n'))
	}
}
