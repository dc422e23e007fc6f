package fingerprint_test

import (
	"strings"
	"testing"

	"wayguard/fingerprint"
)

func TestHTTP2(t *testing.T) {
	type settings = []fingerprint.Setting
	cases := map[string]struct {
		settings   settings
		window     uint32
		priorities []fingerprint.Priority
		pseudo     string
		want       string
	}{
		"Chrome": {settings{{1, 65536}, {2, 0}, {4, 6291456}, {6, 262144}}, 15663105, nil, "m,a,s,p", "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p"},
		"Firefox of old": {settings{{1, 65536}, {4, 131072}, {5, 16384}}, 12517377,
			[]fingerprint.Priority{{Stream: 3, Weight: 200}, {Stream: 7, DependsOn: 3, Weight: 0, Exclusive: true}}, "m,p,a,s",
			"1:65536;4:131072;5:16384|12517377|3:0:0:201,7:1:3:1|m,p,a,s"},
		"nothing":     {nil, 0, nil, "", "|00|0|"},
		"the largest": {settings{{65535, 4294967295}}, 2147483647, []fingerprint.Priority{{Stream: 2147483647, DependsOn: 2147483647, Weight: 255}}, "p", "65535:4294967295|2147483647|2147483647:0:2147483647:256|p"},
	}
	for name, c := range cases {
		if got := fingerprint.HTTP2(c.settings, c.window, c.priorities, c.pseudo); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHTTP2IsBounded(t *testing.T) {
	got := fingerprint.HTTP2(make([]fingerprint.Setting, 10000), 1, make([]fingerprint.Priority, 10000), "m,a,s,p")
	if n := strings.Count(got, ";"); n != 31 {
		t.Errorf("%d settings are written", n+1)
	}
	if n := strings.Count(got, ":0:0:1"); n != 32 {
		t.Errorf("%d priorities are written", n)
	}
}
