// Package proxy is the data path: it stands between visitors and the application (the origin), streams everything
// through, and does what a verdict asks for.
//
// # In and out
//
// In: Config, an Observer (who judges events), a *capture.Set (which exchanges are looked at, and what is taken from
// them) and a Policy (how a block looks). Out: event.Event values given to the Observer, and traffic.
//
//	server, err := proxy.New(config, proxy.Deps{Environment: "production", Observer: engine, Log: log})
//	server.Swap(specs, policy)          // now and on every reload
//	err = server.Serve(ctx)             // until ctx ends; then no new work, what runs may finish, the queue is drained
//
// # The ways of a request
//
// A request that no spec matches is streamed through and forgotten. One that a pass-through spec matches is streamed
// through too, while what the spec needs of it is copied aside, never more than its limits; when both ends are seen the
// exchange goes into the one queue. One that an inline spec matches is held until the observer has answered or the
// budget is spent, then blocked, tagged or let go, and finally queued like the others.
//
// # The seam
//
// Message handling (listeners, parsing, forwarding, streaming) is behind the wire interface in wire.go and knows nothing
// of events and verdicts; what to do with an exchange is the inspector's, which knows nothing of net/http. The message
// handling of today is net/http with httputil.ReverseProxy.
//
// # When something fails
//
// Nothing that judges traffic may stop it: a panic, an error or a late answer of the observer, a full queue and an
// exhausted memory budget are counted (Counts) and the visitor is served. A spec named in Config.Inline.FailClosed
// turns that around for its own requests. The function that decides is onFailure, and no other.
package proxy
