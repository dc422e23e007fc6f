package site

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wayguard/document"
	"wayguard/http1"
	"wayguard/sidechain"
)

// The names that RFC 9421 gives the headers, and RFC 8586 the one against loops.
const (
	defaultInputHeader     = "Signature-Input"
	defaultSignatureHeader = "Signature"
	loopHeader             = "CDN-Loop"
)

// mostSidechainKeys bounds the keys of a site.
const mostSidechainKeys = 8

// sidechainUse is a site's compiled sidechain.
type sidechainUse struct {
	signer           *sidechain.Signer
	verifier         *sidechain.Verifier
	input, signature string
	loopID           string
	// drop also takes signatures away that claim to be ours.
	drop func(name string) bool
}

func (c *compiler) sidechain(config *Config, s *site) {
	given := config.Sidechain
	place(&given.At, config.At.Child("sidechain"))
	if !given.On {
		return
	}
	if s.mode == Mirror {
		c.tell(given.At.Problem("on", "a site in mirror mode forwards nothing that could be signed", ""))
	}
	// The signature is about the Host that the CDN will see, so it must be known here.
	s.keepHost = s.keepHost || s.host == ""
	use := &sidechainUse{
		input:     c.sidechainHeader(given.At, "input_header", given.InputHeader, defaultInputHeader),
		signature: c.sidechainHeader(given.At, "signature_header", given.SignatureHeader, defaultSignatureHeader),
		loopID:    given.LoopID,
	}
	if use.loopID == "" {
		use.loopID = sidechain.DefaultWord
	}
	if !wellFormed(use.loopID) {
		c.tell(given.At.Problem("loop_id", "must be a word or a host name in lower case", ""))
	}
	names := append(s.controls.names(), use.input, use.signature)
	for i, name := range names {
		for _, other := range names[:i] {
			if sameName(name, other) {
				c.tell(given.At.Problem("", fmt.Sprintf("the header %q has two meanings", name), "choose another name"))
			}
		}
	}
	use.drop = dropper(names)
	c.sidechainKeys(given, use)
	if use.signer != nil && use.verifier != nil {
		s.sidechain = use
	}
}

func (c *compiler) sidechainHeader(at document.Mark, path, name, otherwise string) string {
	if equalFold(name, otherwise) {
		return name
	}
	return c.header(at, path, name, otherwise)
}

func (c *compiler) sidechainKeys(given SidechainConfig, use *sidechainUse) {
	settings := sidechain.Settings{Label: given.Label, Tag: given.Tag, Lifetime: given.Lifetime}
	for _, name := range given.Cover {
		settings.Cover = append(settings.Cover, strings.ToLower(name))
	}
	if len(given.Keys) == 0 || len(given.Keys) > mostSidechainKeys {
		c.tell(given.At.Problem("keys", fmt.Sprintf("1 to %d keys are needed", mostSidechainKeys), ""))
		return
	}
	var keys []sidechain.Key
	for i := range given.Keys {
		one := given.Keys[i]
		place(&one.At, given.At.Child(fmt.Sprintf("keys[%d]", i)))
		if key, ok := c.sidechainKey(one); ok {
			keys = append(keys, key)
		}
	}
	if len(keys) < len(given.Keys) {
		return
	}
	active := slices.IndexFunc(keys, func(k sidechain.Key) bool { return k.ID() == given.Active })
	if active < 0 && given.Active != "" {
		c.tell(given.At.Problem("active", fmt.Sprintf("no key has the id %q", given.Active), ""))
		return
	}
	var err error
	if use.signer, err = sidechain.NewSigner(keys[max(0, active)], settings); err != nil {
		c.tell(given.At.Problem("", err.Error(), ""))
		return
	}
	if use.verifier, err = sidechain.NewVerifier(keys, settings, nil); err != nil {
		c.tell(given.At.Problem("keys", err.Error(), ""))
	}
}

func (c *compiler) sidechainKey(config SidechainKeyConfig) (sidechain.Key, bool) {
	algorithm := sidechain.Algorithm(config.Algorithm)
	if algorithm == "" {
		algorithm = sidechain.Ed25519
	}
	if !slices.Contains(sidechain.Algorithms(), string(algorithm)) {
		c.tell(config.At.Problem("algorithm", fmt.Sprintf("no such algorithm %q", config.Algorithm),
			"known: "+strings.Join(sidechain.Algorithms(), ", ")))
		return sidechain.Key{}, false
	}
	if config.Secret == "" {
		c.tell(config.At.Problem("secret", "missing", "make one with: openssl rand -base64 32"))
		return sidechain.Key{}, false
	}
	key, err := sidechain.NewKey(config.ID, algorithm, config.Secret)
	if err != nil {
		path := "secret"
		if strings.Contains(err.Error(), "id must") {
			path = "id"
		}
		c.tell(config.At.Problem(path, err.Error(), ""))
		return sidechain.Key{}, false
	}
	return key, true
}

// message is the request as the CDN will see it. It holds the fields and not the request, which may then live on its
// caller's stack.
func message(r *Request, authority string) *sidechain.Message {
	fields := r.Fields
	return &sidechain.Message{Method: r.Method, Scheme: "https", Authority: authority, Path: r.Path, Query: r.Query,
		Field: func(name string) (string, bool) {
			lines := linesOf(fields, name)
			return strings.Join(lines, ", "), len(lines) > 0
		}}
}

func linesOf(fields []http1.Field, name string) []string {
	var lines []string
	for i := range fields {
		if equalFold(fields[i].Name, name) {
			lines = append(lines, fields[i].Value)
		}
	}
	return lines
}

// roundAgain says whether the request has been here: it carries a signature of ours, of whatever age, or our name in
// CDN-Loop. claimed says that it carries one that is not ours under our label, or one that nobody can read.
func (u *sidechainUse) roundAgain(r *Request, authority string) (again, claimed bool) {
	for i := range r.Fields {
		if equalFold(r.Fields[i].Name, loopHeader) && namesLoop(r.Fields[i].Value, u.loopID) {
			return true, false
		}
	}
	input, signature := linesOf(r.Fields, u.input), linesOf(r.Fields, u.signature)
	if len(input)+len(signature) == 0 {
		return false, false
	}
	if _, err := u.verifier.Authentic(message(r, authority), input, signature); err == nil {
		return true, false
	}
	return false, u.verifier.Claimed(input, signature)
}

// namesLoop looks for a name in a list of CDN-Loop, whose items may have parameters.
func namesLoop(list, id string) bool {
	for item := range strings.SplitSeq(list, ",") {
		name, _, _ := strings.Cut(item, ";")
		if equalFold(strings.Trim(name, " \t"), id) {
			return true
		}
	}
	return false
}

// sign is the headers that let the worker pass the request on.
func (u *sidechainUse) sign(r *Request, authority string, nonce [16]byte, now time.Time) ([]http1.Field, bool) {
	input, signature, ok := u.signer.Sign(message(r, authority), now, nonce)
	if !ok {
		return nil, false
	}
	return []http1.Field{{Name: u.input, Value: input}, {Name: u.signature, Value: signature}, {Name: loopHeader, Value: u.loopID}}, true
}
