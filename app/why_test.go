package app_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"wayguard/app"
)

// Why tells what was done then, and how the order of precedence speaks now.
func TestWhy(t *testing.T) {
	s := open(t)
	for i := range 4 {
		s.login(t, "user"+string(rune('0'+i)))
	}
	s.await(t, func() bool { return strings.Contains(s.scrape(t), "wayguard_engine_judged_total 4\n") })
	data := filepath.Join(filepath.Dir(s.config), "data")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	var exported, told journal
	if err := app.Export(context.Background(), world(&exported), data); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(exported.String(), `"session":{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if err := app.Why(context.Background(), world(&told), app.ExplainOptions{Config: s.config, Data: data, ID: id}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"held", "done", "stop", "rating malicious", "the operator's stop", "> 11"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, told.String())
		}
	}
	if err := app.Why(context.Background(), world(&told), app.ExplainOptions{Config: s.config, Data: data, ID: "nobody"}); err == nil {
		t.Error("an id that there is not was explained")
	}
}
