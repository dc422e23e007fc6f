package oracle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"wayguard/capture"
)

// answers makes n of one law, then changed.
func answers(seed uint64, n int, change func(*rand.Rand, *Observation)) []Observation {
	r := rand.New(rand.NewPCG(seed, 1))
	list := make([]Observation, n)
	for i := range list {
		list[i] = Observation{Status: 401, Body: fmt.Appendf(nil, `{"error":"no such login","id":"%08x%08x","user":"u%d"}`, r.Uint32(), r.Uint32(), r.IntN(1000)),
			Header:   []capture.Field{{Name: "Date", Value: "x"}, {Name: "Server", Value: "nginx"}, {Name: "X-Request-Id", Value: fmt.Sprintf("%08x", r.Uint32())}},
			Duration: time.Duration(math.Exp(r.NormFloat64()*0.4) * float64(50*time.Millisecond))}
		if change != nil {
			change(r, &list[i])
		}
	}
	return list
}

func TestGuessesWhatIsAlike(t *testing.T) {
	report := Measure(answers(1, 2000, nil), answers(2, 2000, nil))
	if report.AUC < 0.45 || report.AUC > 0.55 || report.Low > 0.5 || report.High < 0.5 || report.Pairs != 2000 {
		t.Errorf("%+v", report)
	}
}

// TestSeesEachDifference makes sure that a low AUC says something.
func TestSeesEachDifference(t *testing.T) {
	for name, test := range map[string]struct {
		atLeast float64
		change  func(*rand.Rand, *Observation)
	}{
		"status": {0.6, func(r *rand.Rand, o *Observation) { o.Status += 2 * (r.IntN(4) / 3) }},
		"order":  {0.99, func(_ *rand.Rand, o *Observation) { o.Header[0], o.Header[1] = o.Header[1], o.Header[0] }},
		"one header": {0.99, func(_ *rand.Rand, o *Observation) {
			o.Header = append(o.Header, capture.Field{Name: "Via", Value: "w"})
		}},
		"value length":  {0.99, func(_ *rand.Rand, o *Observation) { o.Header[2].Value += "0" }},
		"slower":        {0.6, func(_ *rand.Rand, o *Observation) { o.Duration += 15 * time.Millisecond }},
		"constant time": {0.8, func(_ *rand.Rand, o *Observation) { o.Duration = 50 * time.Millisecond }},
		"body length":   {0.95, func(_ *rand.Rand, o *Observation) { o.Body = append(o.Body, '\n') }},
		"other word": {0.99, func(_ *rand.Rand, o *Observation) {
			o.Body = []byte(`{"error":"no such users","id":"0123456789abcdef","user":"u1"}`)
		}},
		"other alphabet": {0.9, func(r *rand.Rand, o *Observation) { o.Header[2].Value = fmt.Sprintf("%08d", r.IntN(1e8)) }},
		"upper case": {0.99, func(r *rand.Rand, o *Observation) {
			o.Body = fmt.Appendf(nil, `{"error":"no such login","id":"%08X%08X","user":"u%d"}`, r.Uint32(), r.Uint32(), r.IntN(1000))
		}},
		// Neither tells anything alone.
		"time with length": {0.6, func(r *rand.Rand, o *Observation) {
			if len(o.Body)%2 == 0 {
				o.Duration *= 2
			} else {
				o.Duration /= 2
			}
			if r.IntN(2) == 0 {
				o.Body = append(o.Body, ' ')
			}
		}},
	} {
		if auc := AUC(answers(3, 2000, nil), answers(4, 2000, test.change)); auc < test.atLeast {
			t.Errorf("%s: AUC %.3f, at least %.2f", name, auc, test.atLeast)
		}
	}
}

func TestSmallAndUneven(t *testing.T) {
	if r := Measure(answers(1, 3, nil), nil); r.AUC != 0.5 || r.Pairs != 0 {
		t.Errorf("%+v", r)
	}
	if r := Measure(answers(1, 10, nil), answers(2, 12, nil)); r.Pairs != 10 || r.AUC < 0 || r.AUC > 1 {
		t.Errorf("%+v", r)
	}
	first, again := Measure(answers(1, 300, nil), answers(2, 300, nil)), Measure(answers(1, 300, nil), answers(2, 300, nil))
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Error("it is not deterministic")
	}
}

func TestArea(t *testing.T) {
	for _, test := range []struct {
		scores, truth []float64
		want          float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{0, 0, 1, 1}, 1}, {[]float64{1, 2, 3, 4}, []float64{1, 1, 0, 0}, 0},
		{[]float64{1, 1, 1, 1}, []float64{0, 1, 0, 1}, 0.5}, {[]float64{1, 2, 2, 3}, []float64{0, 0, 1, 1}, 0.875}, {[]float64{1}, []float64{1}, 0.5},
	} {
		if got := area(test.scores, test.truth); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v %v: %v, want %v", test.scores, test.truth, got, test.want)
		}
	}
}
