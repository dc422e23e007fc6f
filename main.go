// Wayguard is customer journey security that stands between users and an origin: it sees every journey, explains what
// it thinks of it, and acts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"wayguard/app"
	"wayguard/document"
	"wayguard/listen"
)

// buildVersion is the module's version or revision as the toolchain recorded it.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value[:min(12, len(setting.Value))]
		}
	}
	return info.Main.Version
}

// commands is the command line.
type commands struct {
	Run     runCommand     `cmd:"" help:"Protect a site: stand in front of its origin."`
	Check   checkCommand   `cmd:"" help:"Read a configuration and tell every problem."`
	Test    testCommand    `cmd:"" help:"Run the test journeys beside the rules."`
	Replay  replayCommand  `cmd:"" help:"Judge the recorded events again: print the verdicts, or compare candidate rules with those in force."`
	Explain explainCommand `cmd:"" help:"Say why a session or an event was rated as it was."`
	Why     whyCommand     `cmd:"" aliases:"why-allowed,why-blocked" help:"Say why a request was let through or not: what was done, and the order of precedence for each policy."`

	Mitigation   mitigationCommand   `cmd:"" help:"Stop everything that is done to requests, or let it go on, without the Hub."`
	Integrations integrationsCommand `cmd:"" help:"Look at what outside systems are told."`

	Export exportCommand `cmd:"" help:"Print the recorded events with their verdicts."`
	Demo   demoCommand   `cmd:"" help:"Show the whole thing: a shop, people, attackers, and Wayguard in between."`

	Version kong.VersionFlag `help:"Print the version."`
	Verbose bool             `help:"Log more." short:"v"`
}

type runCommand struct {
	Config string `help:"Configuration file." placeholder:"FILE" type:"existingfile"`
	Origin string `help:"The application to protect." placeholder:"URL"`
	Listen string `help:"Where visitors connect (default :8000)." placeholder:"HOST:PORT"`
	Hub    string `help:"Where the Hub is served (default 127.0.0.1:8900)." placeholder:"HOST:PORT"`
	Data   string `help:"Directory everything is kept in (default wayguard-data)." placeholder:"DIR"`
	Role   string `help:"What this process does: all, or engine (traffic, verdicts and the log; no Hub, warehouse or webhooks)." enum:"all,engine" default:"all"`
}

// Run serves until a signal ends ctx.
func (c *runCommand) Run(ctx context.Context, world app.World) error {
	inherited, err := listen.Inherit()
	if err != nil {
		return err
	}
	reload, upgrade := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(upgrade, syscall.SIGUSR2)
	defer signal.Stop(reload)
	defer signal.Stop(upgrade)
	err = app.Run(ctx, world, app.RunOptions{Config: c.Config, Origin: c.Origin, Listen: c.Listen, Hub: c.Hub, Data: c.Data,
		Role: app.Role(c.Role), Inherited: inherited}, app.Signals{Reload: reload, Upgrade: upgrade})
	if err != nil {
		inherited.Failed(err)
	}
	return err
}

type checkCommand struct {
	Config string `arg:"" help:"Configuration file." type:"existingfile"`
}

// Run checks one configuration.
func (c *checkCommand) Run(world app.World) error { return app.Check(world, c.Config) }

type testCommand struct {
	Config string   `help:"Configuration file whose rules are tested beside the built-in packs." placeholder:"FILE" type:"existingfile"`
	Strict bool     `help:"Fail also when no journey depends on a setting."`
	Tests  []string `arg:"" optional:"" help:"Files of test journeys (*.test.yaml)." type:"existingfile"`
}

// Run runs test journeys.
func (c *testCommand) Run(world app.World) error {
	if c.Strict {
		return app.TestStrictly(world, c.Config, c.Tests)
	}
	return app.Test(world, c.Config, c.Tests)
}

type replayCommand struct {
	Config   string   `help:"Configuration file whose rules judge." placeholder:"FILE" type:"existingfile"`
	Data     string   `help:"Data directory of the recorded events (default: the configuration's, else wayguard-data)." placeholder:"DIR"`
	Demo     bool     `help:"Use the demo's configuration."`
	Rules    string   `help:"Candidate rules, a file or a folder, laid over the configuration's: compare instead of printing verdicts." placeholder:"PATH" type:"path"`
	Against  string   `help:"What the candidate is compared with: active, or another file or folder." default:"active" placeholder:"PATH"`
	Whole    bool     `help:"The candidate, and what it is compared with, are whole configurations."`
	Promote  []string `help:"Take these shadow rules, signatures or actions live in the candidate." placeholder:"ID"`
	From     string   `help:"Compare events from this time on (RFC 3339 or a date); earlier ones build up the state." placeholder:"TIME"`
	To       string   `help:"Compare events before this time." placeholder:"TIME"`
	Good     string   `help:"File of session and device ids that people have marked good, one a line." placeholder:"FILE" type:"existingfile"`
	Examples int      `help:"Examples told of each change." default:"10"`
	Format   string   `help:"text or json." enum:"text,json" default:"text"`
}

// Run replays the log.
func (c *replayCommand) Run(ctx context.Context, world app.World) error {
	if c.Rules == "" && len(c.Promote) == 0 {
		return app.Replay(ctx, world, c.Config, c.Data, c.Demo)
	}
	from, err := moment("from", c.From)
	if err != nil {
		return err
	}
	to, err := moment("to", c.To)
	if err != nil {
		return err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return errors.New("--to is not after --from")
	}
	return app.Compare(ctx, world, app.CompareOptions{Config: c.Config, Data: c.Data, Demo: c.Demo, Rules: c.Rules, Against: c.Against,
		Whole: c.Whole, Promote: c.Promote, From: from, To: to, Good: c.Good, Examples: c.Examples, JSON: c.Format == "json"})
}

// moment reads a time of the command line; none is the zero time.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s: %q is no time such as 2026-11-21T09:30:00Z or 2026-11-21", flag, text)
}

type explainCommand struct {
	ID     string `arg:"" help:"The id of an event or a session."`
	Config string `help:"Configuration file whose rules say what thresholds mean." placeholder:"FILE" type:"existingfile"`
	Data   string `help:"Data directory of the recorded events (default: the configuration's, else wayguard-data)." placeholder:"DIR"`
	Demo   bool   `help:"Use the demo's configuration."`
	Format string `help:"text or json." enum:"text,json" default:"text"`
}

// Run explains one event or session.
func (c *explainCommand) Run(ctx context.Context, world app.World) error {
	return app.Explain(ctx, world, app.ExplainOptions{Config: c.Config, Data: c.Data, Demo: c.Demo, ID: c.ID, JSON: c.Format == "json"})
}

type whyCommand explainCommand

// Run says why a request was let through or not.
func (c *whyCommand) Run(ctx context.Context, world app.World) error {
	return app.Why(ctx, world, app.ExplainOptions{Config: c.Config, Data: c.Data, Demo: c.Demo, ID: c.ID, JSON: c.Format == "json"})
}

type mitigationCommand struct {
	Stop stopMitigationCommand `cmd:"" help:"Let every request through for a time."`
	Go   goMitigationCommand   `cmd:"" help:"End such a stop before its time."`
}

type stopMitigationCommand struct {
	For  time.Duration `help:"For how long." default:"15m"`
	Why  string        `help:"Why, for the others." required:""`
	Who  string        `help:"Who says so." env:"USER" default:"somebody at the command line"`
	Data string        `help:"Data directory of the running process." default:"wayguard-data"`
}

// Run stops mitigation.
func (c *stopMitigationCommand) Run(world app.World) error {
	return app.StopMitigation(world, c.Data, c.For, c.Why, c.Who)
}

type goMitigationCommand struct {
	Who  string `help:"Who says so." env:"USER" default:"somebody at the command line"`
	Data string `help:"Data directory of the running process." default:"wayguard-data"`
}

// Run lets mitigation go on.
func (c *goMitigationCommand) Run(world app.World) error {
	return app.ResumeMitigation(world, c.Data, c.Who)
}

type integrationsCommand struct {
	Preview previewCommand `cmd:"" help:"Print the message that an integration would send."`
}

type previewCommand struct {
	Name   string `arg:"" help:"The integration's name."`
	Config string `help:"Configuration file." placeholder:"FILE" type:"existingfile" required:""`
}

// Run prints a message.
func (c *previewCommand) Run(world app.World) error {
	return app.PreviewIntegration(world, c.Config, c.Name)
}

type exportCommand struct {
	Data string `help:"Data directory of the recorded events." default:"wayguard-data"`
}

// Run exports the log.
func (c *exportCommand) Run(ctx context.Context, world app.World) error {
	return app.Export(ctx, world, c.Data)
}

type demoCommand struct {
	Location  []string      `help:"IP location files (MMDB)." placeholder:"FILE" type:"existingfile"`
	Listen    string        `help:"Where the protected shop is served." default:"127.0.0.1:8000"`
	Hub       string        `help:"Where the Hub is served." default:"127.0.0.1:8900"`
	Decisions string        `help:"Where the decision API is served." default:"127.0.0.1:8910"`
	Data      string        `help:"Directory to keep everything in (default: a temporary one)." placeholder:"DIR"`
	People    int           `help:"How many people visit the shop." default:"300"`
	Seed      uint64        `help:"Seed of everything random in the traffic." default:"1"`
	For       time.Duration `help:"Stop after this time (default: on Ctrl-C)."`
}

// Run shows the demo until a signal ends ctx.
func (c *demoCommand) Run(ctx context.Context, world app.World) error {
	if c.For > 0 {
		limited, cancel := context.WithTimeout(ctx, c.For)
		defer cancel()
		ctx = limited
	}
	return app.Demo(ctx, world, app.DemoOptions{Location: c.Location, Listen: c.Listen, Hub: c.Hub, Decisions: c.Decisions, Data: c.Data, People: c.People, Seed: c.Seed})
}

func main() {
	var c commands
	parser := kong.Must(&c, kong.Name("wayguard"), kong.Description("Open, self-hosted customer journey security."), kong.Vars{"version": buildVersion()})
	parsed, err := parser.Parse(os.Args[1:])
	if err != nil {
		parser.Errorf("%s", err)
		os.Exit(2)
	}
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	world := app.World{
		Stdout: os.Stdout, Stderr: os.Stderr, Lookup: os.LookupEnv, Now: time.Now, Version: buildVersion(),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	// net/http's transport quotes what an origin sent to the standard logger; that may be anybody's secret.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(world)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, tell(err))
		os.Exit(1)
	}
}

// tell is the error for a person: problems of a configuration stand one a line.
func tell(err error) string {
	var problems document.Problems
	if errors.As(err, &problems) {
		return fmt.Sprintf("the configuration has %d problem(s):\n%s", len(problems), problems)
	}
	return "wayguard: " + err.Error()
}
