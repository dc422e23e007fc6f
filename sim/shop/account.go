package shop

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	errCredentials = errors.New("wrong email or password")
	errTaken       = errors.New("there is an account with this email already")
	errInvalid     = errors.New("please fill in every field")
	errNotFound    = errors.New("not found")
	errSignIn      = errors.New("please sign in first")
)

const minPassword = 8

// customer is one account. A demo shop keeps salted SHA-256; a real one would not.
type customer struct {
	id, email, name, phone string
	secret                 [32]byte
	orders                 []string
}

// visit is what belongs to one session cookie or bearer token.
type visit struct {
	customer *customer
	cart     []line
	promo    string
	gift     string
	seen     time.Time
}

type line struct {
	sku      string
	quantity int
}

func folded(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func digest(email, password string) [32]byte {
	return sha256.Sum256([]byte("shop\x00" + email + "\x00" + password))
}

// newToken cannot be guessed: sessions are not part of what the seed decides.
func newToken() string {
	var raw [18]byte
	_, _ = rand.Read(raw[:]) // never fails, by its documentation
	return hex.EncodeToString(raw[:])
}

// addCustomer must be called with mu held, or before the store is shared.
func (s *store) addCustomer(email, name, phone, password string) *customer {
	s.serial++
	c := &customer{id: fmt.Sprintf("C-%06d", 100000+s.serial), email: folded(email), name: name, phone: phone}
	c.secret = digest(c.email, password)
	s.customers.put(c.email, c)
	return c
}

func (s *store) login(email, password string) (*customer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	email = folded(email)
	c, _ := s.customers.find(email)
	given := digest(email, password)
	if c == nil || subtle.ConstantTimeCompare(given[:], c.secret[:]) != 1 {
		return nil, errCredentials
	}
	return c, nil
}

func (s *store) signup(email, name, phone, password string) (*customer, error) {
	if !strings.Contains(email, "@") || strings.TrimSpace(name) == "" || len(password) < minPassword || len(email) > 200 || len(name) > 200 {
		return nil, errInvalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, known := s.customers.find(folded(email)); known && c != nil {
		return nil, errTaken
	}
	return s.addCustomer(email, name, phone, password), nil
}

// forgot puts a reset token into the outbox when the account exists; it tells nobody whether it does.
func (s *store) forgot(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	email = folded(email)
	if c, _ := s.customers.find(email); c != nil {
		token := newToken()
		s.outbox.put(email, token)
		s.resets.put(token, email)
	}
}

func (s *store) reset(token, password string) (*customer, error) {
	if len(password) < minPassword {
		return nil, errInvalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	email, _ := s.resets.find(token)
	c, _ := s.customers.find(email)
	if email == "" || c == nil {
		return nil, errors.New("this link has been used or is too old")
	}
	s.resets.blank(token)
	s.outbox.blank(email)
	c.secret = digest(c.email, password)
	return c, nil
}

// updateProfile changes what is given.
func (s *store) updateProfile(c *customer, name, phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name = strings.TrimSpace(name); name != "" && len(name) <= 200 {
		c.name = name
	}
	if phone = strings.TrimSpace(phone); phone != "" && len(phone) <= 40 {
		c.phone = phone
	}
}

// open starts a visit under a new token, keeping the cart of the one before.
func (s *store) open(before *visit, c *customer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &visit{customer: c, seen: s.clock()}
	if before != nil {
		v.cart, v.promo, v.gift = before.cart, before.promo, before.gift
	}
	token := newToken()
	s.visits.put(token, v)
	return token
}

// close ends the visit of a token.
func (s *store) close(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visits.blank(token)
}

// visitOf is nil when the token leads nowhere.
func (s *store) visitOf(token string) *visit {
	if token == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, _ := s.visits.find(token)
	if v != nil {
		v.seen = s.clock()
	}
	return v
}

func (s *store) nameOf(c *customer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.name
}
