package hub

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The cost of a password check: argon2id with the least OWASP recommends, so that two cores still answer a few logins
// a second. A hash carries its own parameters; raising these does not lock anyone out.
const (
	argonMemory  = 19 << 10 // KiB
	argonPasses  = 2
	argonThreads = 1
	argonSalt    = 16 // bytes
	argonKey     = 32 // bytes

	// hashesAtOnce bounds memory (19 MiB each), hashWait how long a login waits for its turn. People the Hub knows have
	// hashesKept of their own, so that a flood of strangers does not keep them out.
	hashesAtOnce = 2
	hashesKept   = 1
	hashWait     = 5 * time.Second
	// longestPassword is in bytes; nothing longer is ever hashed.
	longestPassword = 1024
)

var errForeignHash = errors.New("the stored password hash is not argon2id in PHC form")

// hasher makes and checks password hashes, a few at a time.
type hasher struct {
	slots, kept chan struct{}
	// memory is what new hashes cost, in KiB.
	memory uint32
}

func newHasher(memory uint32) *hasher {
	return &hasher{slots: make(chan struct{}, hashesAtOnce), kept: make(chan struct{}, hashesKept), memory: memory}
}

// hash returns a PHC string, such as "$argon2id$v=19$m=19456,t=2,p=1$salt$key".
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := turn(ctx, h.kept)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	key := argon2.IDKey(normalised(password), salt, argonPasses, h.memory, argonThreads, argonKey)
	return formatPHC(phc{memory: h.memory, passes: argonPasses, threads: argonThreads, salt: salt, key: key}), nil
}

// queue is where a password check waits for its turn.
func (h *hasher) queue(known bool) chan struct{} {
	if known {
		return h.kept
	}
	return h.slots
}

// verify says whether the password is the hash's. An empty hash is nobody's, and costs what a real one costs: an unknown
// user cannot be told from a known one by the clock.
func (h *hasher) verify(ctx context.Context, queue chan struct{}, hash, password string) (bool, error) {
	parsed, err := h.expected(hash)
	if err != nil {
		return false, err
	}
	leave, err := turn(ctx, queue)
	if err != nil {
		return false, err
	}
	defer leave()
	key := argon2.IDKey(normalised(password), parsed.salt, parsed.passes, parsed.memory, parsed.threads, uint32(len(parsed.key)))
	return subtle.ConstantTimeCompare(key, parsed.key) == 1 && hash != "", nil
}

// expected is what a password is compared with; for nobody's hash it is one that nothing fits, at the usual cost.
func (h *hasher) expected(hash string) (phc, error) {
	if hash == "" {
		return phc{memory: h.memory, passes: argonPasses, threads: argonThreads, salt: make([]byte, argonSalt), key: make([]byte, argonKey)}, nil
	}
	return parsePHC(hash)
}

func turn(ctx context.Context, queue chan struct{}) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, hashWait)
	defer cancel()
	return enter(ctx, queue, "logins")
}

// normalised makes the same password the same bytes, however a keyboard composes its letters (NIST SP 800-63B).
func normalised(password string) []byte { return norm.NFKC.Bytes([]byte(password)) }

type phc struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

func formatPHC(p phc) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads, encode(p.salt), encode(p.key))
}

// parsePHC reads a hash. Its bounds keep a tampered store from making one login cost gigabytes.
func parsePHC(text string) (phc, error) {
	var p phc
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errForeignHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil || n != 3 {
		return p, errForeignHash
	}
	if p.memory < 8 || p.memory > 256<<10 || p.passes < 1 || p.passes > 16 || p.threads < 1 || p.threads > 16 {
		return p, errForeignHash
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return p, errForeignHash
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(p.key) < 16 || len(p.key) > 64 {
		return p, errForeignHash
	}
	return p, nil
}
