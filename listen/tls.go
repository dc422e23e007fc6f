package listen

import (
	"crypto/tls"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/acme"

	"wayguard/fingerprint"
)

// ChallengeProtocol is the application protocol of an ACME authority that proves a domain. A connection that has
// negotiated it has done its work with the handshake and is to be closed.
const ChallengeProtocol = acme.ALPNProto

// The application protocols offered to visitors.
const (
	protocolHTTP1 = "http/1.1"
	protocolHTTP2 = "h2"
)

// Hello is implemented by connections given to tls.Server that want to know the client's hello, for its fingerprint.
type Hello interface {
	// KeepHello is called once, during the handshake. The lists are its to keep.
	KeepHello(hello fingerprint.Hello)
}

// handshakes makes the configuration of one door's handshakes.
type handshakes struct {
	ring      *keyring
	base      *tls.Config
	challenge *tls.Config
	changed   atomic.Pointer[tls.Config] // base with authorities of client certificates read later
}

// config is the TLS configuration of a door.
func (k *keyring) config(door Config) *tls.Config {
	h := &handshakes{ring: k}
	protocols := []string{protocolHTTP2, protocolHTTP1}
	if !door.SpeaksHTTP2() {
		protocols = protocols[1:]
	}
	version := uint16(tls.VersionTLS12)
	if k.settings.MinVersion == MinVersion13 {
		version = tls.VersionTLS13
	}
	h.base = &tls.Config{
		MinVersion: version, NextProtos: protocols, GetCertificate: k.certificate, GetConfigForClient: h.forClient,
	}
	if k.clients != nil {
		h.base.ClientCAs = k.clients.pool.Load()
		h.base.ClientAuth = tls.RequireAndVerifyClientCert
		if k.settings.ClientCertificate == ClientCertificateOptional {
			h.base.ClientAuth = tls.VerifyClientCertIfGiven
		}
	}
	if k.authority != nil {
		h.challenge = &tls.Config{
			MinVersion: tls.VersionTLS12, NextProtos: []string{ChallengeProtocol}, GetCertificate: k.authority.token,
			SessionTicketsDisabled: true,
		}
	}
	return h.base
}

// forClient tells the connection its hello and gives a configuration of its own to an ACME authority and after the
// authorities of client certificates have changed; nil is the door's.
func (h *handshakes) forClient(info *tls.ClientHelloInfo) (*tls.Config, error) {
	if keeper, ok := info.Conn.(Hello); ok {
		keeper.KeepHello(HelloOf(info, false))
	}
	if h.challenge != nil && len(info.SupportedProtos) == 1 && info.SupportedProtos[0] == ChallengeProtocol {
		return h.challenge, nil
	}
	if h.ring.clients == nil {
		return nil, nil
	}
	pool := h.ring.clients.pool.Load()
	if pool == h.base.ClientCAs {
		return nil, nil
	}
	current := h.changed.Load()
	if current == nil || current.ClientCAs != pool {
		current = h.base.Clone()
		current.ClientCAs, current.GetConfigForClient = pool, nil
		h.changed.Store(current)
	}
	return current, nil
}

// HelloOf takes from a hello what its fingerprint needs, without copying the lists of numbers that can be shared. quic
// says that it came inside QUIC, where the connection is not one that could implement Hello.
func HelloOf(info *tls.ClientHelloInfo, quic bool) fingerprint.Hello {
	hello := fingerprint.Hello{
		Ciphers: info.CipherSuites, Extensions: info.Extensions, ALPN: info.SupportedProtos, QUIC: quic,
		ServerName: slices.Contains(info.Extensions, 0),
		Curves:     numbers(info.SupportedCurves), SignatureSchemes: numbers(info.SignatureSchemes),
	}
	for _, version := range info.SupportedVersions {
		// GREASE looks like a version from the future; real ones of TLS are below 0x0400 for as long as TLS 1.x lasts.
		if version < 0x0400 {
			hello.Version = max(hello.Version, version)
		}
	}
	return hello
}

func numbers[T ~uint16](values []T) []uint16 {
	if len(values) == 0 {
		return nil
	}
	out := make([]uint16, len(values))
	for i, v := range values {
		out[i] = uint16(v)
	}
	return out
}
