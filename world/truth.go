package world

import "wayguard/event"

// Item is an event and the truth about it.
type Item struct {
	Event event.Event
	Truth Truth
}

// Truth is what nobody but the world knows.
type Truth struct {
	// Visit numbers the visit, from 1. Two visits of one device are at least half an hour apart.
	Visit uint32
	// Device, Person and Actor number who it is, from 1; Actor is 0 for all but attackers, and then the campaign's number.
	Device uint32
	Person uint32
	Actor  uint32
	// Attack is what the visit is part of, Honest for everybody else; Level is how skilled the attacker is, 0 to 4.
	Attack Attack
	Level  int
	// Twin is the honest visitor's likeness to an attacker.
	Twin Twin
	// Place and Habit are the strata: where the visit came from, and what becomes of its cookies. Account says that the
	// person has one, Mobile that the device is a phone or tablet.
	Place   Place
	Habit   Habit
	Account bool
	Mobile  bool
	// Step is what was done.
	Step Step
	// Attempt marks what the attack is about: a login tried, a card tried, a page taken. Loss marks the moment at which
	// there is damage.
	Attempt bool
	Loss    bool
}

// Human says that a person is behind the visit, and means no harm.
func (t *Truth) Human() bool {
	return t.Attack == Honest && t.Twin != PriceBot && t.Twin != AgentShopper
}

// Attack is a kind of attack; Honest is none.
type Attack uint8

// The attacks. The numbers are those of science.md, section 4.
const (
	Honest          Attack = iota
	Stuffing               // A1: pairs of name and password from a list
	Cracking               // A2: guessed passwords, and one password for many accounts
	CardTesting            // A3: runs of cards and of security codes
	GiftCards              // A4: numbers of gift cards tried
	FakeAccounts           // A5: accounts made by the hundred, and promotions taken with them
	ReferralRing           // A6: one who refers himself
	RefundAbuse            // A7: at human pace
	Scraping               // A8: the catalogue taken
	Hoarding               // A9: stock held or bought up
	Enumeration            // A10: other people's orders by number
	TokenForwarding        // A11: stolen session cookies
	Takeover               // A12: a right password from a device made ready for it
	AgentAbuse             // A13: an undeclared agent that buys what is limited
	Noise                  // A14: floods and probes
	attackCount
)

// String is the attack's short name.
func (a Attack) String() string {
	return [attackCount]string{"honest", "A1 stuffing", "A2 cracking", "A3 card testing", "A4 gift cards", "A5 fake accounts",
		"A6 referral ring", "A7 refund abuse", "A8 scraping", "A9 hoarding", "A10 enumeration", "A11 token forwarding",
		"A12 takeover", "A13 agent abuse", "A14 noise"}[a]
}

// Attacks lists all of them.
func Attacks() []Attack {
	var all []Attack
	for a := Stuffing; a < attackCount; a++ {
		all = append(all, a)
	}
	return all
}

// LevelCount is how many levels of skill there are: 0 a naked script, 1 copied headers over many proxies, 2 a browser's
// handshakes imitated from homes, 3 a real browser without a window that keeps cookies and takes its time, 4 one that besides
// makes its devices ready for days and changes what gets it blocked.
const LevelCount = 5

// Twin is an honest visitor's likeness to an attacker.
type Twin uint8

// The likenesses; NoTwin is most people.
const (
	NoTwin         Twin = iota
	Family              // many accounts at one address, and one tablet for all
	DropRush            // the minute a sought-after product is released
	NewPhone            // a password manager fills in the login on a new phone
	PriceBot            // a price comparison reads the catalogue
	CorporateProxy      // a company's proxy breaks up TLS and strips headers
	Accessible          // a browser that loads no pictures, moved by keyboard
	AgentShopper        // an agent that buys for its owner
	Traveller           // on holiday in another country
	Returner            // buys clothes to try on, and sends most of them back
	Kiosk               // a library's computer
	twinCount
)

// String is the twin's short name.
func (t Twin) String() string {
	return [twinCount]string{"none", "family", "drop rush", "new phone", "price bot", "corporate proxy", "accessible", "agent shopper",
		"traveller", "returner", "kiosk"}[t]
}

// Twins lists all of them.
func Twins() []Twin {
	var all []Twin
	for t := Family; t < twinCount; t++ {
		all = append(all, t)
	}
	return all
}

// Place is the kind of network a visit came from.
type Place uint8

// The places.
const (
	Home Place = iota
	CGNAT
	Office
	Relay
	Elsewhere // data centres and proxies
	placeCount
)

// String is the place's name.
func (p Place) String() string {
	return [placeCount]string{"home", "CGNAT", "office", "relay", "elsewhere"}[p]
}

// Habit is what becomes of a visit's cookies.
type Habit uint8

// The habits.
const (
	Kept Habit = iota
	Cleared
	Never
	habitCount
)

// String is the habit's name.
func (h Habit) String() string { return [habitCount]string{"kept", "cleared", "never"}[h] }
