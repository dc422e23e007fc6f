/** What happened and what is thought of it: the words of the Go package event, as far as the pages show them. */

export type Rating = "normal" | "suspicious" | "malicious";
export type Severity = "informational" | "trusting" | "suspicious" | "malicious";

export interface Reason {
  expression: string;
  value: string;
}

export interface Label {
  name: string;
  severity: Severity;
  rule: string;
  version: string;
  signature: boolean;
  shadow: boolean;
  points: number;
  family: string;
  because: Reason[];
  sentence: string;
}

export interface Action {
  name: string;
  kind: string;
  because: string;
  shadow: boolean;
  outcome: string;
  /** The policy whose step it is; empty for an action with a condition of its own. */
  policy: string;
  /** More about the outcome: why it was withheld, which check was offered. */
  detail: string;
}

export interface Element {
  name: string;
  kind: string;
  type: string;
  value: string;
  display: string;
  parts: Record<string, string>;
}

export interface Issue {
  code: string;
  element: string;
  detail: string;
}

export interface Http {
  method: string;
  host: string;
  route: string;
  status: number;
  duration_ns: number;
  inline: boolean;
}

export interface Event {
  id: string;
  time: string;
  name: string;
  type: string;
  result: string;
  spec: string;
  http: Http;
  address: string;
  elements: Element[];
  actions: Action[];
  issues: Issue[];
}

export interface EntityLabel {
  element: string;
  value: string;
  label: string;
  rule: string;
}

export interface RuleError {
  rule: string;
  error: string;
}

export interface Verdict {
  labels: Label[];
  entity_labels: EntityLabel[];
  rating: Rating;
  before: Rating;
  score: number;
  tipped: string[];
  actions: Action[];
  rules: string;
  errors: RuleError[];
}

export interface EventRecord {
  event: Event;
  session: {
    id: string;
    journey: string;
    /** "" where it is not known. */
    person: string;
    number: number;
    opened: string;
    join: { by: string; detail: string };
    labels: string[];
  };
  verdict: Verdict;
}
