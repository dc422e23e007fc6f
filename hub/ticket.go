package hub

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"wayguard/event"
	"wayguard/search"
)

const (
	// ticketLife is long enough for a browser to follow the answer, and short enough that a ticket in a log is worthless.
	ticketLife = time.Minute
	// ticketsEach and ticketsInAll bound the tickets of one login and of the Hub.
	ticketsEach  = 20
	ticketsInAll = 1000
)

// tickets stand for searches that are about to be exported. A browser can only save a download to disk by following an
// address, and what was searched for must not stand in one: so the search is posted, and the address has a ticket.
type tickets struct {
	mu    sync.Mutex
	byKey map[string]ticket
}

type ticket struct {
	query search.Query
	// login is the token hash of the login it was made for; no other can use it.
	login   string
	expires time.Time
}

func newTickets() *tickets { return &tickets{byKey: map[string]ticket{}} }

// issue makes a ticket; false means that too many are waiting to be used.
func (t *tickets) issue(q search.Query, login string, now time.Time) (token string, ok bool, err error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", false, fmt.Errorf("make a ticket: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := 0
	for key, waiting := range t.byKey {
		switch {
		case !now.Before(waiting.expires):
			delete(t.byKey, key)
		case waiting.login == login:
			mine++
		}
	}
	if mine >= ticketsEach || len(t.byKey) >= ticketsInAll {
		return "", false, nil
	}
	token = hex.EncodeToString(random[:])
	t.byKey[tokenHash(token)] = ticket{query: q, login: login, expires: now.Add(ticketLife)}
	return token, true, nil
}

// environment tells what a ticket is about, without using it.
func (t *tickets) environment(token string, now time.Time) (event.Environment, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, there := t.byKey[tokenHash(token)]
	return waiting.query.Environment, there && now.Before(waiting.expires)
}

// redeem uses a ticket up. One made for another login stays as it is.
func (t *tickets) redeem(token, login string, now time.Time) (search.Query, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := tokenHash(token)
	waiting, there := t.byKey[key]
	if !there || waiting.login != login {
		return search.Query{}, false
	}
	delete(t.byKey, key)
	return waiting.query, now.Before(waiting.expires)
}

func noSuchTicket() *problem {
	return &problem{status: http.StatusNotFound, code: "no_such_ticket", message: "the ticket was used, has expired, or is somebody else's"}
}

// prepareExport answers POST /exports: a ticket with which GET /sessions.csv gives every session that matches.
func (h *Hub) prepareExport(w http.ResponseWriter, r *http.Request, who visitor) error {
	q, err := h.parseQuery(who.body, who.env)
	if err != nil {
		return err
	}
	q.Limit, q.Offset = 0, 0
	token, ok, err := h.tickets.issue(q, who.login.TokenHash, h.deps.Now())
	if err != nil {
		return err
	}
	if !ok {
		return busy("exports")
	}
	h.writeJSON(w, r, http.StatusCreated, exportTicket{Ticket: token, ExpiresIn: ticketLife.Seconds()})
	return nil
}
