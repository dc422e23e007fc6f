package rule

import "wayguard/event"

// Device is the browser or program that the session is held to come from.
type Device struct {
	ID event.ID
	// AgeDays are whole days since it was first seen, Sessions how many it had, this one included.
	AgeDays, Sessions int64
	// Confidence says in percent how sure it is that this session belongs to it.
	Confidence int64
	// Accounts are those that were used from it.
	Accounts int64
	// Suspicion is what earlier sessions left: centibits, halved as time goes by.
	Suspicion int64
	// New means that this is its first session.
	New bool
	// KnownToAccount means that the event's account was used from it before this session, and proved itself.
	KnownToAccount bool
}

// Person is the human being whose accounts and devices belong together.
type Person struct {
	ID event.ID
	// Accounts and Devices count what is held to be theirs, AgeDays whole days since they were first seen.
	Accounts, Devices, AgeDays int64
}

// Actor is somebody who drives many devices.
type Actor struct {
	ID event.ID
	// Devices and Sessions count what is held to be theirs; 0 devices: there is no such actor.
	Devices, Sessions int64
}

// Clusters answers how far bad outcomes pile up, beyond what is usual, in the groups that the event belongs to.
type Clusters interface {
	// Level is the cumulative sum of the event's group of that kind, one of ClusterKinds, in hundredths; 0 without one.
	Level(kind string) int64
	// Alarmed says whether the group's sum is over its limit, or was a short time ago, and no narrower group explains it.
	Alarmed(kind string) bool
}

// calm is the Clusters of facts that bring none.
type calm struct{}

func (calm) Level(string) int64  { return 0 }
func (calm) Alarmed(string) bool { return false }

// ClusterKinds lists the groups that bad outcomes are summed up for, the narrowest first.
func ClusterKinds() []string {
	return []string{"address", "tool_network", "tool", "bin", "promo", "email_domain", "network", "route", "everything"}
}
