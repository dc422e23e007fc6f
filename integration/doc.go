// Package integration calls outside systems.
//
// Messages go out of an outbox that outlives a crash, each at least once and always under the same id: signed webhooks
// (Webhooks with a plain Target) and notifications (Notifiers: Slack, Microsoft Teams, Jira, PagerDuty, e-mail, webhook, syslog,
// OCSF). Signatures follow the Standard Webhooks specification (standardwebhooks.com), so that receivers verify them with a
// library they already have; webhooks of payment decisions are signed with an HMAC of the body (SchemeHMAC), as their receivers know it.
//
// Questions are asked while an event is made: Enrichers add to it what a service of the operator's knows, within a deadline that
// nothing can stretch. Captcha asks the providers of captchas whether an answer is right.
//
// Every connection is refused, when it is dialled, to addresses inside the operator's walls that were not allowed; no redirect
// is followed; no answer is read beyond a bound; and neither an address that may hold a token nor anything a receiver said
// stands in an error or a log line.
package integration
