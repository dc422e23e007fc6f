// Package app wires the rooms: it builds the parts in the order they depend on each other, starts them, reloads, and
// stops in reverse. Each subcommand of the program is one exported function here; nothing else of the house is
// decided in it but what happens when two rooms meet.
package app
