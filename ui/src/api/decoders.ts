import type * as wire from "./types";
import { mitigationHealth } from "./mitigation";
import { dictionary, fallback, flag, list, number, object, oneOf, optionalNumber, optionalText, text, time } from "./decode";

export const rating = oneOf<wire.Rating>("normal", "suspicious", "malicious");
export const severity = oneOf<wire.Severity>("informational", "trusting", "suspicious", "malicious");

const user = object<wire.User>({ email: text, name: optionalText });

export const login = object<{ user: wire.User }>({ user });

export const me = object<wire.Me>({
  user,
  environments: list(object<wire.Environment>({ name: text, role: text, permissions: list(text) })),
  version: optionalText,
  session_idle_seconds: optionalNumber,
});

const listedUser = object<wire.ListedUser>({ id: text, email: text, name: optionalText, role: text, created: time, disabled: flag });

export const users = object<wire.Users>({ users: list(listedUser) });

export const createdUser = object<wire.CreatedUser>({ user: listedUser, password: optionalText });

export const audit = object<wire.Audit>({
  entries: list(
    object<wire.AuditEntry>({
      id: text,
      environment: text,
      at: time,
      actor: text,
      action: text,
      detail: optionalText,
      address: optionalText,
    }),
  ),
});

export const exportTicket = object<wire.ExportTicket>({ ticket: text, expires_in_seconds: optionalNumber });

export const fields = object<wire.Fields>({
  fields: list(
    object<wire.Field>({
      name: text,
      human: text,
      group: text,
      kind: optionalText,
      type: optionalText,
      sensitive: flag,
      values: list(object<wire.FieldValue>({ value: text, human: text })),
    }),
  ),
  event_types: list(object<wire.EventType>({ type: text, human: text, group: text })),
});

const sessionRow = object<wire.SessionRow>({
  session_id: text,
  journey_id: optionalText,
  opened: time,
  last_seen: time,
  rating,
  score: optionalNumber,
  events: number,
  labels: number,
  duration_seconds: number,
  country: optionalText,
  city: optionalText,
  ip_address: optionalText,
});

export const page = object<wire.Page>({ sessions: list(sessionRow), total: number });

export const totals = object<wire.Totals>({
  sessions: number,
  events: number,
  normal: number,
  suspicious: number,
  malicious: number,
});

const labelShape = {
  name: text,
  severity,
  rule: optionalText,
  version: optionalText,
  signature: flag,
  shadow: flag,
  points: optionalNumber,
  family: optionalText,
  because: list(object<wire.Reason>({ expression: text, value: text })),
  sentence: optionalText,
};

const actionShape = { name: text, kind: text, because: optionalText, shadow: flag, outcome: optionalText, policy: optionalText, detail: optionalText };
const placed = { event_id: text, at: time };
const action = object<wire.Action>(actionShape);

const element = object<wire.Element>({
  name: text,
  kind: text,
  type: optionalText,
  value: optionalText,
  display: optionalText,
  parts: dictionary(text),
});

const http = object<wire.Http>({
  method: optionalText,
  host: optionalText,
  route: optionalText,
  status: optionalNumber,
  duration_ns: optionalNumber,
  inline: flag,
});

const evidence = object<{ address: string }>({ address: optionalText });

const wireEvent = object<Omit<wire.Event, "address"> & { evidence: { address: string } }>({
  id: text,
  time,
  name: text,
  type: text,
  result: optionalText,
  spec: optionalText,
  http,
  evidence: fallback(evidence, { address: "" }),
  elements: list(element),
  actions: list(action),
  issues: list(object<wire.Issue>({ code: text, element: optionalText, detail: optionalText })),
});

/** Of the evidence only the address is shown; the rest are hashes that mean nothing to a person. */
function event(value: unknown, path: string): wire.Event {
  const { evidence: seen, ...rest } = wireEvent(value, path);
  return { ...rest, address: seen.address };
}

const verdict = object<wire.Verdict>({
  labels: list(object<wire.Label>(labelShape)),
  entity_labels: list(object<wire.EntityLabel>({ element: text, value: text, label: text, rule: optionalText })),
  rating,
  before: rating,
  score: optionalNumber,
  tipped: list(text),
  actions: list(action),
  rules: optionalText,
  errors: list(object<wire.RuleError>({ rule: text, error: text })),
});

const record = object<wire.EventRecord>({
  event,
  session: object<wire.EventRecord["session"]>({
    id: text,
    journey: optionalText,
    person: optionalText,
    number,
    opened: time,
    join: object<{ by: string; detail: string }>({ by: optionalText, detail: optionalText }),
    labels: list(text),
  }),
  verdict,
});

export const story = object<wire.Story>({
  session: sessionRow,
  events: list(record),
  truncated: flag,
  labels: list(object<wire.PlacedLabel>({ ...labelShape, ...placed, times: optionalNumber })),
  actions: list(object<wire.PlacedAction>({ ...actionShape, ...placed })),
  linked: list(
    object<wire.LinkedEntity>({ element: text, value: text, display: optionalText, related_sessions: number }),
  ),
});

const counts = dictionary(number);

export const health = object<wire.Health>({
  warehouse: object<wire.Health["warehouse"]>({ state: text, lag_records: optionalNumber, detail: optionalText }),
  log: object<wire.Health["log"]>({ acknowledged: optionalNumber, state: text, detail: optionalText }),
  traffic: object<wire.Health["traffic"]>({
    requests: optionalNumber,
    matched: optionalNumber,
    blocked: optionalNumber,
    shed: counts,
    failures: counts,
  }),
  location: object<wire.Health["location"]>({ state: text, detail: optionalText, attribution: optionalText }),
  mitigation: fallback(mitigationHealth, { open: [] }),
});

export const liveBatch = object<wire.LiveBatch>({
  records: list(
    object<wire.LiveRecord>({
      event_id: text,
      session_id: text,
      time,
      event_name: optionalText,
      event_type: optionalText,
      result: optionalText,
      rating,
      before: rating,
      labels: list(text),
      number: optionalNumber,
    }),
  ),
  skipped: optionalNumber,
});
