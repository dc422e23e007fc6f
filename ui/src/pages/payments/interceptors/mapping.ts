import type { Problem } from "../../../api/client";
import type { Entry } from "../../../api/payment-interceptors";

/** An entry while it is edited: a constant is the text of its JSON. */
export interface EntryDraft {
  kind: "source" | "const";
  text: string;
  filter: string;
  target: string;
}

/** Where mapped values usually go. */
export const targets = [
  "credential.type",
  "credential.first_six",
  "credential.last_four",
  "credential.expiry_month",
  "credential.expiry_year",
  "credential.pan.value",
  "credential.sepa.iban",
  "customer.id",
  "customer.email",
  "transaction.reference",
  "transaction.amount",
  "transaction.currency",
  "device.ip",
  "device.session",
  "device.fingerprint",
  "billing.country",
  "shipping.country",
] as const;

export const emptyEntry: EntryDraft = { kind: "source", text: "", filter: "", target: "" };

export function draftOf({ source, constant, filter, target }: Entry): EntryDraft {
  if (source !== "") return { kind: "source", text: source, filter, target };
  return { kind: "const", text: JSON.stringify(constant ?? null), filter, target };
}

/** The entries as they are sent, or what is wrong with them. A constant that is no JSON is meant as text. */
export function sent(drafts: readonly EntryDraft[]): object[] {
  return drafts.map(({ kind, text, filter, target }) => ({
    ...(kind === "source" ? { source: text.trim() } : { const: constantOf(text) }),
    ...(filter.trim() === "" ? {} : { filter: filter.trim() }),
    target: target.trim(),
  }));
}

function constantOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export type Cell = "text" | "filter" | "target";

/** The problems of a cell, by the path the server gives: "$.field_mapping[2].filter". */
export function problemsAt(problems: readonly Problem[], row: number, cell: Cell): string[] {
  return problems.filter(({ field }) => rowOf(field) === row && cellOf(field) === cell).map(({ message }) => message);
}

/** Those that belong to no row. */
export function otherProblems(problems: readonly Problem[]): Problem[] {
  return problems.filter(({ field }) => rowOf(field) === undefined);
}

function rowOf(field: string): number | undefined {
  const found = /^\$\.field_mapping\[(\d+)\]/.exec(field);
  return found ? Number(found[1]) : undefined;
}

function cellOf(field: string): Cell {
  if (field.includes(".filter")) return "filter";
  return field.includes(".target") ? "target" : "text";
}
