package api_test

import (
	"net/http"
	"strings"
	"testing"

	"wayguard/event"
)

// TestNothingIsAddedToARequestWithoutABody: a content type of nothing would be our own invention.
func TestNothingIsAddedToARequestWithoutABody(t *testing.T) {
	o := newOrigin(t, authorised)
	h := build(t, nil)
	token := h.token(all()...)
	ref := h.install(token, tree{"context": "default", "destination": tree{"url": o.URL}})
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPost} {
		if status, _, _ := h.call(token, method, "/api/interceptors/"+ref+"/x", nil); status != http.StatusCreated {
			t.Fatalf("%s: status %d", method, status)
		}
	}
	for _, got := range o.seen() {
		if got.header["Content-Type"] != nil || len(got.body) != 0 {
			t.Errorf("%s arrived with a content type or a body", got.method)
		}
	}
}

// TestIdempotencyKeysAreNotKept, whatever a caller makes them of.
func TestIdempotencyKeysAreNotKept(t *testing.T) {
	h := build(t, nil)
	token := h.token(all()...)
	first := h.want(http.StatusOK, token, "POST", "/api/decisions", pay(visa, 1, "anna"), "Idempotency-Key", visa)
	again := h.want(http.StatusOK, token, "POST", "/api/decisions", pay(visa, 1, "anna"), "Idempotency-Key", visa)
	if first["id"] != again["id"] {
		t.Error("the same key made another decision")
	}
	h.want(http.StatusConflict, token, "POST", "/api/decisions", pay(visa, 2, "anna"), "Idempotency-Key", visa)
	id, _ := first["id"].(string)
	kept, found, err := h.ledger.Decision(t.Context(), event.DefaultEnvironment, event.ID(id))
	if err != nil || !found || kept.IdempotencyKey == "" || strings.Contains(kept.IdempotencyKey, visa) {
		t.Errorf("found %t, %v, or the key is kept as it came", found, err)
	}
}
