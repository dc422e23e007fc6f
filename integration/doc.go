// Package integration calls outside systems. Today that is webhooks: signed HTTP messages from an outbox that outlives a
// crash, each sent at least once and always under the same Webhook-Id, so that a receiver can tell a repetition.
//
// Signatures follow the Standard Webhooks specification (standardwebhooks.com), so that receivers verify them with a
// library they already have.
package integration
