import type { AuditEntry } from "../../api/types";
import { plainWords } from "../../format/words";

const names: Record<string, string> = {
  login: "Logged in",
  "login.failed": "Login failed",
  logout: "Logged out",
  "password.changed": "Password changed",
  "password.failed": "Password change refused",
  "user.created": "User added",
  "user.disabled": "User disabled",
  "user.enabled": "User enabled",
  "user.password_reset": "Password renewed",
  "sessions.export": "Sessions downloaded",
  "accounts.export": "Accounts to warn downloaded",
  "accounts.view": "Accounts to warn looked at",
  "affected.export": "People affected downloaded",
  "mitigation.stop": "All mitigation stopped",
  "mitigation.go": "Mitigation resumed",
  "mitigation.undo": "Policy undone",
  "mitigation.breaker": "Breaker closed",
  "mitigation.spare": "Visitor let through",
  "mitigation.unspare": "Letting through ended",
  "payments.decisions.resolve": "Payment accepted or rejected",
  "payments.decisions.claim": "Review claimed",
  "payments.rulesets.create": "Ruleset drafted",
  "payments.rulesets.change": "Ruleset draft changed",
  "payments.rulesets.activate": "Ruleset activated",
  "payments.rulesets.rollback": "Ruleset rolled back to",
  "payments.rulesets.clone": "Ruleset cloned",
  "payments.blacklist.create": "Put on the blacklist",
  "payments.blacklist.delete": "Taken off the blacklist",
  "payments.interceptors.activate": "Interceptor activated",
  "payments.interceptors.rollback": "Interceptor rolled back to",
  "payments.clients.create": "API client added",
  "payments.clients.change": "API client changed",
  "payments.clients.delete": "API client deleted",
  "payments.clients.rotate": "API client’s secret renewed",
  "payments.integrations.create": "Integration added",
  "payments.integrations.change": "Integration changed",
  "payments.integrations.delete": "Integration deleted",
  "payments.webhooks.create": "Webhook added",
  "payments.webhooks.change": "Webhook changed",
  "payments.webhooks.rotate": "Webhook’s key renewed",
  "payments.webhooks.delete": "Webhook deleted",
  "payments.keys.rotate": "Token key renewed",
  "payments.erasures.create": "Customer erased",
  "payments.dry-runs.create": "Dry run of a payment",
  "payments.backtests.create": "Backtest",
  "payments.refused": "Change of payments refused",
  "search.sensitive": "Searched by a person’s data",
};

export function actionName(action: string): string {
  return names[action] ?? plainWords(action);
}

/** The entries of the action that hold every typed word. */
export function matchEntries(entries: readonly AuditEntry[], typed: string, action: string): AuditEntry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((entry) => {
    const text = `${entry.actor} ${entry.detail} ${entry.address} ${actionName(entry.action)}`.toLowerCase();
    return (action === "" || entry.action === action) && words.every((word) => text.includes(word));
  });
}
