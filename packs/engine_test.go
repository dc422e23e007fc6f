package packs_test

import (
	"testing"

	"wayguard/engine"
)

// Every journey comes out the same in the engine that judges live traffic.
func TestJourneysInTheEngine(t *testing.T) {
	judge, err := engine.New(defaults(t), engine.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	normaliser := normaliser(t)
	for _, test := range journeys(t) {
		t.Run(test.Rule+"/"+test.Name, func(t *testing.T) {
			events, err := test.Events(normaliser)
			if err != nil {
				t.Fatal(err)
			}
			records, err := judge.Play(events)
			if err != nil {
				t.Fatal(err)
			}
			for _, failure := range test.Failures(records) {
				t.Errorf("%s: %s", test.At, failure)
			}
		})
	}
}
