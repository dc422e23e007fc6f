/**
 * The words the Hub's server answers with. They mirror the Go packages search and access (event has its own file); the golden files in
 * testdata/wire are read by both sides, so a change here or there shows up as a failing test.
 */

import type { Action, EventRecord, Label, Rating } from "./event-types";
import type { MitigationHealth } from "./mitigation-types";

export type * from "./event-types";
export type * from "./explanation-types";
export type * from "./mitigation-types";

export interface User {
  email: string;
  name: string;
}

export interface Environment {
  name: string;
  role: string;
  permissions: string[];
}

export interface Me {
  user: User;
  environments: Environment[];
  version: string;
  /** The time without an event after which a session is over; 0 where it is unknown. */
  session_idle_seconds: number;
}

export type Role = "administrator" | "analyst" | "viewer";

/** A person with a role in the environment. */
export interface ListedUser {
  id: string;
  email: string;
  name: string;
  role: string;
  created: string;
  disabled: boolean;
}

export interface Users {
  users: ListedUser[];
}

/** The password is shown this once; there is none where the person already had one. */
export interface CreatedUser {
  user: ListedUser;
  password: string;
}

export interface AuditEntry {
  id: string;
  environment: string;
  at: string;
  actor: string;
  action: string;
  detail: string;
  address: string;
}

export interface Audit {
  entries: AuditEntry[];
}

export interface ExportTicket {
  ticket: string;
  expires_in_seconds: number;
}

export interface FieldValue {
  value: string;
  human: string;
}

/** Something sessions can be searched by: one of the session's own fields, or an element of the catalogue. */
export interface Field {
  name: string;
  human: string;
  group: string;
  kind: string;
  type: string;
  /** A typed value of it must not stand in an address. */
  sensitive: boolean;
  /** The only values it can have, where they are known. */
  values: FieldValue[];
}

export interface EventType {
  type: string;
  human: string;
  group: string;
}

export interface Fields {
  fields: Field[];
  event_types: EventType[];
}

export type Column =
  | "session_id"
  | "opened"
  | "rating"
  | "events"
  | "labels"
  | "duration"
  | "country"
  | "city"
  | "ip_address";

/** Narrows one column. Durations are seconds, times RFC 3339. */
export interface Filter {
  column: Column;
  contains?: string;
  in?: string[];
  min?: string;
  max?: string;
}

export interface Query {
  environment: string;
  field?: string;
  values?: string[];
  from: string;
  to: string;
  filters?: Filter[];
  sort?: Column;
  descending?: boolean;
  limit: number;
  offset?: number;
}

/** One row of the search result. */
export interface SessionRow {
  session_id: string;
  journey_id: string;
  opened: string;
  last_seen: string;
  rating: Rating;
  score: number;
  events: number;
  labels: number;
  duration_seconds: number;
  country: string;
  city: string;
  ip_address: string;
}

export interface Page {
  sessions: SessionRow[];
  total: number;
}

export interface Totals {
  sessions: number;
  events: number;
  normal: number;
  suspicious: number;
  malicious: number;
}

export interface PlacedLabel extends Label {
  event_id: string;
  at: string;
  times: number;
}

export interface PlacedAction extends Action {
  event_id: string;
  at: string;
}

export interface LinkedEntity {
  element: string;
  value: string;
  display: string;
  related_sessions: number;
}

/** One session whole. */
export interface Story {
  session: SessionRow;
  events: EventRecord[];
  truncated: boolean;
  labels: PlacedLabel[];
  actions: PlacedAction[];
  linked: LinkedEntity[];
}

export interface Health {
  warehouse: { state: string; lag_records: number; detail: string };
  log: { acknowledged: number; state: string; detail: string };
  traffic: {
    requests: number;
    matched: number;
    blocked: number;
    shed: Record<string, number>;
    failures: Record<string, number>;
  };
  location: { state: string; detail: string; attribution: string };
  mitigation: MitigationHealth;
}

/** The short form of a record that the live stream sends. */
export interface LiveRecord {
  event_id: string;
  session_id: string;
  time: string;
  event_name: string;
  event_type: string;
  result: string;
  rating: Rating;
  before: Rating;
  labels: string[];
  number: number;
}

export interface LiveBatch {
  records: LiveRecord[];
  skipped: number;
}
