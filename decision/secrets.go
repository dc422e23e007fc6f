package decision

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// The cost of checking a client's secret: argon2id with the least that OWASP recommends. Tokens live for half an hour, so that secrets
// are checked seldom.
const (
	argonMemory  = 19 << 10 // KiB
	argonPasses  = 2
	argonThreads = 1
	argonSalt    = 16 // bytes
	argonKey     = 32 // bytes
	// checksAtOnce bounds memory, checkWait how long a check waits for its turn.
	checksAtOnce = 2
	checkWait    = 5 * time.Second
	// longestSecret is in bytes; nothing longer is ever hashed.
	longestSecret = 256

	hashPrefix = "$argon2id$"
)

// secrets makes and checks secrets, a few at a time.
type secrets struct{ turns chan struct{} }

func newSecrets() *secrets { return &secrets{make(chan struct{}, checksAtOnce)} }

// newSecret is 256 random bits.
func newSecret() string {
	return base64.RawURLEncoding.EncodeToString(randomBytes(32))
}

// randomBytes never fails: crypto/rand ends the process where there is no randomness.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func (s *secrets) turn(ctx context.Context) (leave func(), err error) {
	wait, cancel := context.WithTimeout(ctx, checkWait)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		return func() { <-s.turns }, nil
	case <-wait.Done():
		return nil, fmt.Errorf("wait to check a secret: %w", wait.Err())
	}
}

// hash is a secret's argon2id in PHC string form.
func (s *secrets) hash(ctx context.Context, secret string) (string, error) {
	leave, err := s.turn(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := randomBytes(argonSalt)
	key := argon2.IDKey([]byte(secret), salt, argonPasses, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", hashPrefix, argon2.Version, argonMemory, argonPasses, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

var errForeignHash = errors.New("the stored hash of a client's secret is not argon2id in PHC form")

// phc is a hash in PHC string form, taken apart.
type phc struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

// parsePHC takes a hash apart. Its costs are bounded: a hash that somebody else wrote must not stop the house.
func parsePHC(hash string) (phc, error) {
	var p phc
	var version int
	parts := strings.Split(strings.TrimPrefix(hash, hashPrefix), "$")
	if len(parts) != 4 || !strings.HasPrefix(hash, hashPrefix) {
		return p, errForeignHash
	}
	if _, err := fmt.Sscanf(parts[0]+" "+parts[1], "v=%d m=%d,t=%d,p=%d", &version, &p.memory, &p.passes, &p.threads); err != nil || version != argon2.Version {
		return p, errForeignHash
	}
	if p.memory > 1<<20 || p.passes == 0 || p.passes > 16 || p.threads == 0 {
		return p, errForeignHash
	}
	var saltErr, keyErr error
	p.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[2])
	p.key, keyErr = base64.RawStdEncoding.DecodeString(parts[3])
	if saltErr != nil || keyErr != nil || len(p.key) < 16 {
		return p, errForeignHash
	}
	return p, nil
}

// verify compares. An empty hash is nobody's, and costs what a real one costs: an unknown client cannot be told by the clock.
func (s *secrets) verify(ctx context.Context, hash, secret string) (bool, error) {
	if len(secret) > longestSecret {
		return false, nil
	}
	want := phc{memory: argonMemory, passes: argonPasses, threads: argonThreads, salt: make([]byte, argonSalt), key: make([]byte, argonKey)}
	if hash != "" {
		var err error
		if want, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	key := argon2.IDKey([]byte(secret), want.salt, want.passes, want.memory, want.threads, uint32(len(want.key)))
	return subtle.ConstantTimeCompare(key, want.key) == 1 && hash != "", nil
}

// sealedKey is one key of a webhook; Until is when it stops signing, nil for the one in use.
type sealedKey struct {
	Key   string     `json:"key"`
	Until *time.Time `json:"until,omitempty"`
}

// keyLetters and keyLength make a webhook's key: 64 digits and capitals, about 330 bits.
const (
	keyLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	keyLength  = 64
	// keyShown letters of it are shown later.
	keyShown = 5
)

func newWebhookKey() string {
	key := make([]byte, keyLength)
	for i := range key {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(keyLetters))))
		if err != nil {
			panic("no randomness: " + err.Error()) // cannot happen, as in randomBytes
		}
		key[i] = keyLetters[n.Int64()]
	}
	return string(key)
}

func (s *Service) sealKeys(keys []sealedKey) ([]byte, error) {
	text, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	sealed, err := s.deps.Seal(text)
	if err != nil {
		return nil, fmt.Errorf("seal the key: %w", err)
	}
	return sealed, nil
}

func (s *Service) openKeys(sealed []byte) ([]sealedKey, error) {
	text, err := s.deps.Open(sealed)
	if err != nil {
		return nil, fmt.Errorf("open the key: %w", err)
	}
	var keys []sealedKey
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, errors.New("the opened key is damaged") // the error of the decoder could tell of its text
	}
	return keys, nil
}
