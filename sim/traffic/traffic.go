package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// The bounds of Config.People; DefaultPeople stands for 0.
const (
	DefaultPeople = 300
	MaxPeople     = 2500
)

// Config says who visits what.
type Config struct {
	// Target is the URL of the shop, such as "http://127.0.0.1:8000".
	Target string
	// Seed decides everything that is random. It must be the shop's own: customers know their passwords by it.
	Seed uint64
	// People is how many people there are; 300 make about 25 requests a second, attackers not counted.
	People int
	// NoAttacks leaves the attackers out.
	NoAttacks bool
	// Pace multiplies all waiting times; 0 stands for 1.
	Pace float64
	// Truth takes what is known of each visit when it ends, as JSON lines of Visit; nil for nobody. Writes come one at a time.
	Truth  io.Writer
	Logger *slog.Logger
}

// Visit is the truth about one visit. Of visits from one address with one user agent at the same time, the shop's cookies
// tell which is which; Wayguard's sessions are found by address, user agent and time.
type Visit struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	Persona Persona   `json:"persona"`
	// Truth is "honest", "gray" (breaks the shop's rules, steals nothing) or "attack".
	Truth     string `json:"truth"`
	Address   string `json:"address"`
	Country   string `json:"country"`
	UserAgent string `json:"user_agent"`
	// Account is the e-mail address used, the last one where there were several.
	Account  string `json:"account,omitempty"`
	Requests int    `json:"requests"`
}

// Report counts what was done.
type Report struct {
	Visits map[Persona]int
	// Requests were answered, Failures were not (the connection broke or was refused).
	Requests, Failures int
	// Statuses counts the answers by status code.
	Statuses map[int]int
}

// crowd is a running simulation.
type crowd struct {
	config Config
	target *url.URL
	client *http.Client

	mu     sync.Mutex
	report Report
	work   sync.WaitGroup
}

// Run visits the target until ctx ends, and then says what was done. It returns an error only when the configuration is
// of no use; a target that does not answer is counted and tried again.
func Run(ctx context.Context, config Config) (Report, error) {
	c, err := newCrowd(config)
	if err != nil {
		return Report{}, err
	}
	defer c.client.CloseIdleConnections()
	for _, p := range Plan(config.Seed, c.config.People) {
		c.work.Go(func() { c.live(ctx, p) })
	}
	if !config.NoAttacks {
		c.work.Go(func() { c.waves(ctx, c.stuff, stuffingPause) })
		c.work.Go(func() { c.waves(ctx, c.testCards, cardsPause) })
		c.work.Go(func() { c.waves(ctx, c.abuseRefunds, refundsPause) })
	}
	c.work.Wait()
	c.config.Logger.Info("traffic ended", "requests", c.report.Requests, "failures", c.report.Failures)
	return c.report, nil
}

func newCrowd(config Config) (*crowd, error) {
	target, err := url.Parse(config.Target)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, errors.New("traffic: the target is no http URL")
	}
	if config.People == 0 {
		config.People = DefaultPeople
	}
	if config.People < 1 || config.People > MaxPeople {
		return nil, fmt.Errorf("traffic: people must be between 1 and %d", MaxPeople)
	}
	if config.Pace < 0 {
		return nil, errors.New("traffic: the pace must not be negative")
	}
	if config.Pace == 0 {
		config.Pace = 1
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
		ResponseHeaderTimeout: requestTimeout}
	return &crowd{config: config, target: target,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		report: Report{Visits: map[Persona]int{}, Statuses: map[int]int{}}}, nil
}

// wait sleeps as long as the pace says; false when ctx has ended.
func (c *crowd) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(time.Duration(float64(d) * c.config.Pace))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// live is one person's life: visits with time between them.
func (c *crowd) live(ctx context.Context, p Person) {
	for n, pause := 0, p.First; c.wait(ctx, pause); n++ {
		v := planVisit(c.config.Seed, p, n)
		c.attend(ctx, p, v)
		pause = v.Pause
	}
}

// waves lets an attacker come again and again.
func (c *crowd) waves(ctx context.Context, attack func(context.Context, uint64), pause time.Duration) {
	for n := uint64(0); ctx.Err() == nil; n++ {
		attack(ctx, n)
		if !c.wait(ctx, pause) {
			return
		}
	}
}

// answered counts one exchange; status 0 is one without an answer.
func (c *crowd) answered(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if status == 0 {
		c.report.Failures++
		return
	}
	c.report.Requests++
	c.report.Statuses[status]++
}

// ended tells the truth about a visit.
func (c *crowd) ended(w *wire, persona Persona, account string) {
	v := Visit{Started: w.started, Ended: time.Now().UTC(), Persona: persona, Truth: persona.Truth(), Address: w.place.Address,
		Country: w.place.Country, UserAgent: w.device.agent(), Account: account, Requests: w.requests}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Visits[persona]++
	if c.config.Truth == nil {
		return
	}
	if err := json.NewEncoder(c.config.Truth).Encode(v); err != nil {
		c.config.Logger.Error("the truth could not be written", "error", err)
		c.config.Truth = nil
	}
}
