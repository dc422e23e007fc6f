import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { post, read, remove } from "./client";
import { fallback, flag, object, optionalText, text, time } from "./decode";
import { endless, partOf, paymentPath, segment } from "./payments";

/** An entry of the blacklist or of a named list. */
export interface ListValue {
  id: string;
  list: string;
  field_path: string;
  value: string;
  display_hint: string;
  expires_at: string;
  source_decision_id: string;
  note: string;
  inserted_at: string;
}

export interface NamedList {
  name: string;
  /** "block", "allow" or "review"; "" where it is not told. */
  kind: string;
  /** It has values from the configuration too, which are not listed. */
  has_configured_values: boolean;
}

export const blacklist = "blacklist";

const optionalTime = fallback(time, "");

const listValue = object<ListValue>({
  id: text,
  list: optionalText,
  field_path: optionalText,
  value: text,
  display_hint: optionalText,
  expires_at: optionalTime,
  source_decision_id: optionalText,
  note: optionalText,
  inserted_at: time,
});

const values = partOf(listValue);
const namedLists = partOf(object<NamedList>({ name: text, kind: optionalText, has_configured_values: flag }));

/** Where the values of a list are. */
function valuesOf(list: string): string {
  return list === blacklist ? "admin/blacklist" : `admin/lists/${segment(list)}`;
}

const pageSize = 100;

export function namedListsQuery(environment: string) {
  return queryOptions({
    queryKey: ["named-lists", environment],
    queryFn: ({ signal }) => read(paymentPath(environment, "admin/lists"), namedLists, signal),
    retry: false,
  });
}

export function valuesQuery(environment: string, list: string) {
  return infiniteQueryOptions({
    queryKey: ["list-values", environment, list],
    queryFn: ({ signal, pageParam }) => read(paymentPath(environment, valuesOf(list), { limit: String(pageSize), after: pageParam }), values, signal),
    ...endless,
  });
}

/** The entries of the blacklist that hold a value: one, or none. */
export function standingQuery(environment: string, fieldPath: string, value: string) {
  return queryOptions({
    queryKey: ["list-values", environment, "standing", fieldPath, value],
    queryFn: async ({ signal }) => (await read(paymentPath(environment, valuesOf(blacklist), { field_path: fieldPath, value }), values, signal)).data,
    retry: false,
  });
}

export interface NewValue {
  /** Only of the blacklist: where in a payment the value stands. */
  field_path?: string;
  value: string;
  /** Left out it never expires. */
  ttl_seconds?: number;
  note?: string;
}

export function addValue(environment: string, list: string, entry: NewValue) {
  return post(paymentPath(environment, valuesOf(list)), entry, listValue);
}

export function removeValue(environment: string, list: string, id: string) {
  return remove(paymentPath(environment, `${valuesOf(list)}/${segment(id)}`));
}
