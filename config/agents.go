package config

import (
	"time"

	"wayguard/document"
)

// AgentConfig is a crawler or AI agent that signs its requests (HTTP Message Signatures, Web Bot Auth).
type AgentConfig struct {
	At document.Mark `yaml:"-"`
	// Name is how rules and the Hub call it.
	Name string `yaml:"name"`
	// Keys are its public keys, Directory is where it publishes them: one of them, or both.
	Keys      []AgentKeyConfig `yaml:"keys"`
	Directory string           `yaml:"directory"`
	// Trusted makes a good signature a proof. Without it the agent is named, and nothing more is claimed.
	Trusted bool `yaml:"trusted"`
	// Window is how long its signatures may be valid in all: 8 minutes when 0, 24 hours at most.
	Window time.Duration `yaml:"window"`
}

// AgentKeyConfig is a public key as a JWK of the kind OKP, written out or in a file.
type AgentKeyConfig struct {
	At   document.Mark `yaml:"-"`
	File string        `yaml:"file"`

	KeyType   string `yaml:"kty"`
	Curve     string `yaml:"crv"`
	X         string `yaml:"x"`
	KeyID     string `yaml:"kid"`
	Algorithm string `yaml:"alg"`
	Use       string `yaml:"use"`
	NotBefore int64  `yaml:"nbf"`
	Expires   int64  `yaml:"exp"`
}
