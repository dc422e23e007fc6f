import { QueryClient } from "@tanstack/react-query";
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import type { Asked } from "../test/hub";
import { fakeHub, golden } from "../test/hub";
import * as analytics from "./payment-analytics";
import * as connections from "./payment-connections";
import * as decisions from "./payment-decisions";
import * as interceptors from "./payment-interceptors";
import * as lists from "./payment-lists";
import * as rulesets from "./payment-rulesets";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
}
interface Operation {
  parameters?: { $ref?: string; name?: string; in?: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Document {
  paths: Record<string, Record<string, Operation> & { parameters?: Operation["parameters"] }>;
  components: { schemas: Record<string, Schema>; parameters?: Record<string, { name: string; in: string }>; securitySchemes: { oauth2: { flows: { clientCredentials: { scopes: object } } } } };
}

const document = JSON.parse(readFileSync("../api/openapi.json", "utf8")) as Document;
const env = "production";
const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
let asked: Asked[] = [];

beforeEach(() => {
  client.clear();
  asked = fakeHub();
});

/** Answers are refused here: it is what is asked that counts. */
const ask = (promise: Promise<unknown>) => promise.catch(() => undefined);
const span = { from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z" };
const everything = Object.fromEntries(Object.keys(decisions.noQuery).map((name) => [name, "x"])) as unknown as typeof decisions.noQuery;
const settings = () => golden("payment-interceptor.json") as interceptors.Interceptor;

const calls: [string, () => Promise<unknown>][] = [
  ["search decisions", () => client.infiniteQuery(decisions.decisionsQuery(env, {}, () => everything))],
  ["read a decision", () => client.query(decisions.decisionQuery(env, "1"))],
  ["list reviews", () => client.infiniteQuery(decisions.reviewsQuery(env))],
  ["claim", () => decisions.claimReview(env, "1")],
  ["give back", () => decisions.unclaimReview(env, "1")],
  ["resolve", () => decisions.resolveReview(env, "1", "accept", "known")],
  ["list rulesets", () => client.infiniteQuery(rulesets.rulesetsQuery(env, "checkout"))],
  ["read a ruleset", () => client.query(rulesets.rulesetQuery(env, "1"))],
  ["performance", () => client.query(rulesets.performanceQuery(env, "1", "", () => span))],
  ["create a ruleset", () => rulesets.createRuleset(env, { context: "checkout", rules: [], description: "x" })],
  ["save a ruleset", () => rulesets.saveRuleset(env, "1", { description: null, rules: [], score: null }, '"1"')],
  ["activate a ruleset", () => rulesets.moveRuleset(env, "1", "activate")],
  ["roll a ruleset back", () => rulesets.moveRuleset(env, "1", "rollback")],
  ["clone a ruleset", () => rulesets.moveRuleset(env, "1", "clone")],
  ["backtest", () => rulesets.backtest(env, "1", span)],
  ["list the blacklist", () => client.infiniteQuery(lists.valuesQuery(env, lists.blacklist))],
  ["list a named list", () => client.infiniteQuery(lists.valuesQuery(env, "trusted"))],
  ["list named lists", () => client.query(lists.namedListsQuery(env))],
  ["blacklist", () => lists.addValue(env, lists.blacklist, { field_path: "$.device.ip", value: "x", ttl_seconds: 60, note: "x" })],
  ["add to a list", () => lists.addValue(env, "trusted", { value: "x", ttl_seconds: 60, note: "x" })],
  ["take off the blacklist", () => lists.removeValue(env, lists.blacklist, "1")],
  ["take off a list", () => lists.removeValue(env, "trusted", "1")],
  ["list interceptors", () => client.infiniteQuery(interceptors.interceptorsQuery(env))],
  ["read an interceptor", () => client.query(interceptors.interceptorQuery(env, "1"))],
  ["create an interceptor", () => interceptors.createInterceptor(env, { ...interceptors.settingsOf(settings()), ref: "x", field_mapping: [] })],
  ["save an interceptor", () => interceptors.saveInterceptor(env, "1", interceptors.settingsOf(settings()), "")],
  ["activate an interceptor", () => interceptors.moveInterceptor(env, "1", "activate")],
  ["roll an interceptor back", () => interceptors.moveInterceptor(env, "1", "rollback")],
  ["delete an interceptor", () => interceptors.deleteInterceptor(env, "1")],
  ["list integrations", () => client.query(connections.integrationsQuery(env))],
  ["list backends", () => client.query(connections.backendsQuery(env))],
  ["list webhooks", () => client.query(connections.webhooksQuery(env))],
  ["list dead letters", () => client.query(connections.deliveriesQuery(env))],
  ["list clients", () => client.query(connections.clientsQuery(env))],
  ["create an integration", () => connections.createIntegration(env, { type: "http", slug: "x", name: "x", base_url: "https://x.example", adapter: {}, credentials: {} })],
  ["change an integration", () => connections.changeIntegration(env, "1", { enabled: false, name: "x", base_url: "https://x.example", timeout_ms: 1, adapter: {}, credentials: null })],
  ["look for backends", () => connections.refreshBackends(env)],
  ["create a webhook", () => connections.createWebhook(env, "https://x.example", ["decision.block"])],
  ["rotate a webhook", () => connections.rotateWebhook(env, "1")],
  ["redeliver", () => connections.redeliver(env, "1")],
  ["create a client", () => connections.createClient(env, "x", ["decisions:read"])],
  ["rotate a client", () => connections.rotateClient(env, "1")],
  ["change a client", () => connections.changeClient(env, "1", { name: "x", scopes: ["decisions:read"], disabled: true })],
  ["change a webhook", () => connections.changeWebhook(env, "1", { url: "https://x.example", events: ["decision.block"] })],
  ["list token keys", () => client.query(connections.keysQuery(env))],
  ["rotate the token key", () => connections.rotateKeys(env)],
  ["erase a customer", () => connections.eraseCustomer(env, "x")],
  ["dry run", () => rulesets.dryRun(env, "1", {})],
  ["analytics", () => client.query(analytics.analyticsQuery(env, "x", () => span))],
  ["analytics as a file", () => fetch(analytics.analyticsFile(env, span))],
  ["decisions of sessions", () => client.infiniteQuery(decisions.sessionsDecisionsQuery(env, ["a", "b"]))],
  ["look a value up", () => client.query(lists.standingQuery(env, "$.device.ip", "x"))],
  ["delete a party", () => connections.removeParty(env, "webhooks", "1")],
];

function resolve(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (document.components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
}

/** The path of the document that an asked path is of: the one with the fewest parameters. */
function templateOf(path: string): string | undefined {
  const wanted = path.replace("/payments/", "/api/").split("/");
  const fits = Object.keys(document.paths).filter((template) => {
    const parts = template.split("/");
    return parts.length === wanted.length && parts.every((part, index) => part.startsWith("{") || part === wanted[index]);
  });
  return fits.sort((a, b) => a.split("{").length - b.split("{").length)[0];
}

/** The names of an operation's parameters, its path's included. */
function parametersOf(path: string | undefined, operation: Operation): (string | undefined)[] {
  const shared = document.paths[path ?? ""]?.parameters ?? [];
  return [...shared, ...(operation.parameters ?? [])].map(
    ({ name, $ref }) => name ?? document.components.parameters?.[$ref?.split("/").at(-1) ?? ""]?.name,
  );
}

/** What is wrong with a body. */
function faultsOf(body: unknown, operation: Operation): string[] {
  const expected = operation.requestBody?.content["application/json"];
  if (!expected) return body === undefined || JSON.stringify(body) === "{}" ? [] : ["takes no body"];
  const schema = resolve(expected.schema);
  const names = Object.keys(body as object);
  const unknown = names.filter((name) => schema.properties?.[name] === undefined).map((name) => `${name} is unknown`);
  return [...unknown, ...(schema.required ?? []).filter((name) => !names.includes(name)).map((name) => `${name} is missing`)];
}

describe("what the pages ask is what the decision API's document says", () => {
  test.each(calls)("%s", async (_, call) => {
    await ask(call());
    const [question] = asked;
    if (!question) throw new Error("nothing was asked");
    const path = templateOf(question.path);
    const operation = document.paths[path ?? ""]?.[question.method.toLowerCase()];
    if (!operation) throw new Error(`there is no ${question.method} ${question.path}`);
    const known = parametersOf(path, operation);
    expect([...question.query.keys()].filter((name) => name !== "environment" && !known.includes(name))).toEqual([]);
    expect(faultsOf(question.body, operation)).toEqual([]);
  });

  test("clients are offered the scopes it knows", () => {
    expect([...connections.scopes].sort()).toEqual(Object.keys(document.components.securitySchemes.oauth2.flows.clientCredentials.scopes).sort());
  });

  test("webhooks are told of the events it knows", () => {
    const events = document.components.schemas.WebhookRequest?.properties?.events;
    expect(events?.items && resolve(events.items).enum).toEqual([...connections.webhookEvents]);
  });
});
