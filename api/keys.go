package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// keySize is in bytes: HS256 asks for at least as many as the hash has (RFC 7518, section 3.2).
	keySize = 32
	// keysKept bounds the file: a key beyond it is the oldest, whatever it signed.
	keysKept = 16
	// keyFileMost bounds what is read of the file, in bytes.
	keyFileMost = 64 << 10
)

// Sealing encrypts what must not lie about in clear. Both functions may be nil: then it lies in a file that only its owner may read.
type Sealing struct {
	Seal, Open func([]byte) ([]byte, error)
}

// Keys sign and check our own tokens: HMAC-SHA256 keys, each with an id. The newest signs; the others check what they signed.
type Keys struct {
	path    string
	sealing Sealing

	mu    sync.RWMutex
	file  keyFile
	stamp time.Time // of the file when it was read
}

// keyFile is the file's JSON, the newest key first.
type keyFile struct {
	Keys []signingKey `json:"keys"`
	// Digest keys the digests of bodies under idempotency keys. A plain digest would let whoever reads the store guess the digits of a
	// card number: all else of the body stands beside it.
	Digest []byte `json:"digest"`
}

type signingKey struct {
	ID      string    `json:"kid"`
	Secret  []byte    `json:"secret"`
	Created time.Time `json:"created_at"`
}

// KeyInfo is what may be told of a key.
type KeyInfo struct {
	ID      string    `json:"kid"`
	Created time.Time `json:"created_at"`
	// Signs says that new tokens are signed with it.
	Signs bool `json:"signs"`
}

var errKeyFile = errors.New("the file of signing keys cannot be understood")

// OpenKeys reads the keys of a file, and makes it with a first key where there is none.
func OpenKeys(path string, sealing Sealing, now time.Time) (*Keys, error) {
	k := &Keys{path: path, sealing: sealing}
	err := k.read()
	if errors.Is(err, fs.ErrNotExist) {
		k.file.Digest, err = randomBytes()
		if err != nil {
			return nil, err
		}
		return k, k.Rotate(now)
	}
	if err != nil {
		return nil, err
	}
	return k, nil
}

func randomBytes() ([]byte, error) {
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return secret, nil
}

// Rotate makes a new key, which signs from now on. The older ones go on checking what they signed.
func (k *Keys) Rotate(now time.Time) error {
	secret, err := randomBytes()
	if err != nil {
		return err
	}
	digest := sha256.Sum256(append([]byte("wayguard signing key id\x00"), secret...))
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.file
	next.Keys = append([]signingKey{{ID: hex.EncodeToString(digest[:8]), Secret: secret, Created: now.UTC().Truncate(time.Second)}}, k.file.Keys...)
	if len(next.Keys) > keysKept {
		next.Keys = next.Keys[:keysKept]
	}
	return k.write(next)
}

// Infos tells of the keys, the newest first; their secrets stay here.
func (k *Keys) Infos() []KeyInfo {
	k.mu.RLock()
	defer k.mu.RUnlock()
	infos := make([]KeyInfo, len(k.file.Keys))
	for i, key := range k.file.Keys {
		infos[i] = KeyInfo{ID: key.ID, Created: key.Created, Signs: i == 0}
	}
	return infos
}

// tend reads the file again where another process changed it, rotates where the newest key is older than life, and forgets keys whose
// last tokens have run out.
func (k *Keys) tend(now time.Time, life, tokenLife time.Duration) error {
	if err := k.reread(); err != nil {
		return err
	}
	if now.Sub(k.signing().Created) > life {
		if err := k.Rotate(now); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	// A key's last token was signed when the next one came.
	for i := 1; i < len(k.file.Keys); i++ {
		if now.Sub(k.file.Keys[i-1].Created) > tokenLife+2*leeway {
			next := k.file
			next.Keys = slices.Clone(k.file.Keys[:i])
			return k.write(next)
		}
	}
	return nil
}

func (k *Keys) reread() error {
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("look at the signing keys: %w", err)
	}
	k.mu.RLock()
	same := info.ModTime().Equal(k.stamp)
	k.mu.RUnlock()
	if same {
		return nil
	}
	return k.read()
}

func (k *Keys) signing() signingKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.file.Keys[0]
}

func (k *Keys) find(id string) (signingKey, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, key := range k.file.Keys {
		if key.ID == id {
			return key, true
		}
	}
	return signingKey{}, false
}

// digest is of a body, for comparing only; without the key nothing can be guessed from it.
func (k *Keys) digest(parts ...[]byte) string {
	k.mu.RLock()
	key := k.file.Digest
	k.mu.RUnlock()
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(part)
		mac.Write([]byte{0})
	}
	return hex.EncodeToString(mac.Sum(nil))
}

func (k *Keys) read() error {
	data, err := os.ReadFile(k.path)
	if err != nil {
		return fmt.Errorf("read the signing keys: %w", err)
	}
	if len(data) > keyFileMost {
		return errKeyFile
	}
	if k.sealing.Open != nil {
		if data, err = k.sealing.Open(data); err != nil {
			return fmt.Errorf("open the signing keys: %w", err)
		}
	}
	var file keyFile
	if err := json.Unmarshal(data, &file); err != nil {
		return errKeyFile // its own error could tell a part of a key
	}
	if len(file.Keys) == 0 || len(file.Digest) < keySize {
		return errKeyFile
	}
	for _, key := range file.Keys {
		if len(key.Secret) < keySize || key.ID == "" {
			return errKeyFile
		}
	}
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("look at the signing keys: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.file, k.stamp = file, info.ModTime()
	return nil
}

// write replaces the file whole and takes what it holds; the lock is held. What cannot be written is not used: it would be lost.
func (k *Keys) write(next keyFile) error {
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("write the signing keys: %w", err)
	}
	if k.sealing.Seal != nil {
		if data, err = k.sealing.Seal(data); err != nil {
			return fmt.Errorf("seal the signing keys: %w", err)
		}
	}
	if err := replaceFile(k.path, data); err != nil {
		return fmt.Errorf("write the signing keys: %w", err)
	}
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("look at the signing keys: %w", err)
	}
	k.file, k.stamp = next, info.ModTime()
	return nil
}

// replaceFile writes beside the file and renames, so that a crash leaves the old one or the new one. os.CreateTemp makes files that
// only their owner may read.
func replaceFile(path string, data []byte) error {
	beside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = beside.Write(data)
	if err == nil {
		err = beside.Sync()
	}
	err = errors.Join(err, beside.Close())
	if err == nil {
		err = os.Rename(beside.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	return nil
}
