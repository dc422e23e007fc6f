package decoy

import (
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"wayguard/capture"
	"wayguard/event"
	"wayguard/policy"
)

// maxEntries bounds what the sink keeps in memory; the oldest go first.
const maxEntries = 10_000

// sinkFor is how long entries are kept where nothing is said.
const sinkFor = 30 * 24 * time.Hour

// Entry is what was submitted with a feigned answer.
type Entry struct {
	Time    time.Time `json:"time"`
	Session event.ID  `json:"session"`
	Event   event.ID  `json:"event,omitempty"`
	Spec    string    `json:"spec"`
	Policy  string    `json:"policy,omitempty"`
	// Element is the kind of account, Account its value as in the event, Shown what a person is shown of it.
	Element string `json:"element"`
	Account string `json:"account"`
	Shown   string `json:"shown,omitempty"`
	// Secret is a keyed hash of account and password together, so that equal passwords of two accounts are not seen to be equal;
	// empty where the request showed none.
	Secret string `json:"secret,omitempty"`
	// Until is when the entry is forgotten.
	Until time.Time `json:"until"`
}

// Sink keeps entries for longer than this process lives. Keep must not block.
type Sink interface{ Keep(Entry) }

// sunk is the list of entries, from the oldest.
type sunk struct {
	mu   sync.Mutex
	list []Entry
}

// Submitted keeps what was submitted with a feigned answer, as c says; ok is false when nothing is to be kept, or the event
// names no account.
func (s *Set) Submitted(head *capture.Request, e *event.Event, session event.ID, policyName string, c policy.SinkConfig) (entry Entry, ok bool) {
	account := accountOf(e)
	if c.Keep == "nothing" || account == nil {
		return Entry{}, false
	}
	keep := c.For
	if keep <= 0 {
		keep = sinkFor
	}
	// The event's texts are good for this call only.
	entry = Entry{Time: e.Time, Session: event.ID(strings.Clone(string(session))), Event: event.ID(strings.Clone(string(e.ID))),
		Spec: strings.Clone(e.Spec), Policy: strings.Clone(policyName), Element: strings.Clone(account.Name),
		Account: strings.Clone(account.Value), Shown: strings.Clone(account.Shown()), Until: e.Time.Add(keep)}
	if secret := readSecret(head); secret != "" {
		hash := s.draw("sink", account.Name, account.Value, secret).seed
		entry.Secret = hex.EncodeToString(hash[:16])
	}
	s.sunk.mu.Lock()
	s.sunk.list = append(s.sunk.list, entry)
	if over := len(s.sunk.list) - maxEntries; over > 0 {
		s.sunk.list = append(s.sunk.list[:0:0], s.sunk.list[over:]...)
	}
	s.sunk.mu.Unlock()
	if s.settings.Sink != nil {
		s.settings.Sink.Keep(entry)
	}
	return entry, true
}

// Entries are at most limit of those that are kept at that time, the newest first.
func (s *Set) Entries(limit int, now time.Time) []Entry {
	s.sunk.mu.Lock()
	defer s.sunk.mu.Unlock()
	var newest []Entry
	for i := len(s.sunk.list) - 1; i >= 0 && len(newest) < limit; i-- {
		if now.Before(s.sunk.list[i].Until) {
			newest = append(newest, s.sunk.list[i])
		}
	}
	return newest
}

// Exposed is an account that somebody tried with credentials that they should not have.
type Exposed struct {
	Element string `json:"element"`
	Account string `json:"account"`
	Shown   string `json:"shown,omitempty"`
	// First and Last are when, Attempts how often, Secrets with how many different passwords, Sessions in how many sessions.
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Attempts int       `json:"attempts"`
	Secrets  int       `json:"secrets,omitempty"`
	Sessions int       `json:"sessions"`
}

// Exposed are at most limit of the accounts to warn, the latest first.
func (s *Set) Exposed(limit int, now time.Time) []Exposed {
	type account struct{ element, value string }
	type seen struct {
		account account
		word    string
	}
	var list []Exposed
	places := map[account]int{}
	once := map[seen]bool{}
	for _, entry := range s.Entries(maxEntries, now) {
		key := account{entry.Element, entry.Account}
		at, ok := places[key]
		if !ok {
			at = len(list)
			places[key] = at
			list = append(list, Exposed{Element: entry.Element, Account: entry.Account, Shown: entry.Shown, Last: entry.Time})
		}
		x := &list[at]
		x.First, x.Attempts = entry.Time, x.Attempts+1
		if word := (seen{key, "secret " + entry.Secret}); entry.Secret != "" && !once[word] {
			once[word] = true
			x.Secrets++
		}
		if word := (seen{key, "session " + string(entry.Session)}); !once[word] {
			once[word] = true
			x.Sessions++
		}
	}
	return list[:min(limit, len(list))]
}
