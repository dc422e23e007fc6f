// Package challenge asks visitors to prove something before their request goes on: that they keep cookies, render pages, compute,
// answer as a person does, or hold the account's second factor. It makes the pages, verifies what comes back, and keeps what was
// proven in a signed cookie. docs/checks.md says what each kind proves and what it costs people.
//
// It decides nothing: who is asked what, and how often, is mitigation's.
//
//	page, ok := set.Offer(challenge.Ask{Kind: "proof", Rating: r, Valid: time.Hour}, head, now) // instead of the origin's answer
//	held := set.Held(head, now)                  // what the visitor's cookie proves
//	if set.Own(head.Path) { page, outcome := set.Serve(head, body, now) }
//	resumed, ok := set.Resume(head, body, now)   // a form's original body comes back with the solution
//
// # What it promises
//
// Pages are for navigations only: an API call gets a problem document, gRPC a status, a CORS preflight nothing at all. No page needs
// anything from another host, except the captcha provider that the operator names. Nothing that was proven for one host or one
// User-Agent holds for another; a solution counts once. The memory it needs is bounded. It touches neither network nor clock: the
// time is a parameter, and a provider is asked through Verifier.
package challenge
