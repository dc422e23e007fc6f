import { queryOptions } from "@tanstack/react-query";
import { change, order, post, read, remove } from "./client";
import { anything, dictionary, fallback, flag, list, number, object, optionalNumber, optionalText, text, time } from "./decode";
import type { Decoder } from "./decode";
import { partOf, paymentPath, segment, words } from "./payments";

/** Where backends are found. Its credentials are never told. */
export interface Integration {
  id: string;
  type: string;
  slug: string;
  name: string;
  base_url: string;
  timeout_ms: number;
  enabled: boolean;
  description: string;
  adapter: unknown;
  has_credentials: boolean;
}

/** An external engine and how it fares. */
export interface Backend {
  name: string;
  integration: string;
  type: string;
  title: string;
  enabled: boolean;
  assesses: string[];
  requires: string[];
  problem: string;
  breaker: string;
  opened: number;
  calls: number;
  failures: Record<string, number>;
}

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  masked_hmac_key: string;
  inserted_at: string;
}

/** A webhook that was given up. */
export interface DeadDelivery {
  id: string;
  webhook_id: string;
  event: string;
  decision_id: string;
  attempts: number;
  created_at: string;
  last_error: string;
}

export interface Client {
  client_id: string;
  name: string;
  scopes: string[];
  created_at: string;
  disabled: boolean;
}

/** A key that tokens are signed with. */
export interface SigningKey {
  kid: string;
  created_at: string;
  /** New tokens are signed with it; the others check what they signed. */
  signs: boolean;
}

const integration = object<Integration>({
  id: text,
  type: text,
  slug: text,
  name: text,
  base_url: text,
  timeout_ms: optionalNumber,
  enabled: flag,
  description: optionalText,
  adapter: anything,
  has_credentials: flag,
});

const backend = object<Backend>({
  name: text,
  integration: optionalText,
  type: optionalText,
  title: optionalText,
  enabled: flag,
  assesses: words,
  requires: words,
  problem: optionalText,
  breaker: optionalText,
  opened: optionalNumber,
  calls: optionalNumber,
  failures: dictionary(number),
});

const webhookShape = { id: text, url: text, events: words, masked_hmac_key: optionalText, inserted_at: time };
const webhook = object<Webhook>(webhookShape);
const keyedWebhook = object<Webhook & { hmac_key: string }>({ ...webhookShape, hmac_key: text });

const deadDelivery = object<DeadDelivery>({
  id: text,
  webhook_id: optionalText,
  event: optionalText,
  decision_id: optionalText,
  attempts: optionalNumber,
  created_at: fallback(time, ""),
  last_error: optionalText,
});

const signingKey = object<SigningKey>({ kid: text, created_at: time, signs: flag });

const clientShape = { client_id: text, name: optionalText, scopes: words, created_at: time, disabled: flag };
const client = object<Client>(clientShape);
const secretClient = object<Client & { client_secret: string }>({ ...clientShape, client_secret: text });

export const webhookEvents = [
  "decision.allow",
  "decision.block",
  "decision.review",
  "decision.provisional",
  "decision.async.allow",
  "decision.async.block",
  "decision.async.review",
  "decision.resolved",
] as const;

/** What a client can be allowed; those of the payment integration first. */
export const scopes = [
  "decisions:create",
  "decisions:read",
  "decisions:write",
  "events:create",
  "events:read",
  "interceptors:execute",
  "admin:rulesets:read",
  "admin:rulesets:create",
  "admin:rulesets:write",
  "admin:interceptors:read",
  "admin:interceptors:write",
  "admin:blacklist:read",
  "admin:blacklist:write",
  "admin:integrations:read",
  "admin:integrations:write",
  "admin:webhooks:read",
  "admin:webhooks:write",
  "admin:clients:read",
  "admin:clients:write",
  "admin:keys:read",
  "admin:keys:write",
  "admin:erasures:write",
] as const;

function listQuery<T>(environment: string, name: string, item: Decoder<T>, refetchInterval: number | false = false) {
  const whole = partOf(item);
  return queryOptions({
    queryKey: [name, environment],
    queryFn: async ({ signal }) => (await read(paymentPath(environment, `admin/${name}`), whole, signal)).data,
    retry: false,
    refetchInterval,
  });
}

export const integrationsQuery = (environment: string) => listQuery(environment, "integrations", integration);
export const backendsQuery = (environment: string) => listQuery(environment, "backends", backend, 15_000);
export const webhooksQuery = (environment: string) => listQuery(environment, "webhooks", webhook);
export const deliveriesQuery = (environment: string) => listQuery(environment, "deliveries", deadDelivery, 15_000);
export const keysQuery = (environment: string) => listQuery(environment, "keys", signingKey);
export const clientsQuery = (environment: string) => listQuery(environment, "clients", client);

export interface NewIntegration {
  type: string;
  slug: string;
  name: string;
  base_url: string;
  adapter?: unknown;
  credentials?: unknown;
}

export function createIntegration(environment: string, body: NewIntegration) {
  return post(paymentPath(environment, "admin/integrations"), body, integration);
}

/** What of an integration may change; what is left out stays, credentials of null go. */
export interface IntegrationPatch {
  name?: string;
  base_url?: string;
  timeout_ms?: number;
  enabled?: boolean;
  adapter?: unknown;
  credentials?: unknown;
}

export function changeIntegration(environment: string, id: string, patch: IntegrationPatch) {
  return change(paymentPath(environment, `admin/integrations/${segment(id)}`), patch, integration);
}

export function refreshBackends(environment: string) {
  return post(paymentPath(environment, "admin/backends/refresh"), {}, object<{ data: Backend[] }>({ data: list(backend) }));
}

export function createWebhook(environment: string, url: string, events: readonly string[]) {
  return post(paymentPath(environment, "admin/webhooks"), { url, events }, keyedWebhook);
}

export function changeWebhook(environment: string, id: string, patch: { url?: string; events?: readonly string[] }) {
  return change(paymentPath(environment, `admin/webhooks/${segment(id)}`), patch, webhook);
}

export function rotateWebhook(environment: string, id: string) {
  return post(paymentPath(environment, `admin/webhooks/${segment(id)}/rotate`), {}, keyedWebhook);
}

export function redeliver(environment: string, id: string) {
  return order(paymentPath(environment, `admin/deliveries/${segment(id)}/redeliver`));
}

export function createClient(environment: string, name: string, granted: readonly string[]) {
  return post(paymentPath(environment, "admin/clients"), { name, scopes: granted }, secretClient);
}

export function rotateClient(environment: string, id: string) {
  return post(paymentPath(environment, `admin/clients/${segment(id)}/rotate`), {}, secretClient);
}

export function changeClient(environment: string, id: string, patch: { name?: string; scopes?: readonly string[]; disabled?: boolean }) {
  return change(paymentPath(environment, `admin/clients/${segment(id)}`), patch, client);
}

export function rotateKeys(environment: string) {
  return order(paymentPath(environment, "admin/keys/rotate"));
}

const erased = object<{ decisions: number }>({ decisions: number });

/** Takes away all decisions of a customer for good. */
export function eraseCustomer(environment: string, customer: string) {
  return post(paymentPath(environment, "admin/erasures"), { customer_id: customer }, erased);
}

export type Removable = "integrations" | "webhooks" | "clients";

export function removeParty(environment: string, kind: Removable, id: string) {
  return remove(paymentPath(environment, `admin/${kind}/${segment(id)}`));
}
