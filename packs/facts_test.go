package packs_test

import (
	"strconv"
	"time"

	"wayguard/event"
	"wayguard/rule"
)

// facts is all that the rules are told of the event.
func (r recollection) facts(v *visit, fresh bool) *rule.Facts {
	shape := v.shape.Shape()
	return &rule.Facts{
		Event: &r.now.event, Memory: r, Clusters: &r.clusters, Device: r.device(), Person: r.person(), Actor: r.actor(),
		LoginRisk: r.loginRisk,
		Session: rule.Session{
			ID: v.id, Opened: v.opened, Events: v.events, Score: v.score, Rating: v.rating, Labels: v.labels,
			Counts: r.sessionCounts(), Distinct: r.sessionDistinct, New: fresh, Progress: v.progress,
			First: v.shape.First, Last: v.shape.Before,
			Shape: rule.Shape{
				Pages: shape.Pages(), Assets: shape.Assets(), Backs: shape.Backs(), DistinctPages: shape.DistinctPages(),
				Gaps: shape.Gaps(), Variation: shape.Variation(), MedianGap: shape.MedianGap(), Orderly: shape.Orderly(),
				Crowd: 1, Clones: r.clones(),
			},
		},
	}
}

// device is whoever has the cookie.
func (r recollection) device() rule.Device {
	d := rule.Device{New: true, Sessions: 1, Confidence: 100}
	if len(r.now.event.Evidence.Tokens) == 0 {
		return d
	}
	accounts, sessions := map[string]bool{}, map[event.ID]bool{}
	for _, h := range r.past {
		if len(h.event.Evidence.Tokens) == 0 || h.event.Evidence.Tokens[0] != r.now.event.Evidence.Tokens[0] {
			continue
		}
		d.AgeDays = max(d.AgeDays, int64(r.now.event.Time.Sub(h.event.Time)/(24*time.Hour)))
		sessions[h.session.id] = true
		if h.session != r.now.session {
			d.Suspicion = max(d.Suspicion, []int64{0, 600, 1321}[h.session.rating]>>(r.now.event.Time.Sub(h.event.Time)/(30*24*time.Hour)))
		}
		for _, name := range append(values(h, "username"), values(h, "customer_id")...) {
			accounts[name] = true
			for _, mine := range append(values(r.now, "username"), values(r.now, "customer_id")...) {
				d.KnownToAccount = d.KnownToAccount || mine == name && h.session != r.now.session && h.event.Result == event.Success
			}
		}
	}
	d.Sessions, d.Accounts, d.New = int64(len(sessions)), int64(len(accounts)), len(sessions) <= 1
	return d
}

// rise counts on the event that its session's rating rose.
func (h *history) rise(v *visit, verdict *event.Verdict) {
	late := map[string]int64{}
	if verdict.Rating >= event.Suspicious && v.rating < event.Suspicious {
		late["suspicious_sessions"] = 1
	}
	if verdict.Rating == event.Malicious && v.rating < event.Malicious {
		late["malicious_sessions"] = 1
	}
	h.late[h.past[len(h.past)-1].event.ID] = late
}

// clusters sums up bad outcomes, with nothing usual taken off: one is forgiven in ten minutes.
type clusters struct {
	sums map[string]*pile
	now  map[string]*pile
	// alarmed is the narrowest kind that is alarmed.
	alarmed string
}

type pile struct {
	level int64 // hundredths
	last  time.Time
	alarm time.Time
}

// bad is how bad an outcome is, in hundredths.
func bad(e *event.Event) int64 {
	if e.Result != event.Failure {
		return 0
	}
	switch e.Type {
	case event.AuthenticationAttempt, event.Transaction, event.GiftCardCheck, event.AccountCreation, event.PromotionRedemption:
		return 100
	}
	return 0
}

// fold adds the event to its groups; the narrowest that is alarmed explains it to the wider ones.
func (c *clusters) fold(e *event.Event) {
	if c.sums == nil {
		c.sums = map[string]*pile{}
	}
	c.now, c.alarmed = map[string]*pile{}, ""
	tool, explained := e.Evidence.HeaderShape+e.Evidence.UserAgent, false
	h := happened{event: *e, session: &visit{}}
	first := func(all []string) string { return append(all, "")[0] }
	groups := map[string]string{
		"address": e.Evidence.Address, "network": first(values(h, rule.NetworkValue)), "tool": tool,
		"bin": first(values(h, rule.BinValue)), "promo": first(values(h, "promo_code")),
		"email_domain": first(parts(h, "email", "registrable_domain")), "route": e.HTTP.Route, "everything": "everything",
	}
	if groups["network"] != "" {
		groups["tool_network"] = tool + "\x00" + groups["network"]
	}
	for _, kind := range rule.ClusterKinds() {
		if groups[kind] == "" {
			continue
		}
		key := kind + "\x00" + string(e.Type) + "\x00" + groups[kind]
		if c.sums[key] == nil {
			c.sums[key] = &pile{last: e.Time}
		}
		p := c.sums[key]
		p.level = max(0, p.level-int64(e.Time.Sub(p.last)/(6*time.Second)))
		p.last = e.Time
		if !explained {
			p.level = min(4000, p.level+bad(e))
		}
		if p.level > 800 {
			p.alarm = e.Time.Add(15 * time.Minute)
		}
		if c.now[kind] = p; e.Time.Before(p.alarm) && !explained {
			explained, c.alarmed = true, kind
		}
	}
}

// Level implements rule.Clusters.
func (c *clusters) Level(kind string) int64 {
	if p := c.now[kind]; p != nil {
		return p.level
	}
	return 0
}

// Alarmed implements rule.Clusters.
func (c *clusters) Alarmed(kind string) bool { return c.alarmed == kind }

// counts is what one event adds to each counter.
func (h *history) counts(of happened) map[string]int64 {
	e := of.event
	sum := map[string]int64{"events": 1}
	if e.Result == event.Blocked {
		sum["blocked"] = 1
	}
	byType(&e, sum)
	byKind(&e, sum)
	for counter, n := range h.late[e.ID] {
		sum[counter] += n
	}
	if first := h.firstOf(of.session); first == e.ID {
		sum["sessions"] = 1
	}
	return sum
}

// firstOf is the session's first event.
func (h *history) firstOf(v *visit) event.ID {
	for i := range h.past {
		if h.past[i].session == v {
			return h.past[i].event.ID
		}
	}
	return ""
}

// byType counts what the event is.
func byType(e *event.Event, sum map[string]int64) {
	counted := func(all, successes, failures string) {
		sum[all] = 1
		if e.Result == event.Success && successes != "" {
			sum[successes] = 1
		}
		if e.Result == event.Failure && failures != "" {
			sum[failures] = 1
		}
	}
	switch e.Type {
	case event.AuthenticationAttempt:
		counted("logins", "login_successes", "login_failures")
	case event.Transaction:
		counted("payments", "payment_successes", "payment_failures")
		if e.Result == event.Success {
			sum["payment_amount"] = money(e, "transaction_amount")
		}
	case event.RefundRequest:
		counted("refunds", "refund_successes", "")
		sum["refund_amount"] = money(e, "refund_amount")
	case event.GiftCardCheck:
		counted("gift_card_checks", "gift_card_successes", "gift_card_failures")
	case event.PromotionRedemption:
		counted("promotions", "", "promotion_failures")
	case event.AccountCreation:
		counted("signups", "signup_successes", "signup_failures")
	case event.ProductView:
		sum["page_views"], sum["product_views"] = 1, 1
	case event.ProductSearch:
		sum["page_views"], sum["searches"] = 1, 1
	case event.SessionUpdate:
		if kind := e.Evidence.Wire.Kind; kind == "" || kind == event.Document {
			sum["page_views"] = 1
		}
	}
	if counter := map[event.Type]string{
		event.AuthenticationChallenge: "challenges", event.Logout: "logouts", event.PasswordResetRequest: "password_resets",
		event.CredentialChange: "credential_changes", event.PasswordReset: "credential_changes", event.AccountUpdate: "account_updates",
		event.PaymentMethodUpdate: "payment_method_updates", event.Checkout: "checkouts", event.CartUpdate: "cart_updates",
		event.Dispute: "disputes", event.MessageSent: "messages", event.SupportRequest: "support_requests",
		event.ContentCreation: "contents",
	}[e.Type]; counter != "" {
		sum[counter] = 1
	}
}

// byKind counts what was asked for on the wire, and how it was answered.
func byKind(e *event.Event, sum map[string]int64) {
	switch kind := e.Evidence.Wire.Kind; {
	case kind == event.Document:
		sum["documents"] = 1
	case kind == event.Data:
		sum["data_calls"] = 1
	case kind.Asset():
		sum["assets"] = 1
	}
	switch status := e.HTTP.Status; {
	case status == 404:
		sum["not_found"] = 1
	case status == 401 || status == 403:
		sum["forbidden"] = 1
	case status == 400 || status == 405 || status == 422:
		sum["client_errors"] = 1
	case status >= 500:
		sum["server_errors"] = 1
	}
}

// money is the amount of an element, 0 when the event has none.
func money(e *event.Event, name string) int64 {
	found := e.Find(name)
	if found == nil {
		return 0
	}
	n, err := strconv.ParseInt(found.Value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
