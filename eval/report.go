package eval

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"wayguard/world"
)

// Scope says how large an evaluation is.
type Scope struct {
	// Devices and Days are the size of each world; Force scales the attacks.
	Devices, Days int
	Force         float64
	// Only names the worlds to be driven, and leaves out what is measured beside them; nil is all.
	Only []string
	// Plain leaves out the cookies that identify nobody.
	Plain bool
	// Builds has desktops tell the version of their system, and that kept as their model.
	Builds bool
	// Seeds are those reported on; Tuned are those that thresholds may be chosen on.
	Seeds, Tuned []uint64
	// Workers is how many worlds happen at a time.
	Workers int
	// Progress is told when a world is over; nil is nobody.
	Progress func(name string, events int, took time.Duration)
}

// Report is the whole evaluation.
type Report struct {
	Scope struct {
		Devices int      `json:"devices"`
		Days    int      `json:"days"`
		Seeds   []uint64 `json:"seeds"`
		Tuned   []uint64 `json:"tuned"`
		Events  int      `json:"events"`
	} `json:"scope"`
	Worlds map[string]World `json:"worlds"`
	// Log is detection from an access log alone, its threshold chosen on the tuned seeds.
	Log struct {
		Score  int64    `json:"score"`
		Recall Estimate `json:"recall"`
		// Levels are the recalls at each level of skill; Recall is that of levels 0 to 2, which are programs that write requests.
		Levels    []Estimate `json:"levels"`
		FalseRate Estimate   `json:"false_positives"`
	} `json:"log_only"`
	Replay Replay `json:"replay"`
	Kept   []Kept `json:"kept"`
	// Times are quantiles of how long an Observe took, in nanoseconds: median, 99th percentile.
	Median int64 `json:"observe_median_ns"`
	P99    int64 `json:"observe_p99_ns"`
	// Million is how long a million events take on one core, the world that makes them included.
	Million time.Duration `json:"million_events_ns"`
	// Reasons counts, by how many reasons tipped it, each rating that rose to Malicious.
	Reasons map[int]int `json:"reasons"`
	Figures []Figure    `json:"figures"`
}

// World is what is reported of one kind of world.
type World struct {
	Events   int                 `json:"events"`
	Linking  map[string]Linking  `json:"linking"`
	Strata   []Stratum           `json:"strata,omitempty"`
	Shape    Shape               `json:"shape"`
	Layers   Layers              `json:"layers"`
	Grouping map[string]Estimate `json:"request_to_session_f1"`
	People   People              `json:"people"`
	Attacks  []*Detection        `json:"attacks,omitempty"`
	Labels   []Label             `json:"labels,omitempty"`
}

// The kinds of world.
const (
	FullWorld       = "full"
	CookielessWorld = "cookieless"
	NullWorld       = "null"
	DriftWorld      = "drift"
	logTuned        = "log, tuned"
	logReported     = "log, reported"
)

// plans lists the worlds of an evaluation.
func (s Scope) plans() []Plan {
	base := func(seed uint64, devices int) world.Options {
		o := world.Default(seed, devices)
		o.Days, o.Clutter, o.Builds = s.Days, !s.Plain, s.Builds
		o.Campaigns = world.AllCampaigns(s.Days, s.Force)
		return o
	}
	var all []Plan
	for _, seed := range s.Seeds {
		all = append(all, Plan{Name: FullWorld, World: base(seed, s.Devices), Ladder: true})
	}
	drift := base(s.Seeds[0]+50, s.Devices)
	drift.Drift = true
	null := base(s.Seeds[0]+60, s.Devices)
	null.Campaigns = nil
	bare := base(s.Seeds[0]+70, s.Devices)
	bare.Cookieless = true
	all = append(all, Plan{Name: DriftWorld, World: drift, Ladder: true}, Plan{Name: NullWorld, World: null, Ladder: true},
		Plan{Name: CookielessWorld, World: bare, Ladder: true})
	for _, seed := range s.Tuned {
		all = append(all, Plan{Name: logTuned, World: base(seed, s.Devices/4), LogOnly: true})
	}
	all = append(all, Plan{Name: logReported, World: base(s.Seeds[0]+80, s.Devices/2), LogOnly: true})
	if s.Only != nil {
		all = slices.DeleteFunc(all, func(p Plan) bool { return !slices.Contains(s.Only, p.Name) })
	}
	return all
}

// Evaluate lets all worlds happen and measures.
func Evaluate(ctx context.Context, s Scope) (*Report, error) {
	seen, err := s.driveAll(ctx)
	if err != nil {
		return nil, err
	}
	r := &Report{Worlds: map[string]World{}, Reasons: map[int]int{}}
	r.Scope.Devices, r.Scope.Days, r.Scope.Seeds, r.Scope.Tuned = s.Devices, s.Days, s.Seeds, s.Tuned
	for _, name := range []string{FullWorld, CookielessWorld, NullWorld, DriftWorld} {
		r.Worlds[name] = describe(seen[name])
	}
	for _, all := range seen {
		for _, w := range all {
			r.Scope.Events += w.Events
		}
	}
	for _, w := range seen[FullWorld] {
		for reasons, n := range w.reasons {
			r.Reasons[reasons] += n
		}
	}
	r.Log.Score = scoreAt(seen[logTuned], logFalseRate)
	r.Log.Recall = botTraffic(seen[logReported], r.Log.Score, func(level int) bool { return level <= lastImitation })
	for level := range world.LevelCount {
		r.Log.Levels = append(r.Log.Levels, botTraffic(seen[logReported], r.Log.Score, func(of int) bool { return of == level }))
	}
	r.Log.FalseRate = personRate(seen[logReported], human, func(v *visit) bool { return v.score >= r.Log.Score })
	small := s.small()
	if s.Only != nil {
		r.Figures = slices.DeleteFunc(figures(r), func(f Figure) bool { return f.Value == "-" })
		return r, nil
	}
	if err := s.speed(ctx, r); err != nil {
		return nil, err
	}
	if r.Replay, err = CheckReplay(ctx, small); err != nil {
		return nil, err
	}
	if r.Kept, err = Weigh(ctx, small); err != nil {
		return nil, err
	}
	r.Figures = figures(r)
	return r, nil
}

// speed takes the time of observing, with nothing else going on.
func (s Scope) speed(ctx context.Context, r *Report) error {
	o := world.Default(s.Seeds[0]+95, max(s.Devices/4, 60))
	o.Days, o.Campaigns = s.Days, world.AllCampaigns(s.Days, s.Force/4)
	began := time.Now()
	seen, err := Drive(ctx, Plan{Name: "speed", World: o})
	if err != nil || len(seen.times) == 0 {
		return err
	}
	r.Million = time.Since(began) * 1_000_000 / time.Duration(seen.Events)
	slices.Sort(seen.times)
	r.Median, r.P99 = int64(seen.times[len(seen.times)/2]), int64(seen.times[len(seen.times)*99/100])
	return nil
}

// lastImitation is the highest level of attackers that write requests themselves; those above drive a real browser, which no
// access log tells from a person's.
const lastImitation = 2

// logFalseRate is the share of people's visits that may be taken for a program's from the log alone.
const logFalseRate = 0.005

// small is a world for what needs not be large.
func (s Scope) small() world.Options {
	o := world.Default(s.Seeds[0]+90, max(s.Devices/12, 40))
	o.Days = min(s.Days, 20)
	o.Campaigns = world.AllCampaigns(o.Days, min(s.Force, 0.05))
	return o
}

// driveAll drives the plans, a few at a time.
func (s Scope) driveAll(ctx context.Context) (map[string][]*Seen, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := s.plans()
	results, failures := make([]*Seen, len(all)), make([]error, len(all))
	next := make(chan int)
	var wait sync.WaitGroup
	for range max(s.Workers, 1) {
		wait.Go(func() {
			for i := range next {
				began := time.Now()
				if results[i], failures[i] = Drive(ctx, all[i]); failures[i] != nil {
					cancel()
				} else if s.Progress != nil {
					s.Progress(all[i].Name, results[i].Events, time.Since(began))
				}
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wait.Wait()
	seen := map[string][]*Seen{}
	for i := range all {
		if failures[i] != nil && ctx.Err() != nil && failures[i] != context.Canceled {
			return nil, failures[i]
		}
		if results[i] == nil {
			continue
		}
		seen[all[i].Name] = append(seen[all[i].Name], results[i])
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	return seen, nil
}

// describe measures one kind of world.
func describe(all []*Seen) World {
	w := World{Linking: map[string]Linking{}, Grouping: map[string]Estimate{}}
	for _, s := range all {
		w.Events += s.Events
	}
	w.Linking["wayguard"] = link(all, byJourney, everyVisit)
	w.Linking["cookie only"] = link(all, byCookie, everyVisit)
	w.Linking["address and user agent"] = link(all, byShape, everyVisit)
	w.Strata, w.Shape, w.Layers = strata(all), shapeOf(all), layersOf(all)
	keyed := func(v *visit) bool { return v.keyed }
	for name, of := range map[string]func(*visit) []share{"wayguard": bySession, "address and user agent, 30 minutes": byTimeout} {
		w.Grouping[name] = grouping(all, of, everyVisit)
		w.Grouping[name+", with a key"] = grouping(all, of, keyed)
		for place := world.Home; place <= world.Relay; place++ {
			w.Grouping[name+", without a key, "+place.String()] = grouping(all, of, func(v *visit) bool { return !v.keyed && v.truth.Place == place })
		}
	}
	w.People, w.Attacks, w.Labels = people(all), detections(all), labelsOf(all)
	return w
}
