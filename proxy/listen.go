package proxy

import (
	"net"

	"wayguard/listen"
)

// Listen opens the configured addresses, all or none. Connections wait until Serve.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doors != nil {
		return nil
	}
	doors, err := listen.Open(s.config.Listen, listen.Deps{Log: s.log, Inherited: s.inherited})
	if err != nil {
		return err
	}
	s.doors = doors
	s.wire.challenge = doors.Challenge
	return nil
}

// Doors are what is listened on; nil before Listen or Serve. The caller may hand them over to another process.
func (s *Server) Doors() *listen.Doors {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doors
}

// Addresses are the addresses listened on, in the order of the configuration; none before Listen or Serve.
func (s *Server) Addresses() []net.Addr {
	doors := s.Doors()
	if doors == nil {
		return nil
	}
	return doors.Addresses()
}
