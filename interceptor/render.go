package interceptor

import (
	"encoding/json"
	"strings"

	"wayguard/payment"
)

// response is a compiled response: the body of a template, or the decision.
type response struct {
	status      int
	template    bool
	header      []headerTemplate
	body        []piece
	contentType string
}

type headerTemplate struct {
	name   string
	pieces []piece
}

// logged is the body of decision mode: the decision, and the three fields that only an interceptor has, which stand there also when they
// are null.
type logged struct {
	payment.Decision
	PaymentType  *string               `json:"payment_type"`
	PaymentState *payment.PaymentState `json:"payment_state"`
	Payload      json.RawMessage       `json:"payload"`
}

// Render makes the response that is sent instead of the destination's: of BLOCK, of REVIEW, and of PROVISIONAL where one is configured. An
// outcome without a configured response is answered in decision mode, with status 200. The decision's id is in the header in both modes.
func (p *Program) Render(a Answer) Rendered {
	configured := p.responses[a.Decision.Decision]
	if configured == nil {
		configured = &response{status: 200}
	}
	made := Rendered{Status: configured.status}
	contentType := configured.contentType
	if !configured.template {
		contentType = "application/json"
		made.Body = encodeJSON(logged{a.Decision, a.Decision.PaymentType, a.Decision.PaymentState, a.Payload})
	} else {
		made.Body = write([]byte{}, configured.body, a)
	}
	for _, h := range configured.header {
		value := strings.Map(printable, string(write(nil, h.pieces, a)))
		if h.name == "content-type" {
			contentType = value
			continue
		}
		made.Header = append(made.Header, Field{h.name, value})
	}
	made.Header = append(made.Header, Field{"content-type", contentType}, Field{p.DecisionHeader(), string(a.Decision.ID)})
	return made
}

// printable drops control characters: what a merchant calls an order must not begin another header field.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}
