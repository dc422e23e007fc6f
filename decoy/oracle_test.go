package decoy

import (
	"slices"
	"strings"
	"testing"

	"wayguard/capture"
	"wayguard/decoy/oracle"
	"wayguard/policy"
)

// pairs are what a client sees of real and of feigned failures, to requests that are alike.
func pairs(tb testing.TB, o *simulated, s *Set, n int) (real, feigned []oracle.Observation) {
	for range n {
		user := o.username()
		r, e := o.request(user)
		a := o.fails(r, user)
		real = append(real, oracle.Observation{Status: a.Status, Header: unframed(a.Header), Body: a.Body.Bytes, Duration: a.Duration})
		if o.IntN(4) == 0 {
			s.Learn("login", e.Result, r, a, e)
		}
		user = o.username()
		r, e = o.request(user)
		f, ok := s.Feign("login", "failure", policy.TemplateConfig{}, r, e, "session", r.Time)
		if !ok {
			tb.Fatal("nothing was feigned")
		}
		feigned = append(feigned, oracle.Observation{Status: f.Status, Header: f.Header, Body: f.Body, Duration: f.After})
	}
	return real, feigned
}

func unframed(header []capture.Field) []capture.Field {
	return slices.DeleteFunc(slices.Clone(header), func(f capture.Field) bool { return strings.EqualFold(f.Name, "Content-Length") })
}

// TestNoOracle is the promise: who is not told by the origin cannot tell.
func TestNoOracle(t *testing.T) {
	for name, json := range map[string]bool{"html": false, "json": true} {
		t.Run(name, func(t *testing.T) {
			o := newSimulated(13, json)
			s := testSet(t)
			o.teach(s, 800)
			real, feigned := pairs(t, o, s, 10_000)
			report := oracle.Measure(real, feigned)
			t.Logf("AUC %.3f (95 %%: %.3f to %.3f) over %d pairs; most telling: %v", report.AUC, report.Low, report.High, report.Pairs, report.Telling)
			if report.AUC > 0.55 {
				t.Errorf("AUC %.3f, at most 0.55", report.AUC)
				t.Logf("real %d %v\n%s", real[0].Status, real[0].Header, real[0].Body)
				t.Logf("feigned %d %v\n%s", feigned[0].Status, feigned[0].Header, feigned[0].Body)
			}
		})
	}
}
