// Package origin is the applications behind Wayguard: which endpoint a request goes to, and the connections there.
//
// # In and out
//
//	set, err := origin.New(configs, origin.Deps{Log: log})   // one group per Config; "" is the default group
//	set.Inherit(old)                                         // a changed configuration: keep what has not changed
//	group := set.Find(name)
//	endpoint, err := group.Pick(origin.Choice{Sticky: key})
//	conn, err := endpoint.Connect(ctx)                       // HTTP/1.1: kept or new
//	n, err := conn.Ask(request, buffer, endpoint.ResponseTimeout())
//	endpoint.Report(origin.ResultOf(err))
//	conn.Release(err == nil && reusable)
//	answer, err := endpoint.RoundTrip(request)               // where endpoint.HTTP1() is false
//
// # Words
//
// A group is what the configuration calls an origin: a name and its endpoints. A configured endpoint is a URL; each
// address that its host name has is one Endpoint here, with the weight of its URL. A name that has addresses of both
// families gives one Endpoint for each address of the family the system prefers; the other family's are only tried when
// those cannot be reached, as in RFC 8305.
//
// # Who is a candidate
//
// An endpoint is out while its health checks fail (HealthConfig), or while it is ejected because requests failed one after
// the other (OutlierConfig). When none is left the fallback group is asked, and when that has none either, or too few are
// left (Config.PanicPercent), all are candidates again: a wrong health check must not be the outage.
//
// # When a request may be sent again
//
// RFC 9110, 9.2.2: a proxy must not repeat a request that is not idempotent. So a request is repeated when nothing of it
// was sent (no connection could be made), whatever its method; and when the connection broke before anything of an answer
// came, for GET, HEAD, OPTIONS, TRACE, PUT and DELETE. nginx's proxy_next_upstream does this without non_idempotent, and
// repeats after a timeout too; Envoy's retry on reset repeats even a POST. A kept connection that turns out to be closed is
// no exception: that the origin had closed it is no proof that it did not read the request. What makes that case rare is
// done before: kept connections are dropped before the origin would (Config.IdleTimeout), and one that was idle for longer
// than a quarter of a second is looked at before it is used. After any byte of an answer nothing is ever repeated.
//
// # Time
//
// One goroutine of the Set looks at everything four times a second: deadlines of Ask and SetTimeout, idle connections, the
// end of ejections, due health checks and name lookups. So no request sets a timer; in exchange a deadline may be late by
// up to half a second, and is never early.
//
// # What is promised
//
//   - A connection is in one pair of hands: between Connect and Release nobody else gets it.
//   - Pick, and Connect with Release on a kept connection, allocate nothing.
//   - At most OutlierConfig.MaxPercent of a group's endpoints are out by ejection.
//   - A sticky key stays on its endpoint while that is a candidate; when one leaves, only its own keys move
//     (rendezvous hashing), and every instance of Wayguard with the same endpoints chooses alike.
//   - A name server that fails or answers nothing changes nothing.
//   - After Close no goroutine of the Set is left.
package origin
