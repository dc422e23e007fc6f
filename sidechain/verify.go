package sidechain

import (
	"errors"
	"slices"
	"time"

	"github.com/dunglas/httpsfv"
)

// Why a signature is not accepted. The texts are few fixed words, fit for a counter's label.
var (
	ErrAbsent     = errors.New("absent")
	ErrMalformed  = errors.New("malformed")
	ErrUnknownKey = errors.New("unknown_key")
	ErrCoverage   = errors.New("coverage")
	ErrForged     = errors.New("forged")
	ErrNotYet     = errors.New("not_yet")
	ErrExpired    = errors.New("expired")
	ErrReplayed   = errors.New("replayed")
)

// The bounds of what a request may bring.
const (
	mostBytes      = 8 << 10
	mostMembers    = 32
	mostComponents = 32
	shortestNonce  = 16
	longestNonce   = 128
)

// Seen remembers nonces. Add notes one that is to be remembered until a time and says whether it was new.
type Seen interface {
	Add(nonce string, until, now time.Time) bool
}

// Verifier checks signatures made with any of several keys, so that one may take over from another.
type Verifier struct {
	keys     map[string]Key
	settings Settings
	seen     Seen
}

// NewVerifier makes a verifier. Without a Seen a signature is good any number of times until it expires.
func NewVerifier(keys []Key, settings Settings, seen Seen) (*Verifier, error) {
	settings, err := settings.complete()
	if err != nil {
		return nil, err
	}
	index, err := byID(keys)
	if err != nil {
		return nil, err
	}
	return &Verifier{keys: index, settings: settings, seen: seen}, nil
}

// Proof is what a good signature says of itself.
type Proof struct {
	KeyID            string
	Created, Expires time.Time
	Nonce            string
}

// Verify checks the signature among the lines of Signature-Input and Signature that is ours by its label: who made it,
// that it covers enough, that it is valid now, and that it was not used before.
func (v *Verifier) Verify(m *Message, input, signature []string, now time.Time) (Proof, error) {
	proof, err := v.Authentic(m, input, signature)
	switch {
	case err != nil:
		return Proof{}, err
	case proof.Created.After(now.Add(v.settings.Skew)):
		return Proof{}, ErrNotYet
	case !now.Before(proof.Expires.Add(v.settings.Skew)):
		return Proof{}, ErrExpired
	case proof.Expires.Sub(proof.Created) > v.settings.Lifetime:
		return Proof{}, ErrExpired
	case v.seen != nil && !v.seen.Add(proof.KeyID+"\x00"+proof.Nonce, proof.Expires.Add(v.settings.Skew), now):
		return Proof{}, ErrReplayed
	}
	return proof, nil
}

// Authentic checks who made the signature and that it covers enough, but neither time nor repetition: an old signature
// of ours still says that the request has been here.
func (v *Verifier) Authentic(m *Message, input, signature []string) (Proof, error) {
	list, signed, err := v.ours(input, signature)
	if err != nil {
		return Proof{}, err
	}
	proof, key, err := v.parameters(list.Params)
	if err != nil {
		return Proof{}, err
	}
	base, err := v.base(m, list)
	if err != nil {
		return Proof{}, err
	}
	if !key.verify(base, signed) {
		return Proof{}, ErrForged
	}
	return proof, nil
}

// ours finds our member in both dictionaries.
func (v *Verifier) ours(input, signature []string) (httpsfv.InnerList, []byte, error) {
	var list httpsfv.InnerList
	if len(input) == 0 && len(signature) == 0 {
		return list, nil, ErrAbsent
	}
	inputs, err := dictionary(input)
	if err != nil {
		return list, nil, err
	}
	signatures, err := dictionary(signature)
	if err != nil {
		return list, nil, err
	}
	how, described := inputs.Get(v.settings.Label)
	what, given := signatures.Get(v.settings.Label)
	if !described && !given {
		return list, nil, ErrAbsent
	}
	list, isList := how.(httpsfv.InnerList)
	item, isItem := what.(httpsfv.Item)
	signed, isBytes := item.Value.([]byte)
	if !isList || !isItem || !isBytes || len(item.Params.Names()) > 0 {
		return list, nil, ErrMalformed
	}
	return list, signed, nil
}

// dictionary parses a header's lines as one dictionary (RFC 9651 section 3.2), within bounds.
func dictionary(lines []string) (*httpsfv.Dictionary, error) {
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if size > mostBytes || len(lines) > mostMembers {
		return nil, ErrMalformed
	}
	// Lines that are empty are no members, but the parser would read a comma too much.
	lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return line == "" })
	parsed, err := httpsfv.UnmarshalDictionary(lines)
	if err != nil || len(parsed.Names()) > mostMembers {
		return nil, ErrMalformed
	}
	return parsed, nil
}

// parameters reads what the signature says of itself, and finds its key.
func (v *Verifier) parameters(params *httpsfv.Params) (Proof, Key, error) {
	created, hasCreated := whole(params, "created")
	expires, hasExpires := whole(params, "expires")
	nonce, _ := text(params, "nonce")
	if !hasCreated || !hasExpires || expires < created || len(nonce) < shortestNonce || len(nonce) > longestNonce {
		return Proof{}, Key{}, ErrMalformed
	}
	if tag, _ := text(params, "tag"); tag != v.settings.Tag {
		return Proof{}, Key{}, ErrMalformed
	}
	id, _ := text(params, "keyid")
	key, known := v.keys[id]
	if !known {
		return Proof{}, Key{}, ErrUnknownKey
	}
	// The key says which algorithm it is for; a signature may repeat it but not choose it (RFC 9421 section 7.3.6).
	if _, named := params.Get("alg"); named {
		if algorithm, _ := text(params, "alg"); Algorithm(algorithm) != key.algorithm {
			return Proof{}, Key{}, ErrMalformed
		}
	}
	return Proof{KeyID: id, Created: time.Unix(created, 0), Expires: time.Unix(expires, 0), Nonce: nonce}, key, nil
}

// base rebuilds what was signed (RFC 9421 section 2.5) from the message as it came.
func (v *Verifier) base(m *Message, list httpsfv.InnerList) ([]byte, error) {
	if len(list.Items) > mostComponents {
		return nil, ErrMalformed
	}
	names := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		name, isText := item.Value.(string)
		// A component with parameters means something else than the plain one, and a repeated one is forbidden.
		if !isText || len(item.Params.Names()) > 0 || slices.Contains(names, name) {
			return nil, ErrMalformed
		}
		names = append(names, name)
	}
	if !v.covers(m, names) {
		return nil, ErrCoverage
	}
	base, err := baseOf(m, names)
	if err != nil {
		return nil, err
	}
	params, err := httpsfv.Marshal(list)
	if err != nil {
		return nil, ErrMalformed
	}
	return append(append(base, `"@signature-params": `...), params...), nil
}

func baseOf(m *Message, names []string) ([]byte, error) {
	base := make([]byte, 0, 512)
	for _, name := range names {
		var ok bool
		if base, ok = m.appendLine(base, name); !ok {
			return nil, ErrCoverage
		}
	}
	return base, nil
}

// covers says whether the signature says enough about the request: always the line of the request, and of the agreed
// headers those that it has.
func (v *Verifier) covers(m *Message, names []string) bool {
	for _, name := range requiredComponents() {
		if !slices.Contains(names, name) {
			return false
		}
	}
	for _, name := range v.settings.Cover {
		if _, present := m.component(name); present && !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// Claimed says whether the lines hold a signature under our label, or cannot be read at all. Such lines must not be
// passed on beside a signature of our own: one reader might take theirs for ours, another none for ours.
func (v *Verifier) Claimed(input, signature []string) bool {
	_, _, err := v.ours(input, signature)
	return !errors.Is(err, ErrAbsent)
}

func whole(params *httpsfv.Params, name string) (int64, bool) {
	value, _ := params.Get(name)
	number, ok := value.(int64)
	return number, ok
}

func text(params *httpsfv.Params, name string) (string, bool) {
	value, _ := params.Get(name)
	words, ok := value.(string)
	return words, ok
}
