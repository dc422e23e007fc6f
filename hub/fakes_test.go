package hub

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"wayguard/access"
	"wayguard/event"
	"wayguard/search"
)

var errAbsent = errors.New("absent")

// badQuestion is a warehouse's error about the question.
type badQuestion struct{}

func (badQuestion) Error() string { return "bad query" }

func (badQuestion) BadQuery() (field, message string) { return "filters[0].min", "is no such thing" }

// fakeWarehouse answers with samples, or with err; it remembers what it was asked.
type fakeWarehouse struct {
	mu    sync.Mutex
	err   error
	asked []search.Query
	// rows are what Each gives, in order; failAfter makes it fail after so many, when it is positive.
	rows      []search.Session
	failAfter int
	// during runs inside Each before every row.
	during func(ctx context.Context, row int)
}

func (f *fakeWarehouse) ask(q search.Query) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, q)
	return f.err
}

func (f *fakeWarehouse) last() search.Query {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[len(f.asked)-1]
}

func (f *fakeWarehouse) Search(_ context.Context, q search.Query) (search.Page, error) {
	if err := f.ask(q); err != nil {
		return search.Page{}, err
	}
	if q.Environment != sampleEnvironment {
		return search.Page{}, nil
	}
	return samplePage(), nil
}

func (f *fakeWarehouse) Story(_ context.Context, env event.Environment, session event.ID) (search.Story, error) {
	if err := f.ask(search.Query{Environment: env, Values: []string{string(session)}}); err != nil {
		return search.Story{}, err
	}
	if story := sampleStory(); env == sampleEnvironment && session == story.Session.ID {
		return story, nil
	}
	return search.Story{}, errAbsent
}

func (f *fakeWarehouse) Totals(_ context.Context, env event.Environment, from, to time.Time) (search.Totals, error) {
	if err := f.ask(search.Query{Environment: env, From: from, To: to}); err != nil {
		return search.Totals{}, err
	}
	return sampleTotals(), nil
}

func (f *fakeWarehouse) Each(ctx context.Context, q search.Query, each func(search.Session) error) error {
	if err := f.ask(q); err != nil {
		return err
	}
	for i, row := range f.rows {
		if f.failAfter > 0 && i == f.failAfter {
			return errors.New("disk on fire")
		}
		if f.during != nil {
			f.during(ctx, i)
		}
		if err := each(row); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// fakeStore keeps users, logins and audit in memory; err makes every method fail.
type fakeStore struct {
	mu       sync.Mutex
	err      error
	people   map[event.ID]access.User
	live     map[string]access.Login
	entries  []access.AuditEntry
	auditErr error
}

func newFakeStore() *fakeStore {
	return &fakeStore{people: map[event.ID]access.User{}, live: map[string]access.Login{}}
}

func (s *fakeStore) CreateUser(ctx context.Context, user access.User) error {
	return s.UpdateUser(ctx, user)
}

func (s *fakeStore) UserByEmail(_ context.Context, email string) (access.User, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, user := range s.people {
		if strings.EqualFold(user.Email, email) {
			return user, true, s.err
		}
	}
	return access.User{}, false, s.err
}

func (s *fakeStore) User(_ context.Context, id event.ID) (access.User, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, found := s.people[id]
	return user, found, s.err
}

func (s *fakeStore) Users(context.Context) ([]access.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []access.User
	for _, user := range s.people {
		all = append(all, user)
	}
	slices.SortFunc(all, func(a, b access.User) int { return strings.Compare(a.Email, b.Email) })
	return all, s.err
}

func (s *fakeStore) UpdateUser(_ context.Context, user access.User) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[user.ID] = user
	return s.err
}

func (s *fakeStore) SetPassword(_ context.Context, id event.ID, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.people[id]
	user.PasswordHash = hash
	s.people[id] = user
	return s.err
}

func (s *fakeStore) CreateLogin(_ context.Context, login access.Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[login.TokenHash] = login
	return s.err
}

func (s *fakeStore) LoginByTokenHash(_ context.Context, hash string) (access.Login, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	login, found := s.live[hash]
	return login, found, s.err
}

func (s *fakeStore) ExtendLogin(_ context.Context, hash string, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	login, found := s.live[hash]
	if !found {
		return errAbsent
	}
	login.Expires = expires
	s.live[hash] = login
	return s.err
}

func (s *fakeStore) DeleteLogin(_ context.Context, hash string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, hash)
	return s.err
}

func (s *fakeStore) DeleteLoginsOf(ctx context.Context, user event.ID) error {
	return s.DeleteOtherLogins(ctx, user, "")
}

func (s *fakeStore) DeleteOtherLogins(_ context.Context, user event.ID, keep string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, login := range s.live {
		if login.User == user && hash != keep {
			delete(s.live, hash)
		}
	}
	return s.err
}

func (s *fakeStore) DeleteExpiredLogins(_ context.Context, now time.Time) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	removed := int64(0)
	for hash, login := range s.live {
		if !login.Expires.After(now) {
			delete(s.live, hash)
			removed++
		}
	}
	return removed, s.err
}

func (s *fakeStore) AppendAudit(_ context.Context, entry access.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auditErr != nil {
		return s.auditErr
	}
	s.entries = append(s.entries, entry)
	return s.err
}

func (s *fakeStore) Audit(_ context.Context, env event.Environment, limit int) ([]access.AuditEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []access.AuditEntry
	for i := len(s.entries) - 1; i >= 0 && len(found) < limit; i-- {
		if s.entries[i].Environment == env {
			found = append(found, s.entries[i])
		}
	}
	return found, s.err
}

func (s *fakeStore) actions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var actions []string
	for _, entry := range s.entries {
		actions = append(actions, string(entry.Environment)+" "+entry.Actor+" "+entry.Action)
	}
	return actions
}
