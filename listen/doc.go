// Package listen is where visitors come in: the listeners, their certificates, who may say that it forwards for another,
// and the passing of all listeners to a new binary without a lost connection.
//
// # How the data path uses it
//
//	doors, err := listen.Open(configs, listen.Deps{Log: log, Inherited: inherited})
//	defer doors.Close()
//	for _, door := range doors.All() {
//		go door.Accept(ctx, func(conn *net.TCPConn) { go serve(door, conn) }) // serve calls door.Done() when it has ended
//	}
//	err = doors.Ready() // tells the process before this one, if there is one, that it may leave
//
// A connection is then, in this order: the PROXY header where Door.AwaitsHeader says so (Door.Header), TLS where
// Door.TLS is not nil (a connection that chose ChallengeProtocol is over after its handshake), requests. A connection
// given to tls.Server that implements Hello is told the client's hello, for its fingerprint. In clear, a GET below
// ChallengePath is first offered to Doors.Challenge.
//
// # Certificates
//
// They are chosen by the server's name: exact before wildcard, in the order configured, the first of all for names that
// nobody has. Files are looked at in the background and read again when they change, certificates of an ACME authority
// are obtained and renewed in the background, and so is OCSP: a handshake never waits for a disk or a network, except
// for the very first certificate of an ACME domain, and for that a bounded time.
//
// # Upgrade
//
// The running process starts the new binary with the listening sockets themselves (HandOver); the new one opens its
// doors from them (Inherit) and says that it is ready; then the old one accepts no more and finishes what is under way.
// The sockets are never closed in between, so connections wait in their backlog and none is refused.
package listen
