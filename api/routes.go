package api

import (
	"net/http"
	"slices"
	"strings"
)

// endpoint answers one request. An error that it returns is answered as one; then it has written nothing.
type endpoint func(w http.ResponseWriter, r *http.Request, c *call) error

// route is one method of one path.
type route struct {
	method, path string
	// scope is what a token must have; empty: no token is asked for.
	scope string
	serve endpoint
}

// resource is a path with its methods.
type resource struct {
	path    string
	methods map[string]route
}

// interceptorPrefix is where interceptors are. Their requests do not go through the mux, which would mend their paths.
const interceptorPrefix = "/api/interceptors/"

func (a *API) routes() []route {
	return slices.Concat(a.openRoutes(), a.runtimeRoutes(), a.rulesetRoutes(), a.interceptorRoutes(), a.listRoutes(), a.partyRoutes())
}

func (a *API) openRoutes() []route {
	return []route{
		{"GET", "/openapi.json", "", a.openapi},
		{"GET", "/healthz", "", a.healthy},
		{"POST", "/oauth2/token", "", a.token},
	}
}

func (a *API) runtimeRoutes() []route {
	return []route{
		{"POST", "/api/decisions", scopeDecide, a.decide},
		{"GET", "/api/decisions", scopeRead, a.searchDecisions},
		{"GET", "/api/decisions/{id}", scopeRead, a.showDecision},
		{"POST", "/api/decisions/{id}/resolve", scopeResolve, a.resolve},
		{"POST", "/api/decisions/{id}/claim", scopeResolve, a.claim},
		{"DELETE", "/api/decisions/{id}/claim", scopeResolve, a.unclaim},
		{"GET", "/api/reviews", scopeRead, a.reviews},
		{"POST", "/api/events", scopeTell, a.ingest},
		{"GET", "/api/events/{id}", scopeEvents, a.showEvent},
		{"GET", "/api/admin/analytics", scopeRead, a.analytics},
		{"POST", "/api/admin/erasures", scopeErase, a.erase},
	}
}

func (a *API) rulesetRoutes() []route {
	return []route{
		{"GET", "/api/admin/rulesets", scopeRulesRead, a.rulesets},
		{"POST", "/api/admin/rulesets", scopeRulesCreate, a.createRuleset},
		{"GET", "/api/admin/rulesets/{id}", scopeRulesRead, a.showRuleset},
		{"PATCH", "/api/admin/rulesets/{id}", scopeRulesWrite, a.updateRuleset},
		{"POST", "/api/admin/rulesets/{id}/activate", scopeRulesWrite, a.activateRuleset},
		{"POST", "/api/admin/rulesets/{id}/rollback", scopeRulesWrite, a.rollbackRuleset},
		{"POST", "/api/admin/rulesets/{id}/clone", scopeRulesCreate, a.cloneRuleset},
		{"GET", "/api/admin/rulesets/{id}/performance", scopeRulesRead, a.performance},
		{"POST", "/api/admin/dry-runs", scopeRulesRead, a.dryRun},
		{"POST", "/api/admin/backtests", scopeRulesRead, a.backtest},
	}
}

func (a *API) interceptorRoutes() []route {
	return []route{
		{"GET", "/api/admin/interceptors", scopeInterceptorsRead, a.interceptors},
		{"POST", "/api/admin/interceptors", scopeInterceptorsWrite, a.createInterceptor},
		{"GET", "/api/admin/interceptors/{id}", scopeInterceptorsRead, a.showInterceptor},
		{"PATCH", "/api/admin/interceptors/{id}", scopeInterceptorsWrite, a.updateInterceptor},
		{"DELETE", "/api/admin/interceptors/{id}", scopeInterceptorsWrite, a.deleteInterceptor},
		{"POST", "/api/admin/interceptors/{id}/activate", scopeInterceptorsWrite, a.activateInterceptor},
		{"POST", "/api/admin/interceptors/{id}/rollback", scopeInterceptorsWrite, a.rollbackInterceptor},
	}
}

func (a *API) listRoutes() []route {
	return []route{
		{"GET", "/api/admin/blacklist", scopeListsRead, a.blacklist},
		{"POST", "/api/admin/blacklist", scopeListsWrite, a.addBlacklisted},
		{"GET", "/api/admin/blacklist/{id}", scopeListsRead, a.showBlacklisted},
		{"DELETE", "/api/admin/blacklist/{id}", scopeListsWrite, a.removeBlacklisted},
		{"GET", "/api/admin/lists", scopeListsRead, a.lists},
		{"GET", "/api/admin/lists/{list}", scopeListsRead, a.listValues},
		{"POST", "/api/admin/lists/{list}", scopeListsWrite, a.addListed},
		{"DELETE", "/api/admin/lists/{list}/{id}", scopeListsWrite, a.removeListed},
	}
}

func (a *API) partyRoutes() []route {
	return []route{
		{"GET", "/api/admin/integrations", scopeIntegrationsRead, a.integrations},
		{"POST", "/api/admin/integrations", scopeIntegrationsWrite, a.createIntegration},
		{"GET", "/api/admin/integrations/{id}", scopeIntegrationsRead, a.showIntegration},
		{"PATCH", "/api/admin/integrations/{id}", scopeIntegrationsWrite, a.updateIntegration},
		{"DELETE", "/api/admin/integrations/{id}", scopeIntegrationsWrite, a.deleteIntegration},
		{"GET", "/api/admin/backends", scopeIntegrationsRead, a.backends},
		{"POST", "/api/admin/backends/refresh", scopeIntegrationsWrite, a.refreshBackends},
		{"GET", "/api/admin/webhooks", scopeWebhooksRead, a.webhooks},
		{"POST", "/api/admin/webhooks", scopeWebhooksWrite, a.createWebhook},
		{"GET", "/api/admin/webhooks/{id}", scopeWebhooksRead, a.showWebhook},
		{"PATCH", "/api/admin/webhooks/{id}", scopeWebhooksWrite, a.updateWebhook},
		{"DELETE", "/api/admin/webhooks/{id}", scopeWebhooksWrite, a.deleteWebhook},
		{"POST", "/api/admin/webhooks/{id}/rotate", scopeWebhooksWrite, a.rotateWebhook},
		{"GET", "/api/admin/deliveries", scopeWebhooksRead, a.deliveries},
		{"POST", "/api/admin/deliveries/{id}/redeliver", scopeWebhooksWrite, a.redeliver},
		{"GET", "/api/admin/clients", scopeClientsRead, a.clients},
		{"POST", "/api/admin/clients", scopeClientsWrite, a.createClient},
		{"GET", "/api/admin/clients/{id}", scopeClientsRead, a.showClient},
		{"PATCH", "/api/admin/clients/{id}", scopeClientsWrite, a.updateClient},
		{"DELETE", "/api/admin/clients/{id}", scopeClientsWrite, a.deleteClient},
		{"POST", "/api/admin/clients/{id}/rotate", scopeClientsWrite, a.rotateClient},
		{"GET", "/api/admin/keys", scopeKeysRead, a.keys},
		{"POST", "/api/admin/keys/rotate", scopeKeysWrite, a.rotateKeys},
	}
}

// register builds the mux. Methods are told apart here, so that a wrong one is answered in our own form.
func (a *API) register() (*http.ServeMux, []*resource) {
	byPath := map[string]*resource{}
	var all []*resource
	mux := http.NewServeMux()
	for _, one := range a.routes() {
		at, there := byPath[one.path]
		if !there {
			at = &resource{path: one.path, methods: map[string]route{}}
			byPath[one.path] = at
			all = append(all, at)
			mux.HandleFunc(one.path, func(w http.ResponseWriter, r *http.Request) { a.dispatch(w, r, at) })
		}
		at.methods[one.method] = one
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, callOf(r), notFound()) })
	return mux, all
}

func (a *API) dispatch(w http.ResponseWriter, r *http.Request, at *resource) {
	c := callOf(r)
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	to, there := at.methods[method]
	if !there {
		w.Header().Set("Allow", at.allowed())
		a.answer(w, r, c, &problem{status: http.StatusMethodNotAllowed, code: codeMethod, message: "this path has no such method"})
		return
	}
	c.route = to.path
	a.attend(w, r, c, to.scope, to.serve)
}

func (p *resource) allowed() string {
	var methods []string
	for method := range p.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
