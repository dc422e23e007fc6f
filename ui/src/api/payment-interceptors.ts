import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, post, read, readTagged, remove } from "./client";
import { anything, fallback, flag, list, number, object, optionalNumber, optionalText, text, time } from "./decode";
import type { Decoder } from "./decode";
import { status } from "./payment-rulesets";
import type { Status } from "./payment-ruleset-types";
import { endless, onUnlessOff, partOf, paymentPath, segment } from "./payments";

/** Sets one field of the decision request; it has a source or a constant. */
export interface Entry {
  source: string;
  /** Undefined where there is a source. */
  constant: unknown;
  filter: string;
  target: string;
}

export interface DiscoveredKey {
  key: string;
  type: string;
  count: number;
  last_seen: string;
}

export interface Interceptor {
  id: string;
  ref: string;
  context: string;
  active: boolean;
  description: string;
  destination: { url: string; timeout_ms: number };
  field_mapping: Entry[];
  responses: unknown;
  discovered_keys: DiscoveredKey[];
  status: Status;
  version: number;
  inserted_at: string;
  updated_at: string;
  on_invalid: string;
  on_failure: string;
  decision_header: string;
  store_payload: boolean;
}

const entryFields = object<{ source: string; const: unknown; filter: string; target: string }>({
  source: optionalText,
  const: (value) => value,
  filter: optionalText,
  target: text,
});

const entry: Decoder<Entry> = (value, path) => {
  const { const: constant, ...rest } = entryFields(value, path);
  return { ...rest, constant };
};

const interceptor = object<Interceptor>({
  id: text,
  ref: optionalText,
  context: text,
  active: onUnlessOff,
  description: optionalText,
  destination: object<Interceptor["destination"]>({ url: text, timeout_ms: optionalNumber }),
  field_mapping: list(entry),
  responses: anything,
  discovered_keys: list(
    object<DiscoveredKey>({ key: text, type: optionalText, count: optionalNumber, last_seen: fallback(time, "") }),
  ),
  status,
  version: number,
  inserted_at: time,
  updated_at: time,
  on_invalid: optionalText,
  on_failure: optionalText,
  decision_header: optionalText,
  store_payload: flag,
});

const interceptors = partOf(interceptor);
const place = (id: string, verb = "") => `admin/interceptors/${segment(id)}${verb === "" ? "" : `/${verb}`}`;

export function interceptorsQuery(environment: string) {
  return infiniteQueryOptions({
    queryKey: ["interceptors", environment],
    queryFn: ({ signal, pageParam }) =>
      read(paymentPath(environment, "admin/interceptors", { limit: "50", after: pageParam }), interceptors, signal),
    ...endless,
  });
}

export function interceptorQuery(environment: string, id: string) {
  return queryOptions({
    queryKey: ["interceptor", environment, id],
    queryFn: ({ signal }) => readTagged(paymentPath(environment, place(id)), interceptor, signal),
    retry: false,
  });
}

export interface NewInterceptor {
  /** Of the interceptor that this is the next version of; left out for a new one. */
  ref?: string;
  context: string;
  destination: { url: string; timeout_ms?: number };
  [setting: string]: unknown;
}

export function createInterceptor(environment: string, body: NewInterceptor) {
  return post(paymentPath(environment, "admin/interceptors"), body, interceptor);
}

export function saveInterceptor(environment: string, id: string, body: unknown, tag: string) {
  return change(paymentPath(environment, place(id)), body, interceptor, tag);
}

export function moveInterceptor(environment: string, id: string, verb: "activate" | "rollback") {
  return post(paymentPath(environment, place(id, verb)), {}, interceptor);
}

export function deleteInterceptor(environment: string, id: string) {
  return remove(paymentPath(environment, place(id)));
}

/** An entry as it is sent. */
export function written({ source, constant, filter, target }: Entry): object {
  return { ...(source === "" ? { const: constant ?? null } : { source }), ...(filter === "" ? {} : { filter }), target };
}

/** What may be changed of an interceptor beside its mapping, as it is sent. */
export function settingsOf(interceptor: Interceptor): NewInterceptor {
  const { context, active, description, destination, responses, on_invalid, on_failure, decision_header, store_payload } = interceptor;
  return {
    description: description === "" ? null : description,
    context,
    active,
    destination,
    responses: responses ?? {},
    on_invalid: on_invalid === "" ? "forward" : on_invalid,
    on_failure: on_failure === "" ? "forward" : on_failure,
    ...(decision_header === "" ? {} : { decision_header }),
    store_payload,
  };
}
