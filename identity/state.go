package identity

import (
	"time"

	"wayguard/event"
)

// The kinds of record that identity keeps. Each stands in the state under its letter, the environment and a hash.
const (
	ledgerKind   = 'a'
	crowdKind    = 'c'
	deviceKind   = 'd'
	keyKind      = 'k'
	accountKind  = 'u'
	personKind   = 'p'
	actorKind    = 'g'
	traitKind    = 'h'
	evidenceKind = 'v'
	turnoverKind = 'n'
	chorusKind   = 'y'
)

// How long each kind of record is kept after it was last written.
const (
	// Month is the reach of an address's ledger.
	Month = 30 * 24 * time.Hour
	// Retention is that of devices, keys, accounts, persons and actors.
	Retention = 400 * 24 * time.Hour
	// CrowdReach is how long a device counts as one of its crowd.
	CrowdReach = 90 * 24 * time.Hour
)

// LedgerKey is where the ledger of an address is kept.
func LedgerKey(env event.Environment, address uint64) string {
	return stateKey(ledgerKind, env, address)
}

// CrowdKey is where it is counted how many devices show a value (a fingerprint, a language), or how many there are (0).
func CrowdKey(env event.Environment, value uint64) string { return stateKey(crowdKind, env, value) }

// TurnoverKey is where it is counted how often visitors at known addresses of a network are new there.
func TurnoverKey(env event.Environment, network uint64) string {
	return stateKey(turnoverKind, env, network)
}

// ChorusKey is where it is counted how often browsers of a kind have the same User-Agent.
func ChorusKey(env event.Environment, kind uint64) string { return stateKey(chorusKind, env, kind) }

// DeviceKey is where a device is kept.
func DeviceKey(env event.Environment, device Ref) string {
	return stateKey(deviceKind, env, uint64(device))
}

// KeyKey is where it is kept which device presents a cookie or token.
func KeyKey(env event.Environment, key uint64) string { return stateKey(keyKind, env, key) }

// AccountKey is where it is kept on which devices an account was proven.
func AccountKey(env event.Environment, account uint64) string {
	return stateKey(accountKind, env, account)
}

// PersonKey is where a person is kept.
func PersonKey(env event.Environment, person Ref) string {
	return stateKey(personKind, env, uint64(person))
}

// ActorKey is where an actor is kept.
func ActorKey(env event.Environment, actor Ref) string {
	return stateKey(actorKind, env, uint64(actor))
}

// AppendDeviceKey adds DeviceKey to b, AppendLedgerKey and AppendCrowdKey the others that each event needs.
func AppendDeviceKey(b []byte, env event.Environment, device Ref) []byte {
	return appendKey(b, deviceKind, env, uint64(device))
}

// AppendLedgerKey adds LedgerKey to b.
func AppendLedgerKey(b []byte, env event.Environment, address uint64) []byte {
	return appendKey(b, ledgerKind, env, address)
}

// AppendCrowdKey adds CrowdKey to b.
func AppendCrowdKey(b []byte, env event.Environment, value uint64) []byte {
	return appendKey(b, crowdKind, env, value)
}

// AppendPersonKey adds PersonKey to b.
func AppendPersonKey(b []byte, env event.Environment, person Ref) []byte {
	return appendKey(b, personKind, env, uint64(person))
}

// AppendTraitKey adds TraitKey to b.
func AppendTraitKey(b []byte, env event.Environment, trait uint64) []byte {
	return appendKey(b, traitKind, env, trait)
}

func stateKey(kind byte, env event.Environment, hash uint64) string {
	return string(appendKey(make([]byte, 0, 64), kind, env, hash))
}

func appendKey(b []byte, kind byte, env event.Environment, hash uint64) []byte {
	const digits = "0123456789abcdef"
	b = append(append(append(b, kind, 0), env...), 0)
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[hash>>shift&15])
	}
	return b
}
