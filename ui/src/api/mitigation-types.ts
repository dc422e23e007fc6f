/** How mitigation stands and what it did: the words of the Go packages hub and search. */

export interface MitigationStop {
  since: string;
  until: string;
  who: string;
  why: string;
}

/** What every page says of mitigation. */
export interface MitigationHealth {
  /** There is one while an operator has stopped all mitigation. */
  stop?: MitigationStop | undefined;
  open: { policy: string; since: string; until: string; why: string }[];
}

export interface PolicyStep {
  action: string;
  kind: string;
}

export interface Breaker {
  state: "closed" | "open" | "half_open";
  since: string;
  until: string;
  looked: number;
  dealt: number;
  percent: number;
  opened: number;
}

export interface PolicyStatus {
  name: string;
  mode: string;
  own: boolean;
  scope: string;
  steps: PolicyStep[];
  specs: string[];
  percent: number;
  control: number;
  quiet: boolean;
  dealing: number;
  done: number;
  withheld: number;
  /** None where the policy cannot stand in anybody's way. */
  breaker?: Breaker | undefined;
}

export interface CheckStatus {
  check: string;
  family: string;
  country: string;
  signed_in: boolean;
  offered: number;
  passed: number;
  refused: number;
  looped: number;
}

export interface FeignStatus {
  policy: string;
  spec: string;
  as: string;
  ready: boolean;
}

export interface SparedVisitor {
  scope: string;
  element: string;
  key: string;
  until: string;
  policy: string;
}

export interface IntegrationStatus {
  name: string;
  kind: string;
  sent: number;
  failed: number;
  waiting: number;
  open: boolean;
  last_error: string;
  last_sent: string;
}

export interface MitigationStatus {
  stop?: MitigationStop | undefined;
  policies: PolicyStatus[];
  checks: CheckStatus[];
  feigned: FeignStatus[];
  spared: SparedVisitor[];
  spared_total: number;
  loops_broken: number;
  integrations: IntegrationStatus[];
}

/** Sessions, and what they did before and after the policy first asked for them. */
export interface Arm {
  sessions: number;
  /** Normal, suspicious, malicious. */
  rating_then: number[];
  rating_now: number[];
  attempts_before: number;
  attempts_after: number;
  reached_before: number;
  reached_after: number;
  succeeded_after: number;
  dwell_median_seconds: number;
  dwell_longest_seconds: number;
}

export interface Bucket {
  at: string;
  attempts: number;
  done: number;
  withheld: number;
}

export interface Effect {
  policy: string;
  kinds: string[];
  done: number;
  withheld: number;
  unavailable: number;
  failed: number;
  passed: number;
  refused: number;
  shadow: number;
  asked: number;
  why: { reason: string; count: number }[];
  dealt: Arm;
  control: Arm;
  touched: { sessions: number; rated_normal: number; passed_check: number };
  buckets: Bucket[];
}

export interface Effects {
  from: string;
  to: string;
  step_seconds: number;
  policies: Effect[];
}

export interface AffectedVisitor {
  scope: string;
  element: string;
  key: string;
  session_id: string;
  device_id: string;
  because: string;
  action: string;
  kind: string;
  first: string;
  last: string;
  times: number;
  until: string;
  honest: string;
}

export interface Affected {
  policy: string;
  since: string;
  affected: AffectedVisitor[];
  total: number;
}

export interface TriedAccount {
  element: string;
  value: string;
  display: string;
  times: number;
  first: string;
  last: string;
  sessions: number;
  some_sessions: string[];
  /** "" where it is not known to have logged in. */
  last_login: string;
}

export interface TriedAccounts {
  accounts: TriedAccount[];
  total: number;
  known: number;
}
