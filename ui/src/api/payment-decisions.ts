import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Problem } from "./client";
import { order, post, read, remove } from "./client";
import { anything, dictionary, fallback, flag, list, number, object, oneOf, optionalNumber, optionalText, text, time } from "./decode";
import type { Decoder } from "./decode";
import { rating } from "./decoders";
import { endless, partOf, paymentPath, segment, texts, words } from "./payments";
import type * as wire from "./payment-types";

export const outcomes = ["ALLOW", "REVIEW", "BLOCK", "PROVISIONAL"] as const;
const outcome = oneOf<wire.Outcome>(...outcomes);
const optionalOutcome: Decoder<wire.Outcome | undefined> = (value, path) =>
  value === undefined || value === null || value === "" ? undefined : outcome(value, path);
const maybeNumber = fallback<number | undefined>(number, undefined);
const optionalTime = fallback(time, "");

const triggered = object<wire.TriggeredRule>({ rule_id: text, name: optionalText, type: optionalText, action: optionalOutcome, score: optionalNumber });

const backendResult = object<wire.BackendResult>({
  rule_id: optionalText,
  backend: text,
  live: flag,
  outcome: optionalOutcome,
  score: maybeNumber,
  backend_reference: optionalText,
  error: optionalText,
  missing_fields: words,
  latency_ms: optionalNumber,
  link_execution_id: optionalText,
  raw_response: anything,
});

export const notification = object<wire.BackendNotification>({ backend: text, status: text, error: optionalText });

const lifecycle = object<wire.LifecycleEvent>({
  id: text,
  type: text,
  occurred_at: time,
  processed_at: optionalTime,
  data: dictionary(anything),
  backend_notifications: list(notification),
});

const resolution = object<wire.Resolution>({
  resolution: oneOf("ACCEPTED", "REJECTED"),
  resolved_at: time,
  resolved_by: optionalText,
  reason: optionalText,
  comment: optionalText,
});

/** Deeper than any condition may be; a hostile answer does not make the page run for ever. */
const deepest = 64;

function conditionAt(depth: number): Decoder<wire.Condition> {
  return (value, path) =>
    object<wire.Condition>({
      op: optionalText,
      text: optionalText,
      result: fallback<boolean | undefined>(flag, undefined),
      value: anything,
      missing: flag,
      args: depth === 0 ? () => [] : list(conditionAt(depth - 1)),
    })(value, path);
}

const trace = object<wire.RuleTrace>({
  rule_id: text,
  name: optionalText,
  type: optionalText,
  live: flag,
  fired: flag,
  skipped: optionalText,
  action: optionalOutcome,
  score: optionalNumber,
  condition: fallback<wire.Condition | undefined>(conditionAt(deepest), undefined),
});

const journey = object<wire.Journey>({
  session: optionalText,
  device: optionalText,
  person: optionalText,
  matched_by: optionalText,
  rating,
  score: optionalNumber,
  labels: words,
  signatures: words,
  events: optionalNumber,
  minutes_to_payment: optionalNumber,
  cards_in_session: optionalNumber,
  payments_in_session: optionalNumber,
  payment_failures_in_session: optionalNumber,
  account_known_on_device: flag,
  account_age_days_on_device: maybeNumber,
  bad_entities: list(object<wire.BadEntity>({ element: text, value: text, label: text })),
  confidence: optionalNumber,
});

export const problem = object<Problem>({ field: optionalText, code: optionalText, message: optionalText });

export const decision = object<wire.Decision>({
  id: text,
  decision: outcome,
  initial_decision: optionalOutcome,
  source: optionalText,
  context: optionalText,
  credential_fingerprint: optionalText,
  credential_type: optionalText,
  masked_credential: optionalText,
  ruleset_id: optionalText,
  ruleset_version: optionalNumber,
  triggered_rules: list(triggered),
  shadow_triggered_rules: list(triggered),
  shadow_decision: optionalOutcome,
  backend_results: list(backendResult),
  events: list(lifecycle),
  resolution: fallback<wire.Resolution | undefined>(resolution, undefined),
  evaluated_at: time,
  latency_us: optionalNumber,
  integration: optionalText,
  interceptor_id: optionalText,
  metadata: texts,
  amount: optionalNumber,
  currency: optionalText,
  customer_id: optionalText,
  device_fingerprint: optionalText,
  device_ip: optionalText,
  transaction_reference: optionalText,
  payment_state: optionalText,
  payment_type: optionalText,
  payload: anything,
  score: maybeNumber,
  three_ds: optionalText,
  journey: fallback<wire.Journey | undefined>(journey, undefined),
  explanation: list(trace),
  warnings: list(problem),
  assignee: optionalText,
});

const decisions = partOf(decision);
const pageSize = "50";

export const noQuery: wire.DecisionQuery = {
  decision: "",
  context: "",
  customer_id: "",
  credential_fingerprint: "",
  reference: "",
  rule_id: "",
  device_ip: "",
  device_fingerprint: "",
  email: "",
  session: "",
  from: "",
  to: "",
};

/** The key is the search as the analyst put it; a span that moves with the clock is fixed when it is asked. */
export function decisionsQuery(environment: string, key: object, query: () => wire.DecisionQuery) {
  return decisionsBy(environment, key, () => ({ ...query() }));
}

function decisionsBy(environment: string, key: object, parameters: () => Record<string, string | readonly string[]>) {
  return infiniteQueryOptions({
    queryKey: ["decisions", environment, key],
    queryFn: ({ signal, pageParam }) =>
      read(paymentPath(environment, "decisions", { ...parameters(), limit: pageSize, after: pageParam }), decisions, signal),
    ...endless,
  });
}

/** How many sessions can be asked for at once. */
export const sessionsAtOnce = 50;

/** The decisions of any of some sessions. */
export function sessionsDecisionsQuery(environment: string, sessions: readonly string[]) {
  const session = sessions.slice(0, sessionsAtOnce);
  return decisionsBy(environment, { session }, () => ({ session }));
}

export function decisionQuery(environment: string, id: string) {
  return queryOptions({
    queryKey: ["decision", environment, id],
    queryFn: ({ signal }) => read(paymentPath(environment, `decisions/${segment(id)}`), decision, signal),
    retry: false,
    // A backend is still being asked: its answer changes the decision.
    refetchInterval: (query) => (query.state.data?.decision === "PROVISIONAL" ? 3_000 : false),
  });
}

export function reviewsQuery(environment: string) {
  return infiniteQueryOptions({
    queryKey: ["reviews", environment],
    queryFn: ({ signal, pageParam }) => read(paymentPath(environment, "reviews", { limit: pageSize, after: pageParam }), decisions, signal),
    refetchInterval: 15_000,
    ...endless,
  });
}

export function claimReview(environment: string, id: string) {
  return order(paymentPath(environment, `decisions/${segment(id)}/claim`));
}

/** Gives a claimed review back. */
export function unclaimReview(environment: string, id: string) {
  return remove(paymentPath(environment, `decisions/${segment(id)}/claim`));
}

export interface Resolved {
  resolution: "ACCEPTED" | "REJECTED";
  backend_notifications: wire.BackendNotification[];
}

const resolved = object<Resolved>({ resolution: oneOf("ACCEPTED", "REJECTED"), backend_notifications: list(notification) });

export function resolveReview(environment: string, id: string, action: "accept" | "reject", reason: string) {
  return post(paymentPath(environment, `decisions/${segment(id)}/resolve`), { action, reason }, resolved);
}
