import { golden } from "./golden.ts";

const at = "2026-11-21T10:30:00Z";

/** What the golden files do not have: who calls, and who is called. */
const parties: Record<string, object[]> = {
  integrations: [{ id: "i1", type: "link", slug: "link-prod", name: "Link", base_url: "https://link.example", timeout_ms: 5000, enabled: true, adapter: null, has_credentials: true, inserted_at: at, updated_at: at }],
  backends: [{ name: "link-prod/vdm", integration: "link-prod", type: "link", title: "Visa", enabled: true, assesses: ["pan"], requires: ["$.customer.email"], breaker: "open", opened: 2, calls: 40, failures: { timeout: 6 } }],
  webhooks: [{ id: "w1", url: "https://shop.example/hooks", events: ["decision.review", "decision.block"], masked_hmac_key: "ABCDExxxxx", inserted_at: at, updated_at: at }],
  deliveries: [{ id: "d1", webhook_id: "w1", event: "decision.review", decision_id: "01a1", attempts: 12, created_at: at, last_error: "status 500" }],
  clients: [{ client_id: "cl_1", name: "Checkout", scopes: ["decisions:create", "events:create"], created_at: at, disabled: false }],
  keys: [{ kid: "9f3a", created_at: at, signs: true }, { kid: "1c77", created_at: at, signs: false }],
  lists: [{ name: "trusted", kind: "allow", has_configured_values: true }],
};

const files: Record<string, string> = {
  decisions: "payment-decision.json",
  reviews: "payment-decision.json",
  rulesets: "payment-ruleset.json",
  interceptors: "payment-interceptor.json",
};

/** Answers as the decision API does through the Hub; undefined for what the mock does not know. */
export async function payments(method: string, path: string, query: URLSearchParams): Promise<unknown> {
  const [kind = "", id = "", verb = ""] = path.split("/").slice(2).filter((part) => part !== "admin");
  if (verb === "performance") return golden("payment-performance.json");
  if (verb === "resolve") return { resolution: "ACCEPTED", backend_notifications: [] };
  if (kind === "backtests") return golden("payment-report.json");
  if (kind === "dry-runs") return golden("payment-decision.json");
  if (kind === "analytics") return analytics();
  if (kind === "erasures") return { decisions: 3 };
  if (kind === "blacklist") return blacklist(query);
  const listed = parties[kind];
  if (listed) return method === "POST" ? { ...listed[0], hmac_key: "A".repeat(64), client_secret: "not-a-real-secret" } : part(listed);
  const file = files[kind];
  return file === undefined ? undefined : ofFile(file, id, method);
}

/** The entries that are asked for. */
async function blacklist(query: URLSearchParams): Promise<object> {
  const { data } = (await golden("payment-blacklist.json")) as { data: Record<string, string>[] };
  return part(data.filter((entry) => ["field_path", "value"].every((name) => (query.get(name) ?? entry[name]) === entry[name])));
}

/** Counts of the last two weeks. */
function analytics(): object {
  const row = (key: string, total: number) => {
    const blocked = Math.round(total / 20);
    const reviewed = Math.round(total / 10);
    return { key, total, allowed: total - blocked - reviewed, reviewed, blocked, provisional: 0, fraud: Math.round(total / 50), money: { EUR: total * 4_990 } };
  };
  const days = Array.from({ length: 14 }, (_, index) => new Date(Date.now() - (13 - index) * 86_400_000).toISOString().slice(0, 10));
  return {
    by_day: days.map((day, index) => row(day, 300 + ((index * 131) % 170))),
    by_context: [row("checkout", 4_100), row("subscription", 900)],
    by_rule: [row("checkout/bad-card", 210), row("checkout/many-cards", 90)],
    by_outcome: [row("ALLOW", 4_250), row("REVIEW", 500), row("BLOCK", 250)],
    truncated: false,
  };
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
