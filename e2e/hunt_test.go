//go:build e2e

package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"wayguard/e2e"
)

// TestHuntFindsEverySpelling: a hunt that finds nothing proves something only if it would find it.
func TestHuntFindsEverySpelling(t *testing.T) {
	const card, account = "4111111111111111", "DE89370400440532013000"
	sum := sha256.Sum256([]byte(card))
	for name, text := range map[string]string{
		"plain": "x" + card + "y", "grouped": "4111 1111-1111+1111", "in a form": "4111%201111%201111%201111", "singly": "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
		"backwards": "1111111111111114", "hexadecimal": hex.EncodeToString([]byte(card)), "float": "4.111111111111111e+15",
		"integer": string(binary.BigEndian.AppendUint64(nil, 4111111111111111)), "little integer": string(binary.LittleEndian.AppendUint64(nil, 4111111111111111)),
		"hash": hex.EncodeToString(sum[:]), "raw hash": string(sum[:]), "account": "iban " + account, "small account": "de89370400440532013000", "grouped account": "DE89 3704 0044 0532 0130 00",
		"base64": base64.StdEncoding.EncodeToString([]byte(card)), "base64 within": base64.StdEncoding.EncodeToString([]byte(`{"n":"` + card + `"}`)),
		"base64 one further": base64.URLEncoding.EncodeToString([]byte(`{"nu":"` + card + `"}`)), "base64 two further": base64.RawURLEncoding.EncodeToString([]byte(`{"num":"` + card + `"}`)),
		"wide": "4\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x001\x00",
	} {
		h, err := e2e.NewHunt([]string{card, account})
		if err != nil {
			t.Fatal(err)
		}
		found := e2e.NewCatch()
		h.In([]byte(text), "here", found)
		if len(found.Secrets) != 1 {
			t.Errorf("%s: found %d", name, len(found.Secrets))
		}
		if told := fmt.Sprint(found.Where); len(told) == 0 || containsAny(told, card, account) {
			t.Errorf("%s: the find tells the secret", name)
		}
	}
	h, _ := e2e.NewHunt([]string{card, account})
	found := e2e.NewCatch()
	h.In([]byte("411111 ****** 1111, 411111******1111, DE8937 ****** 3000, 4111111111111112"), "here", found)
	if found.Hits != 0 {
		t.Errorf("masked ones are taken for clear ones: %v", found.Where)
	}
	if _, err := e2e.NewHunt([]string{"737"}); err == nil {
		t.Error("three digits are looked for")
	}
}

func containsAny(text string, parts ...string) bool {
	h, err := e2e.NewHunt(parts)
	if err != nil {
		return true
	}
	found := e2e.NewCatch()
	h.In([]byte(text), "", found)
	return found.Hits > 0
}
