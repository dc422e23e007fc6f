package world

import (
	"fmt"
	"time"
)

// Options say which world it is. The zero Options are not a world; see Default.
type Options struct {
	Seed uint64
	// Start is the first moment; Days is how long the world lasts.
	Start time.Time
	Days  int
	// Devices is how many devices people have, about; one at least.
	Devices int
	// Campaigns are the attacks; nil in a world without any.
	Campaigns []Campaign
	// Cookieless says that the site sets no cookies at all.
	Cookieless bool
	// Hints says that the site asks for client hints.
	Hints bool
	// Builds says that the version of a desktop's system is asked for too, and kept as its model.
	Builds bool
	// Clutter adds cookies that identify nobody: one that is equal for all, and one that changes with each answer.
	Clutter bool
	// Drift is a world whose browsers, networks and releases have changed since the thresholds were set.
	Drift bool
	// Still leaves out the visitors who look like attackers.
	Still bool
}

// Campaign is one attack of one actor.
type Campaign struct {
	Attack Attack
	Level  int
	// From is counted from the world's start, Length from there.
	From, Length time.Duration
	// Attempts is how many attempts it makes, from how many Devices and over how many Addresses.
	Attempts, Devices, Addresses int
	// Slow marks a campaign that hides in the time it takes.
	Slow bool
}

// Name is the campaign's attack and level in words.
func (c *Campaign) Name() string {
	name := fmt.Sprintf("%s L%d", c.Attack, c.Level)
	if c.Slow {
		name += " slow"
	}
	return name
}

// Default is the world that the report is about: sixty days, every attack at every level.
func Default(seed uint64, devices int) Options {
	o := Options{Seed: seed, Start: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Days: 60, Devices: devices, Hints: true, Clutter: true}
	o.Campaigns = AllCampaigns(o.Days, 1)
	return o
}

// longest is how long an attack lasts at most.
const longest = 4 * 24 * time.Hour

// firstAttack is when attacks begin: people must be known by then.
const firstAttack = 14

// AllCampaigns is every attack at every level, one after the other over the days of the world, and stuffing that takes a day;
// force scales how many attempts each makes.
func AllCampaigns(days int, force float64) []Campaign {
	var all []Campaign
	for level := range LevelCount {
		for _, a := range Attacks() {
			all = append(all, typical(a, level, force))
		}
	}
	all = append(all, Campaign{Attack: Stuffing, Level: 2, Length: 24 * time.Hour, Attempts: scaled(3000, force), Devices: 300,
		Addresses: 20000, Slow: true})
	first := min(firstAttack, days/3)
	room := time.Duration(max(days-first-5, 1)) * 24 * time.Hour
	for i := range all {
		all[i].From = time.Duration(first)*24*time.Hour + room*time.Duration(i)/time.Duration(len(all))
		// Not at the same hour each time: what is quiet by night is not by day.
		all[i].From += time.Duration(i*7%11) * 17 * time.Minute
	}
	return all
}

func scaled(n int, force float64) int { return max(int(float64(n)*force), 4) }

// size is how many attempts an attack makes at its lowest level, how long it takes and how many devices do it.
type size struct {
	attempts, devices int
	length            time.Duration
}

func sizeOf(a Attack) size {
	return [attackCount]size{
		Stuffing: {5000, 40, time.Hour}, Cracking: {2000, 20, 2 * time.Hour}, CardTesting: {600, 20, 2 * time.Hour},
		GiftCards: {1500, 12, 2 * time.Hour}, FakeAccounts: {300, 20, 6 * time.Hour}, ReferralRing: {40, 4, 48 * time.Hour},
		RefundAbuse: {50, 5, 96 * time.Hour}, Scraping: {6000, 30, 4 * time.Hour}, Hoarding: {600, 40, 30 * time.Minute},
		Enumeration: {1500, 8, 2 * time.Hour}, TokenForwarding: {40, 20, 24 * time.Hour}, Takeover: {40, 20, 24 * time.Hour},
		AgentAbuse: {60, 20, 6 * time.Hour}, Noise: {4000, 20, 20 * time.Minute},
	}[a]
}

// typical is an attack as those of a level do it: from one network at first, then over proxies, then from homes and ever
// slower.
func typical(a Attack, level int, force float64) Campaign {
	s := sizeOf(a)
	c := Campaign{Attack: a, Level: level, Length: s.length, Attempts: scaled(s.attempts, force), Devices: s.devices}
	switch level {
	case 0:
		c.Devices, c.Addresses = max(s.devices/10, 1), 4
	case 1:
		c.Addresses = 2000
	case 2:
		c.Addresses, c.Devices = 2000, s.devices*2
	case 3:
		c.Addresses, c.Length, c.Attempts = 20000, min(s.length*6, longest), max(c.Attempts*2/5, 4)
		c.Devices = s.devices * 2
	case 4:
		c.Addresses, c.Length, c.Attempts = 20000, min(s.length*8, longest), max(c.Attempts/4, 4)
		c.Devices = s.devices * 3
	}
	c.Devices = min(c.Devices, max(c.Attempts/3, 1)) // each comes back
	return c
}
