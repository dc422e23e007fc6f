package capture_test

import (
	"testing"

	"wayguard/capture"
)

// TestExchangeInDoesNotAllocate makes events of the exchanges that most are.
func TestExchangeInDoesNotAllocate(t *testing.T) {
	set := mustCompile(t, corpusSpecs)
	agent := "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	head := []string{agent, "Accept: */*", "Accept-Language: en-US,en;q=0.9", "Cookie: theme=dark; sid=0123456789abcdef; _ga=x", "X-Token: abc"}
	tests := []struct {
		name     string
		request  *capture.Request
		response *capture.Response
	}{
		{"json", request("POST /orders/7?x=1", `{"user":{"name":"Ann","email":"ann@mail.example","phone":"+12025550143"},"total":{"amount":12.50,"currency":"USD"},
			"card":{"number":"4111 1111 1111 1111"},"items":[{"sku":"a","name":"A \"b\""},{"sku":"b"}],"coupons":["x"],"address":{"street":"Elm Street 1","city":"Utrecht","postal_code":"3511 AB"}}`,
			append(head, jsonType, "Referer: https://shop.example/cart")...),
			response(200, `{"id":"A-1","user":{"id":7}}`, jsonType, "Set-Cookie: sid=fedcba; Path=/; HttpOnly")},
		{"form", request("POST /form/login?x=a", "user=ann&email=ann%40mail.example&password=x%21&phone=%2B12025550143", append(head, form)...),
			response(302, "", "Location: /account", "Set-Cookie: sid=fedcba; Path=/")},
		{"get", request("GET /item/42/rest/?q=shoes", "", head...), response(200, "")},
	}
	for _, test := range tests {
		var scratch capture.Scratch
		spec := set.Match(test.request)
		if spec == nil {
			t.Fatalf("%s: no spec", test.name)
		}
		make := func() {
			scratch.Reset()
			if e := spec.ExchangeIn(&scratch, test.request, test.response); len(e.Elements) < 5 || len(e.Issues) > 0 {
				t.Fatalf("%s: %d elements, %v", test.name, len(e.Elements), e.Issues)
			}
		}
		make()
		if allocations := testing.AllocsPerRun(100, make); allocations > 0 {
			t.Errorf("%s: %v allocations", test.name, allocations)
		}
	}
}

// TestScratchKeepsEvents makes two events in one scratch: the first must stay what it was.
func TestScratchKeepsEvents(t *testing.T) {
	set := mustCompile(t, corpusSpecs)
	var scratch capture.Scratch
	for i := range 400 {
		scratch.Reset()
		first, second := newCorpusCase(i), newCorpusCase(i+1)
		specs := [2]*capture.Spec{set.Match(first.request), set.Match(second.request)}
		if specs[0] == nil || specs[1] == nil {
			continue
		}
		e := specs[0].RequestIn(&scratch, first.request)
		before := encoded(t, e)
		_ = specs[1].ExchangeIn(&scratch, second.request, second.response)
		if after := encoded(t, e); after != before {
			t.Fatalf("case %d: the first event was\n%s\nand is\n%s", i, before, after)
		}
	}
}
