import { golden } from "./golden.ts";

const at = "2026-11-21T10:30:00Z";

/** What the golden files do not have: who calls, and who is called. */
const parties: Record<string, object[]> = {
  integrations: [{ id: "i1", type: "link", slug: "link-prod", name: "Link", base_url: "https://link.example", timeout_ms: 5000, enabled: true, adapter: null, has_credentials: true, inserted_at: at, updated_at: at }],
  backends: [{ name: "link-prod/vdm", integration: "link-prod", type: "link", title: "Visa", enabled: true, assesses: ["pan"], requires: ["$.customer.email"], breaker: "open", opened: 2, calls: 40, failures: { timeout: 6 } }],
  webhooks: [{ id: "w1", url: "https://shop.example/hooks", events: ["decision.review", "decision.block"], masked_hmac_key: "ABCDExxxxx", inserted_at: at, updated_at: at }],
  deliveries: [{ id: "d1", webhook_id: "w1", event: "decision.review", decision_id: "01a1", attempts: 12, created_at: at, last_error: "status 500" }],
  clients: [{ client_id: "cl_1", name: "Checkout", scopes: ["decisions:create", "events:create"], created_at: at, disabled: false }],
  lists: [{ name: "trusted", kind: "allow", has_configured_values: true }],
};

const files: Record<string, string> = {
  decisions: "payment-decision.json",
  reviews: "payment-decision.json",
  rulesets: "payment-ruleset.json",
  interceptors: "payment-interceptor.json",
};

/** Answers as the decision API does through the Hub; undefined for what the mock does not know. */
export async function payments(method: string, path: string): Promise<unknown> {
  const [kind = "", id = "", verb = ""] = path.split("/").slice(2).filter((part) => part !== "admin");
  if (verb === "performance") return golden("payment-performance.json");
  if (verb === "resolve") return { resolution: "ACCEPTED", backend_notifications: [] };
  if (kind === "backtests") return golden("payment-report.json");
  if (kind === "blacklist") return golden("payment-blacklist.json");
  const listed = parties[kind];
  if (listed) return method === "POST" ? { ...listed[0], hmac_key: "A".repeat(64), client_secret: "not-a-real-secret" } : part(listed);
  const file = files[kind];
  return file === undefined ? undefined : ofFile(file, id, method);
}

async function ofFile(file: string, id: string, method: string): Promise<unknown> {
  if (id === "" && file === files.decisions) return golden("payment-decisions.json");
  const one = (await golden(file)) as object;
  const active = { ...one, id: "active", version: 1, status: "ACTIVE" };
  if (id === "" && method === "GET") return part([one, active]);
  return id === "active" ? active : one;
}

function part(data: object[]): object {
  return { data, links: { next: null } };
}
