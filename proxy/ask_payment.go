package proxy

import (
	"context"

	"wayguard/capture"
)

// pay has a payment decided about that nothing else has answered. A panic there lets it go on, as everywhere.
func (ex *exchange) pay(ctx context.Context, d *disposition) {
	payer, pays := ex.now.policy.(Payer)
	if !pays || d.unmatched || d.measure.Answer != nil || !payer.Pays(ex.name()) {
		return
	}
	var head capture.Request
	ex.question(&head)
	ex.in.guard("Pay", func() { payer.Pay(ctx, ex.name(), &head, d.session, &d.measure) })
}
