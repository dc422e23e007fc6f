package mitigation

import (
	"net/netip"
	"strings"

	"wayguard/event"
	"wayguard/policy"
)

// subject is one of those whom a policy deals with.
type subject struct {
	scope policy.Scope
	// element is the kind of account, empty in the other scopes.
	element string
	key     string
}

// subjects are the ones that a request belongs to in one scope: several where it names several accounts.
type subjects struct {
	list [mostAccounts]subject
	n    int
}

// mostAccounts is how many accounts of one request are looked at.
const mostAccounts = 3

func (s *subjects) add(one subject) {
	if one.key != "" && len(one.key) <= longestKey-longestElement && s.n < len(s.list) {
		s.list[s.n] = one
		s.n++
	}
}

// all are those there are.
func (s *subjects) all() []subject { return s.list[:s.n] }

// longestElement is the longest of accountElements, and a colon.
const longestElement = len("account_id:")

// accountElements are the names of elements that name the visitor's own account, the surest first.
func accountElements() [3]string { return [3]string{"account_id", "username", "email"} }

// subjectsOf are those that an event belongs to in a scope. There is none in ScopeAccount where the request names no account, and
// in ScopeAddress where the address is not known. Texts are the event's own, whose memory may be used again: see keep.
func subjectsOf(scope policy.Scope, session *event.Session, e *event.Event) (s subjects) {
	switch scope {
	case policy.ScopeAccount:
		for _, name := range accountElements() {
			for i := range e.Elements {
				if e.Elements[i].Name == name {
					s.add(subject{scope: scope, element: name, key: e.Elements[i].Value})
				}
			}
		}
	case policy.ScopeAddress:
		s.add(subject{scope: scope, key: addressKey(e.Evidence.Address)})
	case policy.ScopePerson:
		// A person is at least a device.
		if session.Person != "" {
			s.add(subject{scope: scope, key: string(session.Person)})
			return s
		}
		return subjectsOf(policy.ScopeDevice, session, e)
	case policy.ScopeDevice:
		if session.Journey != "" {
			s.add(subject{scope: scope, key: string(session.Journey)})
			return s
		}
		return subjectsOf(policy.ScopeSession, session, e)
	default:
		s.add(subject{scope: policy.ScopeSession, key: string(sessionKey(session, e))})
	}
	return s
}

// sessionKey is the session's id; an event without a session is one by itself.
func sessionKey(session *event.Session, e *event.Event) event.ID {
	if session.ID == "" {
		return e.ID
	}
	return session.ID
}

// addressKey is the address itself in IPv4, and in IPv6 the /64 network: one household or machine has all of it.
func addressKey(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	if address.Is4() {
		return text
	}
	if address = address.Unmap(); address.Is4() {
		return address.String()
	}
	network, err := address.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}

// keep is the subject in memory of its own.
func (s subject) keep() subject {
	return subject{scope: s.scope, element: strings.Clone(s.element), key: strings.Clone(s.key)}
}
