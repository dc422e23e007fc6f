package integration

import (
	"net/netip"
	"testing"
	"time"
)

func TestWalls(t *testing.T) {
	w, err := newWalls([]string{"10.1.0.0/16", "192.168.7.7", "fd00:1::/64"})
	if err != nil {
		t.Fatal(err)
	}
	for text, refused := range map[string]bool{
		"8.8.8.8": false, "2606:4700::1111": false, "10.1.2.3": false, "192.168.7.7": false, "fd00:1::5": false,
		"::ffff:10.1.2.3": false, "::ffff:8.8.8.8": false,
		"10.2.0.1": true, "192.168.7.8": true, "172.16.0.1": true, "127.0.0.1": true, "127.255.0.1": true, "0.0.0.0": true,
		"0.1.2.3": true, "169.254.169.254": true, "100.64.0.1": true, "192.0.0.8": true, "198.18.0.1": true, "224.0.0.1": true,
		"240.0.0.1": true, "255.255.255.255": true, "::1": true, "::": true, "fe80::1": true, "fe80::1%eth0": true,
		"fec0::1": true, "fd00:2::1": true, "ff02::1": true, "::ffff:127.0.0.1": true, "::ffff:169.254.169.254": true,
		"64:ff9b::7f00:1": true, "2002:7f00:1::": true, "2001:0:1::1": true, "::7f00:1": true,
	} {
		if got := w.refuses(netip.MustParseAddr(text)); got != refused {
			t.Errorf("%s: refused %v, want %v", text, got, refused)
		}
	}
	if _, err := newWalls([]string{"x"}); err == nil {
		t.Error("a network that is none was taken")
	}
	if err := w.check("tcp", "not an address", nil); err == nil {
		t.Error("an address that is none was let through")
	}
}

func TestDelayGrowsWithinBounds(t *testing.T) {
	w := &Webhooks{config: DefaultConfig()}
	before := time.Duration(0)
	for number := 1; number < 70; number++ {
		exact := w.config.LongestDelay
		if number < 14 {
			exact = min(exact, w.config.FirstDelay<<(number-1))
		}
		for range 50 {
			got := w.delay(number, 0)
			if got < exact*8/10 || got > exact*12/10+1 {
				t.Fatalf("after attempt %d the pause is %v, want %v or a fifth beside it", number, got, exact)
			}
		}
		if exact < before {
			t.Fatalf("the pause shrinks from %v to %v", before, exact)
		}
		before = exact
	}
	if got := w.delay(1, time.Hour); got < 48*time.Minute || got > 72*time.Minute {
		t.Errorf("asked for an hour the pause is %v", got)
	}
	if got := w.delay(1, 1<<60); got > w.config.LongestDelay*12/10+1 {
		t.Errorf("asked for decades the pause is %v", got)
	}
}
