package agent

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// Tag is what the signatures of Web Bot Auth say they are for.
const Tag = "web-bot-auth"

// WellKnown is the path of a directory of keys on its owner's host.
const WellKnown = "/.well-known/http-message-signatures-directory"

// Why a signature proves nothing. The texts are few fixed words, fit for a counter's label.
var (
	// ErrAbsent: there is no signature of Web Bot Auth.
	ErrAbsent    = errors.New("absent")
	ErrMalformed = errors.New("malformed")
	// ErrCoverage: the signature covers too little, or what cannot be rebuilt here.
	ErrCoverage = errors.New("coverage")
	// ErrAlgorithm: it is of another kind than Ed25519.
	ErrAlgorithm = errors.New("algorithm")
	// ErrWindow: it is valid for longer than is allowed.
	ErrWindow   = errors.New("window")
	ErrKey      = errors.New("key")
	ErrNotYet   = errors.New("not_yet")
	ErrExpired  = errors.New("expired")
	ErrForged   = errors.New("forged")
	ErrReplayed = errors.New("replayed")
)

// Refutes says whether an error shows that a claim is false. The others only say that it cannot be told.
func Refutes(err error) bool {
	return errors.Is(err, ErrForged) || errors.Is(err, ErrExpired) || errors.Is(err, ErrNotYet) || errors.Is(err, ErrReplayed) || errors.Is(err, ErrKey)
}

// The bounds of a claim.
const (
	mostClaims       = 4
	longestText      = 256
	longestDirectory = 512
	// latest is a time far away, in seconds since 1970.
	latest = int64(1) << 40
)

// Claim is what one signature says of itself. Its texts share the memory of the request.
type Claim struct {
	Label string
	// KeyID is the thumbprint of the signer's key.
	KeyID string
	// Directory is where the request says that the signer publishes his keys, as Canonical has it; empty where it does not.
	Directory        string
	Created, Expires time.Time
	// Nonce makes the signature good for once; empty where there is none.
	Nonce string

	list      httpsfv.InnerList
	signature []byte
	// covered is nil when the signature covers what it must.
	covered error
}

// Read finds the signatures of Web Bot Auth in a request, in their order and not more than four. It checks none of them.
func Read(r *Request) ([]Claim, error) {
	lines := r.lines("signature-input")
	if len(lines) == 0 {
		return nil, ErrAbsent
	}
	inputs, err := dictionary(lines)
	if err != nil {
		return nil, err
	}
	var signatures *httpsfv.Dictionary
	var claims []Claim
	for _, label := range inputs.Names() {
		found, _ := inputs.Get(label)
		list, isList := found.(httpsfv.InnerList)
		if !isList {
			return nil, ErrMalformed
		}
		if tag, _ := text(list.Params, "tag"); tag != Tag || len(claims) == mostClaims {
			continue
		}
		if signatures == nil {
			if signatures, err = dictionary(r.lines("signature")); err != nil {
				return nil, err
			}
		}
		claim, err := r.claim(label, list, signatures)
		if err != nil {
			return nil, err
		}
		claims = append(claims, claim)
	}
	if len(claims) == 0 {
		return nil, ErrAbsent
	}
	return claims, nil
}

func (r *Request) claim(label string, list httpsfv.InnerList, signatures *httpsfv.Dictionary) (Claim, error) {
	c := Claim{Label: label, list: list}
	found, _ := signatures.Get(label)
	item, isItem := found.(httpsfv.Item)
	signature, isBytes := item.Value.([]byte)
	created, hasCreated := whole(list.Params, "created")
	expires, hasExpires := whole(list.Params, "expires")
	id, hasID := text(list.Params, "keyid")
	nonce, hasNonce := text(list.Params, "nonce")
	switch _, given := list.Params.Get("nonce"); {
	case !isItem, !isBytes, !hasCreated, !hasExpires, !hasID, given != hasNonce:
		return c, ErrMalformed
	case created < 0, expires < created, expires > latest, id == "", len(id) > longestText, len(nonce) > longestText, len(list.Items) > mostComponents:
		return c, ErrMalformed
	}
	c.KeyID, c.Nonce, c.signature = id, nonce, signature
	c.Created, c.Expires = time.Unix(created, 0), time.Unix(expires, 0)
	if !c.names("@authority") && !c.names("@target-uri") {
		c.covered = ErrCoverage
	}
	r.signer(&c)
	return c, nil
}

// names says whether the signature covers a component, as a whole.
func (c *Claim) names(component string) bool {
	for _, item := range c.list.Items {
		if name, _ := item.Value.(string); name == component && len(item.Params.Names()) == 0 {
			return true
		}
	}
	return false
}

// signer reads who the request says has signed: Signature-Agent as a dictionary, or as one text as earlier drafts had it.
func (r *Request) signer(c *Claim) {
	lines, ok := bounded(r.lines("signature-agent"))
	if !ok {
		c.covered = ErrCoverage
		return
	}
	if len(lines) == 0 {
		return
	}
	if item, err := httpsfv.UnmarshalItem(lines); err == nil {
		c.points(item, c.names("signature-agent"))
		return
	}
	agents, err := dictionary(lines)
	if err != nil {
		c.points(httpsfv.Item{}, c.names("signature-agent"))
		return
	}
	key, covered := c.agentKey(agents)
	found, _ := agents.Get(key)
	item, _ := found.(httpsfv.Item)
	c.points(item, covered)
}

// agentKey is the member of Signature-Agent that is the signature's: the one of its label where it covers that, or the first
// that it covers.
func (c *Claim) agentKey(agents *httpsfv.Dictionary) (key string, covered bool) {
	for _, item := range c.list.Items {
		name, _ := item.Value.(string)
		one, keyed := text(item.Params, "key")
		if _, there := agents.Get(one); name != "signature-agent" || !keyed || !there {
			continue
		}
		if !covered || one == c.Label {
			key, covered = one, true
		}
	}
	if covered {
		return key, true
	}
	if _, there := agents.Get(c.Label); there || len(agents.Names()) != 1 {
		return c.Label, c.names("signature-agent")
	}
	return agents.Names()[0], c.names("signature-agent")
}

// points notes where the signer's keys are.
func (c *Claim) points(item httpsfv.Item, covered bool) {
	if address, isText := item.Value.(string); isText {
		c.Directory, _ = Canonical(address)
	}
	if !covered {
		c.covered = ErrCoverage
	}
}

// Canonical is an address of a directory in the one form by which addresses are compared: https, the host in lower case, no
// port that goes without saying, and no path where it is the well-known one.
func Canonical(address string) (string, bool) {
	if len(address) > longestDirectory || !plain(address) {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return "", false
	}
	canonical := "https://" + strings.ToLower(strings.TrimSuffix(u.Host, ":443"))
	if path := u.EscapedPath(); path != "" && path != "/" && path != WellKnown {
		canonical += path
	}
	if u.RawQuery != "" {
		canonical += "?" + u.RawQuery
	}
	return canonical, true
}

// Address is where a directory with a canonical address is fetched.
func Address(canonical string) string {
	if strings.Count(canonical, "/") > 2 {
		return canonical
	}
	host, query, _ := strings.Cut(canonical, "?")
	if query != "" {
		query = "?" + query
	}
	return host + WellKnown + query
}
