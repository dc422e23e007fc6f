/** Rulesets and what is known of them: they mirror the Go packages ruleset and decision. */

export type Status = "DRAFT" | "ACTIVE" | "INACTIVE";

/** A rule as far as the pages read it; raw is the whole of it, for the editor. */
export interface Rule {
  id: string;
  type: string;
  name: string;
  description: string;
  action: string;
  enabled: boolean;
  live: boolean;
  terminal: boolean;
  score: number;
  three_ds: string;
  condition: unknown;
  expression: string;
  fields: string[];
  ttl_seconds: number;
  populate_on: string[];
  backend: string;
  members: Member[];
  strategy: string;
  merge: string;
  async: boolean;
  on_error: string;
  raw: unknown;
}

export interface Member {
  backend: string;
  live: boolean;
  weight: number;
}

export interface Thresholds {
  review_at: number;
  block_at: number;
}

export interface Ruleset {
  id: string;
  context: string;
  description: string;
  created_by: string;
  created_at: string;
  activated_at: string;
  rules: Rule[];
  status: Status;
  version: number;
  score: Thresholds | undefined;
}

export interface RulePerformance {
  rule_id: string;
  name: string;
  hits: number;
  shadow_hits: number;
  share: number;
  fraud: number;
  precision: number | undefined;
  last_hit: string;
}

export interface Performance {
  decisions: number;
  /** There were more decisions than were counted. */
  truncated: boolean;
  fraud: number;
  rules: RulePerformance[];
}

export interface Tally {
  count: number;
  money: Record<string, number>;
}

/** One of the two sets of answers that a backtest compares. */
export interface Side {
  allowed: Tally;
  reviewed: Tally;
  blocked: Tally;
  fraud_caught: Tally;
  fraud_missed: Tally;
  good_hit: Tally;
  precision: number | undefined;
  recall: number | undefined;
  saved: Record<string, number>;
}

export interface Example {
  id: string;
  recorded: string;
  candidate: string;
  amount: number;
  currency: string;
  fraud: boolean;
  rules: string[];
}

/** Payments that would be answered differently. */
export interface Changed {
  count: number;
  fraud: number;
  money: Record<string, number>;
  examples: Example[];
}

export interface Report {
  decisions: number;
  skipped: number;
  truncated: boolean;
  candidate: Side;
  recorded: Side;
  newly_hit: Changed;
  no_longer_hit: Changed;
}
