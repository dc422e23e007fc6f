package hub

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wayguard/event"
	"wayguard/search"
)

// storyTeller builds the records of one session in the order they happened.
type storyTeller struct {
	opened  time.Time
	session event.ID
	journey event.ID
	labels  []string
	rating  event.Rating
	score   int64
	records []event.Record
}

func (s *storyTeller) tell(after time.Duration, kind event.Type, name string, change func(*event.Record)) *event.Record {
	at := s.opened.Add(after)
	number := int64(len(s.records) + 1)
	join := event.Join{By: "token", Detail: "cookie:sid"}
	if number == 1 {
		join = event.Join{By: "opened", Detail: "no earlier session with this address, header shape and user agent"}
	}
	record := event.Record{
		Event: event.Event{
			ID: event.DeriveID(at, "event", fmt.Sprint(number)), Environment: sampleEnvironment, Time: at, Name: name, Type: kind,
			Spec: "shop-login",
			HTTP: event.HTTP{Method: "POST", Host: "shop.example", Route: "/account/login", Status: 200, Duration: 41823 * time.Microsecond},
			Evidence: event.Evidence{Address: "198.51.100.77", HeaderShape: "5f1c9b1e20aa64d3", UserAgent: "c1d8a0f4b7709e12",
				Tokens: []event.Token{{Name: "cookie:sid", Hash: "9d3f7c20a4b81e66", Issued: number == 1}}},
			Elements: sampleConnection(),
		},
		Session: event.Session{ID: s.session, Journey: s.journey, Number: number, Opened: s.opened, Join: join},
		Verdict: event.Verdict{Before: s.rating, Rating: s.rating, Score: s.score, Rules: "8f0a6c1d"},
	}
	if change != nil {
		change(&record)
	}
	for _, label := range record.Verdict.Labels {
		if !label.Shadow && !slices.Contains(s.labels, label.Name) {
			s.labels = append(s.labels, label.Name)
		}
	}
	record.Session.Labels = slices.Clone(s.labels)
	s.rating, s.score = record.Verdict.Rating, record.Verdict.Score
	slices.SortFunc(record.Event.Elements, func(a, b event.Element) int { return strings.Compare(a.Name, b.Name) })
	s.records = append(s.records, record)
	return &s.records[len(s.records)-1]
}

func sampleConnection() []event.Element {
	return []event.Element{
		{Name: "ip_address", Kind: event.Entity, Type: "ip_address", Value: "198.51.100.77", Parts: event.PartsOf(map[string]string{"version": "4", "prefix": "198.51.100.0/24"})},
		{Name: "country", Kind: event.Attribute, Type: "country", Value: "US", Parts: event.PartsOf(map[string]string{"name": "United States of America"})},
		{Name: "city", Kind: event.Attribute, Type: "string", Value: "Boston"},
		{Name: "asn", Kind: event.Attribute, Type: "string", Value: "AS64496"},
		{Name: "network", Kind: event.Attribute, Type: "string", Value: "Example Hosting LLC"},
		{Name: "user_agent", Kind: event.Attribute, Type: "user_agent", Value: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
			Display: "Chrome 142 on Linux", Parts: event.PartsOf(map[string]string{"browser": "Chrome", "browser_version": "142.0.0.0", "os": "Linux", "device_type": "desktop", "bot": "false"})},
	}
}

func (s *storyTeller) login(after time.Duration, username string, result event.Result, status int, change func(*event.Record)) {
	s.tell(after, event.AuthenticationAttempt, "Login through Form", func(r *event.Record) {
		r.Event.Result, r.Event.HTTP.Status, r.Event.HTTP.Inline = result, status, true
		r.Event.Elements = append(r.Event.Elements,
			event.Element{Name: "username", Kind: event.Entity, Type: "string", Value: username},
			event.Element{Name: "password", Kind: event.Attribute, Type: "string", Value: "•"})
		if change != nil {
			change(r)
		}
	})
}

func highVelocity() event.Label {
	return event.Label{Name: "High Velocity Logins", Severity: event.SuspiciousLabel, Rule: "login-velocity", Version: "3b8e11c0", Points: 40, Family: "velocity",
		Because:  []event.Reason{{Expression: `count("ip_address","logins","1m")`, Value: "6"}, {Expression: "settings.per_minute", Value: "5"}},
		Sentence: "6 login attempts from one address within a minute"}
}

func newDevice() event.Label {
	return event.Label{Name: "New Device for Account", Severity: event.SuspiciousLabel, Rule: "new-device", Version: "77aa0e21", Points: 25, Family: "identity",
		Because:  []event.Reason{{Expression: `seen_before("username","device_fingerprint")`, Value: "false"}, {Expression: `age_days("username")`, Value: "412"}},
		Sentence: "username m.rossi was never seen with this device in 412 days"}
}

func accountTakeover() event.Label {
	return event.Label{Name: "Account Takeover", Severity: event.MaliciousLabel, Rule: "account-takeover", Version: "c40e9d12", Signature: true, Family: "sequence",
		Because: []event.Reason{{Expression: `session.label("High Velocity Logins")`, Value: "true"}, {Expression: `session.label("New Device for Account")`, Value: "true"},
			{Expression: `session.label("Credential Change after Login")`, Value: "true"}},
		Sentence: "a burst of logins, one success on an unknown device, and the password changed at once"}
}

// sampleTeller tells an account takeover: stuffing, a hit, the password changed, a purchase blocked.
func sampleTeller() *storyTeller {
	opened := time.Date(2026, 11, 21, 10, 24, 11, 482913000, time.UTC)
	s := &storyTeller{opened: opened, session: event.DeriveID(opened, "session", "takeover"), journey: event.DeriveID(opened, "journey", "takeover")}
	s.tellLogins()
	s.tellTheft()
	return s
}

func sampleStory() search.Story {
	s := sampleTeller()
	opened, last := s.opened, s.records[len(s.records)-1]
	story := search.Story{
		Session: search.Session{ID: s.session, Journey: s.journey, Opened: opened, LastSeen: last.Event.Time, Rating: s.rating, Score: s.score,
			Events: int64(len(s.records)), Labels: int64(len(s.labels)), Seconds: last.Event.Time.Sub(opened).Seconds(),
			Country: "US", City: "Boston", Address: "198.51.100.77"},
		Linked: sampleLinked(),
	}
	places := map[string]int{}
	for _, record := range s.records {
		for _, label := range record.Verdict.Labels {
			if at, placed := places[label.Name]; placed {
				story.Labels[at].Times++
				continue
			}
			places[label.Name] = len(story.Labels)
			story.Labels = append(story.Labels, search.PlacedLabel{Label: label, Event: record.Event.ID, At: record.Event.Time, Times: 1})
		}
		for _, action := range record.Event.Actions {
			story.Actions = append(story.Actions, search.PlacedAction{Action: action, Event: record.Event.ID, At: record.Event.Time})
		}
	}
	story.Events = slices.Clone(s.records)
	slices.Reverse(story.Events)
	return story
}

func (s *storyTeller) tellLogins() {
	s.tell(0, event.SessionUpdate, "Page View", func(r *event.Record) {
		r.Event.Spec, r.Event.HTTP.Method = "page-view", "GET"
		r.Session.Join.Detail = "first request of this visitor"
	})
	for i, name := range []string{"a.keller", "j.doe", "k.tanaka", "o.nilsen", "p.gomez"} {
		s.login(time.Duration(9+i*6)*time.Second, name, event.Failure, 401, nil)
	}
	s.login(41*time.Second, "r.silva", event.Failure, 401, func(r *event.Record) {
		r.Verdict.Labels = []event.Label{highVelocity()}
		r.Verdict.Rating, r.Verdict.Score, r.Verdict.Tipped = event.Suspicious, 40, []string{"High Velocity Logins"}
		r.Verdict.Actions = []event.Action{{Name: "tag-origin", Kind: event.Tag, Because: "Suspicious Session", Outcome: "done"}}
		r.Event.Actions = r.Verdict.Actions
	})
	s.login(47*time.Second, "m.rossi", event.Success, 302, func(r *event.Record) {
		r.Verdict.Labels = []event.Label{newDevice(), highVelocity()}
		r.Verdict.Rating, r.Verdict.Score = event.Suspicious, 65
		r.Verdict.EntityLabels = []event.EntityLabel{{Element: "username", Value: "m.rossi", Label: "Password Known to Attacker", Rule: "new-device"}}
		r.Event.Elements = append(r.Event.Elements, event.Element{Name: "device_fingerprint", Kind: event.Entity, Type: "string", Value: "d9:4e:11:0c:7b"})
	})
}

func (s *storyTeller) tellTheft() {
	s.tell(62*time.Second, event.AuthenticationChallenge, "One-time Code", func(r *event.Record) {
		r.Event.Result, r.Event.HTTP.Route, r.Event.Spec = event.Challenged, "/account/code", "one-time-code"
		r.Event.Issues = []event.Issue{{Code: "body_truncated", Element: "sign_in_method", Detail: "the request's body is longer than 64 KiB"}}
	})
	s.tell(95*time.Second, event.CredentialChange, "Change Password", func(r *event.Record) {
		change := event.Label{Name: "Credential Change after Login", Severity: event.SuspiciousLabel, Rule: "credential-change", Version: "02fe7711", Points: 40, Family: "sequence",
			Because:  []event.Reason{{Expression: `session.seconds`, Value: "95"}, {Expression: `session.count("credential_changes")`, Value: "1"}},
			Sentence: "the password was changed 48 seconds after the login"}
		r.Event.Result, r.Event.HTTP.Route, r.Event.Spec = event.Success, "/account/{username}/password", "change-password"
		r.Verdict.Labels = []event.Label{change, accountTakeover()}
		r.Verdict.Rating, r.Verdict.Score, r.Verdict.Tipped = event.Malicious, 105, []string{"Account Takeover"}
		r.Verdict.Actions = []event.Action{{Name: "tell-soc", Kind: event.Webhook, Because: "Account Takeover", Outcome: "done"},
			{Name: "step-up", Kind: event.Block, Because: "Account Takeover", Shadow: true},
			{Name: "ask-for-proof", Kind: event.Challenge, Because: "Account Takeover", Policy: "stop-takeovers"}}
		r.Event.Actions = []event.Action{r.Verdict.Actions[0], r.Verdict.Actions[1],
			{Name: "ask-for-proof", Kind: event.Challenge, Because: "Account Takeover", Policy: "stop-takeovers", Outcome: event.Withheld,
				Detail: "the request was not held"}}
	})
	s.tell(131*time.Second, event.AccountUpdate, "Change Shipping Address", func(r *event.Record) {
		r.Event.Result, r.Event.HTTP.Route, r.Event.Spec = event.Success, "/account/address", "change-address"
		r.Event.Elements = append(r.Event.Elements,
			event.Element{Name: "shipping_address", Kind: event.Entity, Type: "address", Value: "5 harbor st, boston, ma, 02110, us", Display: "5 Harbor St., Boston MA 02110, US",
				Parts: event.PartsOf(map[string]string{"street": "5 Harbor St.", "city": "Boston", "region": "MA", "postal_code": "02110", "country": "US"})},
			event.Element{Name: "billing_address", Kind: event.Entity, Type: "address", Parts: event.PartsOf(map[string]string{"city": "Torino", "country": "IT"})},
			event.Element{Name: "phone", Kind: event.Entity, Type: "phone", Value: "+16175550142", Display: "+1 617-555-0142", Parts: event.PartsOf(map[string]string{"digits": "16175550142", "country": "US"})})
	})
	s.tell(188*time.Second, event.CartUpdate, "Add to Cart", func(r *event.Record) {
		r.Event.HTTP.Route, r.Event.HTTP.Status, r.Event.Spec = "/cart/items", 201, "cart"
		r.Event.Elements = append(r.Event.Elements, event.Element{Name: "product_sku", Kind: event.Attribute, Type: "string", Value: "GC-500"},
			event.Element{Name: "cart_total", Kind: event.Attribute, Type: "money", Value: "50000", Display: "USD 500.00", Parts: event.PartsOf(map[string]string{"currency": "USD", "exponent": "2"})})
	})
	s.tell(213*time.Second, event.Transaction, "Pay by Card", func(r *event.Record) {
		r.Event.Result, r.Event.HTTP.Route, r.Event.HTTP.Status, r.Event.HTTP.Inline, r.Event.Spec = event.Blocked, "/checkout/pay", 403, true, "pay"
		r.Event.HTTP.Duration = 1210 * time.Microsecond
		r.Event.Elements = append(r.Event.Elements,
			event.Element{Name: "payment_from", Kind: event.Entity, Type: "payment_account", Value: "b61d03f2c95e8a77", Display: "Visa 411111••••••1111",
				Parts: event.PartsOf(map[string]string{"brand": "Visa", "first_six": "411111", "last_four": "1111"})},
			event.Element{Name: "transaction_amount", Kind: event.Attribute, Type: "money", Value: "50000", Display: "USD 500.00", Parts: event.PartsOf(map[string]string{"currency": "USD", "exponent": "2"})},
			event.Element{Name: "email", Kind: event.Entity, Type: "email", Value: "m.rossi@example.com", Parts: event.PartsOf(map[string]string{"domain": "example.com", "disposable": "false"})})
		r.Verdict.Labels = []event.Label{{Name: "Large Gift Card Purchase", Severity: event.Informational, Rule: "gift-card", Version: "1a2b3c4d", Shadow: true, Points: 10, Family: "outcome",
			Because: []event.Reason{{Expression: "el.transaction_amount", Value: "USD 500.00"}}, Sentence: "a gift card of USD 500.00 was bought"},
			{Name: "Returning User", Severity: event.Trusting, Rule: "returning-user", Version: "55aa90c1", Points: -20, Family: "identity",
				Because: []event.Reason{{Expression: `age_days("email")`, Value: "412"}}, Sentence: "this email address has been a customer for 412 days"}}
		r.Verdict.Rating, r.Verdict.Score = event.Malicious, 85
		r.Verdict.Actions = []event.Action{{Name: "ask-for-proof", Kind: event.Challenge, Because: "Account Takeover", Policy: "stop-takeovers"},
			{Name: "tell-soc", Kind: event.Webhook, Because: "Account Takeover", Outcome: "failed"}}
		r.Event.Actions = []event.Action{{Name: "pretend-paid", Kind: event.Feign, Because: "Account Takeover", Policy: "stop-takeovers",
			Outcome: event.Done, Detail: "step 2 of 2"}, r.Verdict.Actions[1]}
		r.Verdict.Errors = []event.RuleError{{Rule: "persona", Error: "division by zero"}}
	})
}

func sampleLinked() []search.LinkedEntity {
	return []search.LinkedEntity{
		{Element: "ip_address", Value: "198.51.100.77", Sessions: 214},
		{Element: "device_fingerprint", Value: "d9:4e:11:0c:7b", Sessions: 38},
		{Element: "username", Value: "m.rossi", Sessions: 11},
		{Element: "email", Value: "m.rossi@example.com", Sessions: 9},
		{Element: "payment_from", Value: "b61d03f2c95e8a77", Display: "Visa 411111••••••1111", Sessions: 1},
		{Element: "shipping_address", Value: "5 harbor st, boston, ma, 02110, us", Display: "5 Harbor St., Boston MA 02110, US", Sessions: 0},
	}
}
