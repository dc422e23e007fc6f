import { noQuery, outcomes } from "../../../api/payment-decisions";
import type { DecisionQuery } from "../../../api/payment-types";
import { fromInput } from "../../../format/time";
import { presets, resolveRange } from "../../../state/search-state";
import type { Preset } from "../../../state/search-state";

/** What decisions were asked for, as the address bar holds it. */
export interface DecisionSearch {
  query: DecisionQuery;
  /** "" is all time; query.from and query.to count where it is "fixed". */
  span: Preset | "fixed" | "";
}

/** The fields with a text of their own, in the order of the form. */
export const textFields = [
  { name: "context", human: "Context" },
  { name: "reference", human: "Reference" },
  { name: "customer_id", human: "Customer" },
  { name: "email", human: "Email" },
  { name: "credential_fingerprint", human: "Card fingerprint" },
  { name: "rule_id", human: "Rule" },
  { name: "device_ip", human: "Device IP" },
  { name: "device_fingerprint", human: "Merchant’s device fingerprint" },
  { name: "session", human: "Session" },
] as const;

/** Reads the address; what cannot be read asks for all, so that a mangled link still opens. */
export function parseSearch(parameters: URLSearchParams): DecisionSearch {
  const query = { ...noQuery };
  for (const { name } of textFields) query[name] = (parameters.get(name) ?? "").slice(0, 256);
  query.decision = outcomes.find((outcome) => outcome === parameters.get("decision")) ?? "";
  const last = parameters.get("last") ?? "";
  const from = parameters.get("from") ?? "";
  const to = parameters.get("to") ?? "";
  if (Date.parse(from) < Date.parse(to)) return { query: { ...query, from, to }, span: "fixed" };
  return { query, span: Object.hasOwn(presets, last) ? (last as Preset) : "" };
}

export function writeSearch({ query, span }: DecisionSearch): Record<string, string> {
  const written: Record<string, string> = {};
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && (span === "fixed" || (name !== "from" && name !== "to"))) written[name] = value as string;
  }
  if (span !== "" && span !== "fixed") written.last = span;
  return written;
}

/** What is sent, as of now. */
export function resolved({ query, span }: DecisionSearch, now: Date): DecisionQuery {
  if (span === "fixed") return query;
  return { ...query, ...(span === "" ? { from: "", to: "" } : resolveRange({ last: span }, now)) };
}

/** Two inputs of a date and time as a span; undefined where they are none. */
export function spanOf(from: string, to: string): { from: string; to: string } | undefined {
  const first = fromInput(from);
  const last = fromInput(to);
  return first !== undefined && last !== undefined && first < last ? { from: first, to: last } : undefined;
}
