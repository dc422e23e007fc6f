import type { Action, EventRecord } from "../../../api/types";

/** How the event table is narrowed; empty means all. */
export interface EventFilter {
  type: string;
  name: string;
  label: string;
}

export const noFilter: EventFilter = { type: "", name: "", label: "" };

export function matches({ event, verdict }: EventRecord, filter: EventFilter): boolean {
  return (
    (filter.type === "" || event.type === filter.type) &&
    (filter.name === "" || event.name === filter.name) &&
    (filter.label === "" || verdict.labels.some(({ name }) => name === filter.label))
  );
}

/** What the session's events can be narrowed to, each once, in alphabetical order. */
export function choices(records: readonly EventRecord[]): { types: string[]; names: string[]; labels: string[] } {
  return {
    types: distinct(records.map(({ event }) => event.type)),
    names: distinct(records.map(({ event }) => event.name)),
    labels: distinct(records.flatMap(({ verdict }) => verdict.labels.map(({ name }) => name))),
  };
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort((a, b) => a.localeCompare(b, "en"));
}

/** The actions of an event: those carried out or withheld, then those the verdict only asked for. */
export function actionsOf(record: EventRecord): Action[] {
  return [...record.event.actions, ...asksOf(record).filter(({ answer }) => !answer).map(({ action }) => action)];
}

/** Something a verdict asked for that was not done as it was asked. */
export interface Ask {
  action: Action;
  /** What was done instead: a later step of the same policy. */
  answer: Action | undefined;
}

/** What the verdict asked for, without what was done just so. */
export function asksOf({ event, verdict }: EventRecord): Ask[] {
  return verdict.actions
    .filter((asked) => !event.actions.some(({ name, kind }) => name === asked.name && kind === asked.kind))
    .map((action) => ({ action, answer: event.actions.find(({ policy }) => policy !== "" && policy === action.policy) }));
}
