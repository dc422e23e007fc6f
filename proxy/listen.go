package proxy

import (
	"fmt"
	"net"
)

// listening is one open listener.
type listening struct {
	listener    net.Listener
	certificate *certificate // nil in clear
}

// Listen opens the configured addresses, all or none. Connections wait until Serve.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.listening) > 0 {
		return nil
	}
	var open []listening
	for _, config := range s.config.Listen {
		one, err := s.open(config)
		if err != nil {
			for _, before := range open {
				_ = before.listener.Close()
			}
			return err
		}
		open = append(open, one)
	}
	s.listening = open
	return nil
}

func (s *Server) open(config ListenConfig) (listening, error) {
	var one listening
	if config.TLS != nil {
		certificate, err := newCertificate(*config.TLS, s.log)
		if err != nil {
			return one, err
		}
		one.certificate = certificate
	}
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		return one, fmt.Errorf("listen on %s: %w", config.Address, err)
	}
	one.listener = listener
	return one, nil
}

// Addresses are the addresses listened on, in the order of the configuration; none before Listen or Serve.
func (s *Server) Addresses() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	addresses := make([]net.Addr, len(s.listening))
	for i, one := range s.listening {
		addresses[i] = one.listener.Addr()
	}
	return addresses
}
