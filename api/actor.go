package api

import "slices"

// actor is who asks.
type actor struct {
	// name is a client's id, a subject with its issuer, or a person of the Hub.
	name   string
	scopes []string
}

func (a actor) may(scope string) bool { return slices.Contains(a.scopes, scope) }

// The scopes. Those of integrations, webhooks, clients, keys and erasures are this project's own; see docs/decisions-api.md.
const (
	scopeDecide            = "decisions:create"
	scopeRead              = "decisions:read"
	scopeResolve           = "decisions:write"
	scopeTell              = "events:create"
	scopeEvents            = "events:read"
	scopeIntercept         = "interceptors:execute"
	scopeRulesRead         = "admin:rulesets:read"
	scopeRulesCreate       = "admin:rulesets:create"
	scopeRulesWrite        = "admin:rulesets:write"
	scopeInterceptorsRead  = "admin:interceptors:read"
	scopeInterceptorsWrite = "admin:interceptors:write"
	scopeListsRead         = "admin:blacklist:read"
	scopeListsWrite        = "admin:blacklist:write"
	scopeIntegrationsRead  = "admin:integrations:read"
	scopeIntegrationsWrite = "admin:integrations:write"
	scopeWebhooksRead      = "admin:webhooks:read"
	scopeWebhooksWrite     = "admin:webhooks:write"
	scopeClientsRead       = "admin:clients:read"
	scopeClientsWrite      = "admin:clients:write"
	scopeKeysRead          = "admin:keys:read"
	scopeKeysWrite         = "admin:keys:write"
	scopeErase             = "admin:erasures:write"
)

// Scopes are all there are, in the order they are shown.
func Scopes() []string {
	return []string{
		scopeDecide, scopeRead, scopeResolve, scopeTell, scopeEvents, scopeIntercept,
		scopeRulesRead, scopeRulesCreate, scopeRulesWrite, scopeInterceptorsRead, scopeInterceptorsWrite, scopeListsRead, scopeListsWrite,
		scopeIntegrationsRead, scopeIntegrationsWrite, scopeWebhooksRead, scopeWebhooksWrite, scopeClientsRead, scopeClientsWrite,
		scopeKeysRead, scopeKeysWrite, scopeErase,
	}
}
