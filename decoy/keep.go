package decoy

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// kept is what outlives the process: hashes of canaries, and what the sink holds. What was learned of answers is not in it; it is
// learned again within minutes, and no body is ever written anywhere.
type kept struct {
	Canaries []keptCanary `json:"canaries,omitempty"`
	Entries  []Entry      `json:"entries,omitempty"`
}

type keptCanary struct {
	Hash    string    `json:"hash"`
	Spec    string    `json:"spec"`
	Expires time.Time `json:"expires"`
}

// Save is what is to be kept over a restart, as JSON. It holds hashes and names of accounts as they stand in events, no values that
// were made up or submitted.
func (s *Set) Save() ([]byte, error) {
	var k kept
	s.canaries.mu.RLock()
	for _, key := range s.canaries.order {
		g := s.canaries.known[key]
		k.Canaries = append(k.Canaries, keptCanary{key.String(), g.spec, g.expires})
	}
	s.canaries.mu.RUnlock()
	s.sunk.mu.Lock()
	k.Entries = append(k.Entries, s.sunk.list...)
	s.sunk.mu.Unlock()
	data, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("write what decoys gave out: %w", err)
	}
	return data, nil
}

// Load adds what Save kept. What has expired by now is left out; data that cannot be read changes nothing.
func (s *Set) Load(data []byte, now time.Time) error {
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return fmt.Errorf("read what decoys gave out: %w", err)
	}
	keys := make([]canaryKey, len(k.Canaries))
	for i, c := range k.Canaries {
		raw, err := hex.DecodeString(c.Hash)
		if err != nil || len(raw) != len(keys[i]) {
			return fmt.Errorf("read what decoys gave out: canary %d is no hash", i)
		}
		copy(keys[i][:], raw)
	}
	s.canaries.mu.Lock()
	for i, c := range k.Canaries {
		if now.Before(c.Expires) {
			s.canaries.put(keys[i], given{c.Spec, c.Expires}, now)
		}
	}
	s.canaries.mu.Unlock()
	s.sunk.mu.Lock()
	defer s.sunk.mu.Unlock()
	var living []Entry
	for _, entry := range k.Entries {
		if now.Before(entry.Until) {
			living = append(living, entry)
		}
	}
	s.sunk.list = append(living, s.sunk.list...)
	if over := len(s.sunk.list) - maxEntries; over > 0 {
		s.sunk.list = s.sunk.list[over:]
	}
	return nil
}
