/** The words of the decision API: they mirror the Go packages payment, ruleset and decision. */

import type { Problem } from "./client";
import type { Rating } from "./event-types";

export type Outcome = "ALLOW" | "REVIEW" | "BLOCK" | "PROVISIONAL";

/** A part of a list; next leads on, "" at the end. */
export interface Part<T> {
  data: T[];
  next: string;
}

export interface TriggeredRule {
  rule_id: string;
  name: string;
  type: string;
  action: Outcome | undefined;
  score: number;
}

export interface BackendResult {
  rule_id: string;
  backend: string;
  live: boolean;
  outcome: Outcome | undefined;
  score: number | undefined;
  backend_reference: string;
  error: string;
  missing_fields: string[];
  latency_ms: number;
  link_execution_id: string;
  raw_response: unknown;
}

export interface LifecycleEvent {
  id: string;
  type: string;
  occurred_at: string;
  processed_at: string;
  data: Record<string, unknown>;
  backend_notifications: BackendNotification[];
}

export interface BackendNotification {
  backend: string;
  status: string;
  error: string;
}

export interface Resolution {
  resolution: "ACCEPTED" | "REJECTED";
  resolved_at: string;
  resolved_by: string;
  reason: string;
  comment: string;
}

/** A node of a condition with what it saw; result is undefined where it was not looked at. */
export interface Condition {
  op: string;
  text: string;
  result: boolean | undefined;
  value: unknown;
  missing: boolean;
  args: Condition[];
}

export interface RuleTrace {
  rule_id: string;
  name: string;
  type: string;
  live: boolean;
  fired: boolean;
  skipped: string;
  action: Outcome | undefined;
  score: number;
  condition: Condition | undefined;
}

export interface BadEntity {
  element: string;
  value: string;
  label: string;
}

export interface Journey {
  session: string;
  device: string;
  person: string;
  matched_by: string;
  rating: Rating;
  score: number;
  labels: string[];
  signatures: string[];
  events: number;
  minutes_to_payment: number;
  cards_in_session: number;
  payments_in_session: number;
  payment_failures_in_session: number;
  account_known_on_device: boolean;
  account_age_days_on_device: number | undefined;
  bad_entities: BadEntity[];
  confidence: number;
}

export interface Decision {
  id: string;
  decision: Outcome;
  initial_decision: Outcome | undefined;
  source: string;
  context: string;
  credential_fingerprint: string;
  credential_type: string;
  masked_credential: string;
  ruleset_id: string;
  ruleset_version: number;
  triggered_rules: TriggeredRule[];
  shadow_triggered_rules: TriggeredRule[];
  shadow_decision: Outcome | undefined;
  backend_results: BackendResult[];
  events: LifecycleEvent[];
  resolution: Resolution | undefined;
  evaluated_at: string;
  latency_us: number;
  integration: string;
  interceptor_id: string;
  metadata: Record<string, string>;
  amount: number;
  currency: string;
  customer_id: string;
  device_fingerprint: string;
  device_ip: string;
  transaction_reference: string;
  payment_state: string;
  payment_type: string;
  payload: unknown;
  score: number | undefined;
  three_ds: string;
  journey: Journey | undefined;
  explanation: RuleTrace[];
  warnings: Problem[];
  /** Who has claimed a REVIEW; "" for nobody. */
  assignee: string;
}

/** What decisions are searched by; "" asks for all. */
export interface DecisionQuery {
  decision: string;
  context: string;
  customer_id: string;
  credential_fingerprint: string;
  reference: string;
  rule_id: string;
  device_ip: string;
  device_fingerprint: string;
  email: string;
  session: string;
  from: string;
  to: string;
}

/** One line of a count: a day, a rule or an outcome. */
export interface AnalyticsRow {
  key: string;
  total: number;
  allowed: number;
  reviewed: number;
  blocked: number;
  provisional: number;
  fraud: number;
  money: Record<string, number>;
}

export interface Analytics {
  by_day: AnalyticsRow[];
  by_context: AnalyticsRow[];
  by_rule: AnalyticsRow[];
  by_outcome: AnalyticsRow[];
  /** There were more decisions than are counted. */
  truncated: boolean;
}
