package config

import (
	"time"

	"wayguard/api"
	"wayguard/capture"
	"wayguard/document"
	"wayguard/element"
	"wayguard/event"
	"wayguard/hub"
	"wayguard/integration"
	"wayguard/origin"
	"wayguard/policy"
	"wayguard/proxy"
	"wayguard/rule"
	"wayguard/session"
	"wayguard/site"
)

// Config is everything an operator may say. Paths are relative to the file that names them.
type Config struct {
	At document.Mark `yaml:"-"`
	// Environment is the space that this instance's traffic belongs to.
	Environment event.Environment `yaml:"environment"`
	// Data is the directory everything is kept in.
	Data string `yaml:"data"`
	// Include names more files by pattern; each may hold any section. Only the main file may include.
	Include document.Strings `yaml:"include"`

	Proxy   proxy.Config  `yaml:"proxy"`
	Hub     HubConfig     `yaml:"hub"`
	Metrics MetricsConfig `yaml:"metrics"`
	// Sites are what is protected; none is one site of every host. UnknownHost is what becomes of the others' requests.
	Sites       []site.Config    `yaml:"sites"`
	UnknownHost site.UnknownHost `yaml:"unknown_host"`
	// Origins are groups of places that sites send requests to, beside proxy.origin.
	Origins  []origin.Config      `yaml:"origins"`
	Sessions SessionsConfig       `yaml:"sessions"`
	Specs    []capture.SpecConfig `yaml:"specs"`

	rule.Config `yaml:",inline"`
	// Mitigation is what holds for all actions and policies. Where several files give it, its lists grow.
	Mitigation policy.MitigationConfig `yaml:"mitigation"`

	Elements ElementsConfig `yaml:"elements"`
	Location LocationConfig `yaml:"location"`
	Networks NetworksConfig `yaml:"networks"`
	// Agents are crawlers and AI agents that sign their requests.
	Agents   []AgentConfig      `yaml:"agents"`
	Webhooks integration.Config `yaml:"webhooks"`
	// Decisions is the API that decides about payments.
	Decisions DecisionsConfig `yaml:"decisions"`
	// Integrations are outside systems that are told of things, or asked about events.
	Integrations integration.IntegrationsConfig `yaml:"integrations"`
	Packs        PacksConfig                    `yaml:"packs"`
	Retention    RetentionConfig                `yaml:"retention"`
	Limits       LimitsConfig                   `yaml:"limits"`
}

// HubConfig is where and how the Hub is served.
type HubConfig struct {
	hub.Config `yaml:",inline"`
	// Listen is host:port; loopback only by default, because it serves without TLS.
	Listen string `yaml:"listen"`
	// Address is where people open the Hub, such as "https://hub.example"; alerts link there. Empty: they have no link.
	Address string `yaml:"address"`
}

// DecisionsConfig is how payments are decided about. An empty Listen turns it off.
type DecisionsConfig struct {
	api.Config `yaml:",inline"`
	// Routes are requests to the site that are payments: an interceptor decides about them on their way.
	Routes []PaymentRouteConfig `yaml:"routes"`
	// RouteTimeout bounds a decision about a request to the site; after it the interceptor's on_failure says what becomes of it.
	RouteTimeout time.Duration `yaml:"route_timeout"`
	// Counters is how many velocity counters are held in memory, about 200 bytes each; what does not fit is asked of the ledger.
	Counters int `yaml:"counters"`
}

// PaymentRouteConfig has an interceptor decide about the requests of a spec, which must be inline.
type PaymentRouteConfig struct {
	At   document.Mark `yaml:"-"`
	Spec string        `yaml:"spec"`
	// Interceptor is the ref of the interceptor whose mapping and answers are used; its destination is not.
	Interceptor string `yaml:"interceptor"`
}

// MetricsConfig is where Prometheus reads. An empty Listen serves none.
type MetricsConfig struct {
	Listen string `yaml:"listen"`
}

// SessionsConfig says how events are joined to sessions.
type SessionsConfig struct {
	capture.SessionsConfig `yaml:",inline"`
	// IdleTimeout is the time without an event after which a session is over.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
}

// ElementsConfig changes the catalogue.
type ElementsConfig struct {
	At document.Mark `yaml:"-"`
	// Custom are elements of the operator's own.
	Custom []ElementConfig `yaml:"custom"`
	// Off are elements that are never taken.
	Off document.Strings `yaml:"off"`
	// Sensitivity overrides the catalogue's.
	Sensitivity map[string]string `yaml:"sensitivity"`
	// PhoneRegion is the country that phone numbers without a country code belong to.
	PhoneRegion string `yaml:"phone_region"`
}

// ElementConfig is one custom element.
type ElementConfig struct {
	At          document.Mark `yaml:"-"`
	Name        string        `yaml:"name"`
	Human       string        `yaml:"human"`
	Category    string        `yaml:"category"`
	Kind        string        `yaml:"kind"`
	Type        string        `yaml:"type"`
	Sensitivity string        `yaml:"sensitivity"`
}

// Definition is the catalogue's form of it.
func (c ElementConfig) Definition() element.Definition {
	return element.Definition{Name: c.Name, Human: c.Human, Category: c.Category, Kind: element.Kind(c.Kind),
		Type: element.ValueType(c.Type), Sensitivity: element.Sensitivity(c.Sensitivity)}
}

// LocationConfig names MMDB files; together they tell country, city and network of an address.
type LocationConfig struct {
	Files document.Strings `yaml:"files"`
	// Attribution is shown in the Hub where the files' licence asks for it.
	Attribution string `yaml:"attribution"`
}

// NetworksConfig says what addresses are used for, beside the lists that are built in.
type NetworksConfig struct {
	At document.Mark `yaml:"-"`
	// Lists are the operator's own; what they say stands before what is built in.
	Lists []NetworkListConfig `yaml:"lists"`
	// BuiltIn is on unless it is set to false.
	BuiltIn *bool `yaml:"built_in"`
	// ReverseDNS is on unless it is set to false: then declared crawlers are told from impostors by lists alone.
	ReverseDNS *bool `yaml:"reverse_dns"`
}

// NetworkListConfig is a file with an address or a prefix on each line.
type NetworkListConfig struct {
	File string `yaml:"file"`
	// Kind is one of hosting, vpn, tor, relay, crawler.
	Kind event.NetworkKind `yaml:"kind"`
	// Owner is the crawler's or provider's name.
	Owner string `yaml:"owner"`
}

// PacksConfig chooses among the built-in detection packs.
type PacksConfig struct {
	At document.Mark `yaml:"-"`
	// Off names packs that are not used.
	Off document.Strings `yaml:"off"`
}

// RetentionConfig is how long things are kept.
type RetentionConfig struct {
	// Warehouse is the age at which sessions leave the warehouse.
	Warehouse time.Duration `yaml:"warehouse"`
	// LogBytes of the log are kept for replay although every consumer has had them.
	LogBytes document.Bytes `yaml:"log_bytes"`
	// LogLimit is the size at which the oldest records go although a consumer still needs them.
	LogLimit document.Bytes `yaml:"log_limit"`
}

// LimitsConfig bounds what the parts may take.
type LimitsConfig struct {
	// StateEntries is how many sessions, keys and entities are remembered.
	StateEntries int `yaml:"state_entries"`
	// LogBuffer bounds the records that wait for a slow or full disk; what does not fit is shed and counted.
	LogBuffer document.Bytes `yaml:"log_buffer"`
	// WarehouseMemory and WarehouseThreads are the analytical database's share.
	WarehouseMemory  document.Bytes `yaml:"warehouse_memory"`
	WarehouseThreads int            `yaml:"warehouse_threads"`
}

// Default is the configuration of an operator who says nothing; it lacks the origin.
func Default() Config {
	return Config{
		Environment: event.DefaultEnvironment,
		Data:        "wayguard-data",
		Proxy:       proxy.DefaultConfig(),
		UnknownHost: site.ForwardUnknown,
		Hub:         HubConfig{Listen: "127.0.0.1:8900"},
		Sessions:    SessionsConfig{IdleTimeout: session.IdleTimeout},
		Webhooks:    integration.DefaultConfig(),
		Decisions:   DecisionsConfig{Config: api.DefaultConfig(), RouteTimeout: 3 * time.Second, Counters: 2_000_000},
		Retention:   RetentionConfig{Warehouse: 90 * 24 * time.Hour, LogBytes: 1 << 30, LogLimit: 16 << 30},
		Limits:      LimitsConfig{StateEntries: 2_000_000, LogBuffer: 32 << 20, WarehouseMemory: 1 << 30, WarehouseThreads: 2},
	}
}
