package app

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"wayguard/capture"
	"wayguard/config"
	"wayguard/document"
	"wayguard/element"
	"wayguard/engine"
	"wayguard/event"
	"wayguard/location"
	"wayguard/origin"
	"wayguard/packs"
	"wayguard/rule"
	"wayguard/site"
)

// plan is everything made from one configuration: compiled, immutable. A reload builds another beside it.
type plan struct {
	config     config.Config
	normaliser *element.Normaliser
	specs      *capture.Set
	rules      *rule.Set
	engine     *engine.Engine
	sites      *site.Set
	prover     *prover
	// severities are those of the rules, by their ids.
	severities map[string]event.Severity
	// measures is what the data path asks about requests.
	measures measures
}

// compile makes a plan and tells every problem. keys hash the sensitive values; m carries out what the plan asks for.
func compile(c config.Config, keys element.Keys, m *mitigator) (*plan, document.Problems) {
	problems := withPacks(&c)
	traps, more := m.trapSpecs(c)
	problems = append(problems, more...)
	c.Specs = append(traps[:len(traps):len(traps)], c.Specs...) // before those that are for every path
	readBodies(c.Decisions, c.Specs)
	catalogue, more := catalogueOf(c.Elements)
	problems = append(problems, more...)
	p := &plan{config: c}
	p.normaliser = element.NewNormaliser(catalogue, keys, element.Options{Region: c.Elements.PhoneRegion})
	known, prover, more := knowledge(c)
	problems = append(problems, more...)
	p.prover = prover
	p.specs, more = capture.Compile(capture.Config{Specs: c.Specs, Sessions: sessionTokens(c)}, p.normaliser, known)
	problems = append(problems, more...)
	problems = append(problems, failClosed(c)...)
	problems = append(problems, c.Decisions.Validate()...)
	problems = append(problems, c.Decisions.CheckRoutes(inlineSpecs(c.Specs))...)
	vocabulary, more := vocabularyOf(c, catalogue)
	problems = append(problems, more...)
	p.rules, more = rule.Compile(c.Config, vocabulary)
	p.severities = severitiesOf(c.Rules)
	problems = append(problems, more...)
	p.sites, more = compileSites(c)
	problems = append(problems, more...)
	problems = append(problems, integrations(c, catalogue)...)
	if len(problems) > 0 {
		return nil, problems
	}
	carried, problems := m.compile(c, vocabulary, p.normaliser)
	if len(problems) > 0 {
		return nil, problems
	}
	p.measures = measures{carried, m.enrich, m.paymentRoutes(c)}
	var err error
	p.engine, err = engine.New(p.rules, engine.Settings{IdleTimeout: c.Sessions.IdleTimeout})
	if err != nil {
		return nil, document.Problems{{Message: err.Error()}}
	}
	return p, nil
}

// vocabularyOf is what rules may name: labels of packs that are switched off, too, as those of others look for them.
func vocabularyOf(c config.Config, catalogue *element.Catalogue) (rule.Vocabulary, document.Problems) {
	var problems document.Problems
	var off config.Config
	for _, file := range packs.Default() {
		if slices.Contains(c.Packs.Off, file.Pack()) {
			problems = append(problems, off.Add(file.Name, file.Data, nil)...)
		}
	}
	v := rule.StandardVocabulary(catalogue, specNames(c.Specs))
	for _, r := range off.Rules {
		v.Labels = append(v.Labels, r.Label)
	}
	for _, s := range off.Signatures {
		v.Labels = append(v.Labels, s.Name)
	}
	return v, problems
}

// sessionTokens are the places of session tokens: the application's, and the identity cookies that sites set.
func sessionTokens(c config.Config) capture.SessionsConfig {
	sessions := c.Sessions.SessionsConfig
	for _, s := range c.Sites {
		if !s.IdentityCookie.On {
			continue
		}
		if len(sessions.Tokens) == 0 {
			sessions.Tokens = capture.DefaultTokens()
		}
		name := cmp.Or(s.IdentityCookie.Name, site.DefaultCookieName)
		known := func(t capture.TokenConfig) bool { return t.Cookie == name }
		if !slices.ContainsFunc(sessions.Tokens, known) {
			sessions.Tokens = append(sessions.Tokens[:len(sessions.Tokens):len(sessions.Tokens)], capture.TokenConfig{Cookie: name})
		}
	}
	return sessions
}

// compileSites makes the sites and tells what is wrong with them and with the origins they name.
func compileSites(c config.Config) (*site.Set, document.Problems) {
	problems := origin.Validate(c.Origins)
	sites, more := site.Compile(c.Sites, c.UnknownHost)
	if problems = append(problems, more...); sites == nil {
		return nil, problems
	}
	names := []string{origin.DefaultName}
	for _, o := range c.Origins {
		names = append(names, o.Name)
	}
	return sites, append(problems, sites.CheckOrigins(names)...)
}

// withPacks adds the built-in packs to what the operator wrote. The starter specs are used only while the operator has
// written none.
func withPacks(c *config.Config) document.Problems {
	var problems document.Problems
	files := packs.Default()
	known := packNames(append(packs.Starter(), files...))
	for i, name := range c.Packs.Off {
		if !slices.Contains(known, name) {
			problems = append(problems, c.Packs.At.Problem(fmt.Sprintf("off[%d]", i), "no pack has this name", document.DidYouMean(name, known)))
		}
	}
	if len(c.Specs) == 0 {
		files = append(files, packs.Starter()...)
	}
	for _, file := range files {
		if !slices.Contains(c.Packs.Off, file.Pack()) {
			problems = append(problems, c.Add(file.Name, file.Data, nil)...)
		}
	}
	return problems
}

func packNames(files []packs.File) []string {
	var names []string
	for _, f := range files {
		names = append(names, f.Pack())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// failClosed finds names that are no spec's: a typing error there would leave a route open that was meant to be closed.
func failClosed(c config.Config) document.Problems {
	var problems document.Problems
	names := specNames(c.Specs)
	for i, name := range c.Proxy.Inline.FailClosed {
		if !slices.Contains(names, name) {
			problems = append(problems, c.Proxy.At.Problem(fmt.Sprintf("inline.fail_closed[%d]", i), "no spec has this name", document.DidYouMean(name, names)))
		}
	}
	return problems
}

// inlineSpecs says of each spec whether its requests are held.
func inlineSpecs(specs []capture.SpecConfig) map[string]bool {
	held := make(map[string]bool, len(specs))
	for _, s := range specs {
		held[s.Name] = s.Inline
	}
	return held
}

func specNames(specs []capture.SpecConfig) []string {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	return names
}

func catalogueOf(c config.ElementsConfig) (*element.Catalogue, document.Problems) {
	var problems document.Problems
	custom := make([]element.Definition, len(c.Custom))
	for i, e := range c.Custom {
		custom[i] = e.Definition()
	}
	sensitivity := map[string]element.Sensitivity{}
	for name, value := range c.Sensitivity {
		if !element.Sensitivity(value).Known() {
			problems = append(problems, c.At.Problem("sensitivity."+name, "must be public, personal, hashed or secret", ""))
			continue
		}
		sensitivity[name] = element.Sensitivity(value)
	}
	catalogue, err := element.Default().With(custom, c.Off, sensitivity)
	if err != nil {
		problems = append(problems, c.At.Problem("", err.Error(), ""))
		return element.Default(), problems
	}
	return catalogue, problems
}

func openPlaces(c config.LocationConfig) (*location.Database, error) {
	files := map[string][]byte{}
	for _, path := range c.Files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("location file: %w", err)
		}
		files[filepath.Base(path)] = data
	}
	if len(files) == 0 {
		return nil, nil
	}
	return location.Open(files)
}

// placeOf is what the location database knows of an address.
func placeOf(places *location.Database, address netip.Addr) capture.Place {
	if places == nil {
		return capture.Place{}
	}
	p := places.Lookup(address)
	place := capture.Place{Country: p.Country, Region: p.Region, City: p.City, Network: p.Network}
	if p.ASN != 0 {
		place.ASN = strconv.FormatUint(uint64(p.ASN), 10)
	}
	if p.Latitude != nil && p.Longitude != nil {
		place.Latitude = strconv.FormatFloat(*p.Latitude, 'f', -1, 64)
		place.Longitude = strconv.FormatFloat(*p.Longitude, 'f', -1, 64)
	}
	return place
}

// errNoOrigin tells a newcomer what is missing.
var errNoOrigin = errors.New("no origin is configured: pass --origin http://host:port or set proxy.origin.url in the configuration file")
