// Package packs holds the detection content that comes with Wayguard: rules and signatures with the journeys that test
// them, one folder a family of attacks, and starter specs for sites that have none yet. It is data: each folder's
// README.md says what the pack catches and what it must not.
package packs
