/** Why a session is rated as it is: the words of the Go type hub.Explanation. */

import type { Rating, Reason, Severity } from "./event-types";

/** One thing a label rests on, with what the rule compares it with; texts are empty where there is nothing. */
export interface Operand {
  expression: string;
  value: string;
  operator: string;
  threshold: string;
  window: string;
  step: number;
}

export interface ExplainedLabel {
  name: string;
  severity: Severity;
  rule: string;
  version: string;
  signature: boolean;
  shadow: boolean;
  points: number;
  family: string;
  event_id: string;
  at: string;
  tipped: boolean;
  /** The rating without this label alone. */
  without: Rating;
  operands: Operand[];
  sentence: string;
}

/** A line of a session's timeline: an event that changed something, or several that did not. */
export interface Moment {
  at: string;
  event_id: string;
  name: string;
  type: string;
  result: string;
  quiet: number;
  rating: Rating;
  score: number;
  notes: string[];
}

/** Why a session is rated as it is. */
export interface Explanation {
  session_id: string;
  event_id: string;
  device_id: string;
  person_id: string;
  actor_id: string;
  opened: string;
  at: string;
  events: number;
  rating: Rating;
  score: number;
  /** What the score lacks to next_rating; 0 when no rating is worse. */
  next: number;
  next_rating: Rating;
  /** A smallest set of labels without which the rating would be `without`. */
  tipped: string[];
  without: Rating;
  exact: boolean;
  /** A small set of labels that alone come to the rating. */
  enough: string[];
  turned: string[];
  turned_at: string;
  rules: string;
  current: boolean;
  join: { by: string; detail: string };
  link: { tier: string; bits: number; margin: number; because: Reason[] };
  confidence_percent: number;
  sentences: string[];
  labels: ExplainedLabel[];
  timeline: Moment[];
  partial: boolean;
}
