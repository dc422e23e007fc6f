// Package proxy is the data path: it stands between visitors and the application (the origin), streams everything
// through, and does what a verdict asks for.
//
// # In and out
//
// In: Config, an Observer (who judges events) and a Snapshot: a *capture.Set (which exchanges are looked at, and what is
// taken from them), a Policy (what is done because of a verdict), a *site.Set (what is done with which host) and an *origin.Set (where
// requests go). Out: event.Event values given to the Observer, and traffic.
//
//	server, err := proxy.New(config, proxy.Deps{Environment: "production", Observer: engine, Log: log})
//	server.Swap(snapshot)               // now and on every reload
//	err = server.Serve(ctx)             // until ctx ends; then no new work, what runs may finish, the queue is drained
//
// # The ways of a request
//
// A request that no spec matches is streamed through and forgotten. One that a pass-through spec matches is streamed
// through too, while what the spec needs of it is copied aside, never more than its limits; when both ends are seen the
// exchange goes into the one queue. One that an inline spec matches is held until the observer has answered or the
// budget is spent, then what the policy decides is done to it (measure.go, answer.go), and finally it is queued like the others.
//
// # What a policy may have done
//
// An answer instead of the origin's (answer.go), of which one that is feigned goes the same way as an origin's head, so that
// order, spelling and framing are the same; it may be given at an exact moment (pause.go). The request may wait, be changed
// (amend.go) or go to another origin. The origin's answer may be changed: its head as it is relayed, its body by a visitor in
// front of the visitor (reshape.go), which holds all of it back and passes it on as it was wherever it cannot be changed. Paths
// of the policy's own are answered before specs are asked (own_page.go). Every call of the policy is guarded (policy.go): a
// panic in it is counted, and the traffic goes on.
//
// # The seam
//
// A passage carries one request, whatever protocol it came by; asked is what it is told, visitor is what it answers
// through. Three implement that: an HTTP/1 connection (conn, answering), a stream of HTTP/2 (streamAnswer), and a handler of
// net/http's (handlerAnswer: HTTP/3, and message_handling: standard). What to do with an exchange is the inspection's, which
// knows nothing of messages.
//
// # A connection
//
// One goroutine has an HTTP/1 connection, for its whole life inside socket.Conn.Serve: a request that is all here is
// carried there, with one read and one write on either side. A body that is still coming, and a WebSocket, need to read more
// from the visitor, which cannot be done inside Serve: it is left and entered again. Such a body goes to the origin by a
// second goroutine (upload), because an origin may answer at any time. An idle connection holds no buffer and no passage.
//
// Memory of a head belongs to the connection's buffer and is used again; what an exchange keeps is copied (keep.go). That
// memory is used again too, when the passage, the queue and an inline question have all released the exchange: a question
// that was given up on keeps its own until it ends. An event is good until the observer returns.
//
// # After the answer
//
// Finished exchanges are gathered (after.go): a visitor's goroutine puts one into its visitor's lane and goes on, and a worker
// takes what has come together every few milliseconds, or at once when there is enough of it, when an inline question waits for
// a lane, when memory is short, and at the end. Inline questions are asked by goroutines that are used again (asker.go), so
// that a visitor can go on without the answer.
//
// # Time
//
// Goroutines announce what they wait for (watch), and one sweeper for all connections ends what takes too long. A request
// costs no timer and sets no deadline.
//
// # When something fails
//
// Nothing that judges traffic may stop it: a panic, an error or a late answer of the observer, a full queue and an
// exhausted memory budget are counted (Counts) and the visitor is served. A spec named in Config.Inline.FailClosed
// turns that around for its own requests, and so does a policy that has an answer for them. The function that decides is onFailure, and no other. A panic in the carrying
// itself costs the one connection, and is counted.
package proxy
