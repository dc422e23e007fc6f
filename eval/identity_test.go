package eval

import (
	"context"
	"testing"

	"wayguard/world"
)

// The floors are a little below what the engine reaches. Without cookies, homes where two people have the same browser cannot be
// told apart by anything that the wire shows: what is gained in recall there is lost in precision.
func TestDevicesInTheWorld(t *testing.T) {
	for _, c := range []struct {
		name               string
		cookieless, builds bool
		precision, recall  float64
	}{
		{"with cookies", false, false, 0.988, 0.70},
		{"without cookies", true, false, 0.90, 0.21},
		{"without cookies, with builds", true, true, 0.96, 0.34},
	} {
		o := world.Default(101, 1000)
		o.Campaigns, o.Clutter, o.Cookieless, o.Builds = nil, false, c.cookieless, c.builds
		seen, err := Drive(context.Background(), Plan{Name: c.name, World: o})
		if err != nil {
			t.Fatal(err)
		}
		l := link([]*Seen{seen}, byJourney, everyVisit)
		t.Logf("%s: precision %.4f, recall %.3f over %d visits", c.name, l.Precision.Value, l.Recall.Value, l.Visits)
		if l.Precision.Value < c.precision || l.Recall.Value < c.recall {
			t.Errorf("%s: precision %.4f, recall %.3f; want %.3f and %.2f", c.name, l.Precision.Value, l.Recall.Value, c.precision, c.recall)
		}
	}
}
