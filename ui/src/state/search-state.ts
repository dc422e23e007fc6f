import type { Column, Filter, Query } from "../api/types";
import { hold, recall } from "./held";

/** What the analyst asked for, as the address bar holds it. */
export interface SearchState {
  field: string;
  values: string[];
  /** The values are kept out of the address; it has a key of them instead. */
  hidden: boolean;
  range: Range;
  filters: Filter[];
  sort: Column;
  descending: boolean;
  /** From 1. */
  page: number;
}

/** A span that moves with the clock, or a fixed one. */
export type Range = { last: Preset } | { from: string; to: string };

export const presets = {
  "15m": { seconds: 900, human: "Last 15 minutes" },
  "1h": { seconds: 3_600, human: "Last hour" },
  "24h": { seconds: 86_400, human: "Last 24 hours" },
  "7d": { seconds: 604_800, human: "Last 7 days" },
  "30d": { seconds: 2_592_000, human: "Last 30 days" },
  "90d": { seconds: 7_776_000, human: "Last 90 days" },
} as const;

export type Preset = keyof typeof presets;

export const pageSize = 100;
/** Nobody leafs further than this; whoever gets here narrows the search. */
const lastPage = 10_000;

export const columns: readonly Column[] = [
  "session_id",
  "opened",
  "rating",
  "events",
  "labels",
  "duration",
  "country",
  "city",
  "ip_address",
];

export const defaultState: SearchState = {
  field: "",
  values: [],
  hidden: false,
  range: { last: "1h" },
  filters: [],
  sort: "opened",
  descending: true,
  page: 1,
};

/** Reads the address; whatever cannot be read falls back to the default, so that a mangled link still opens. */
export function parseState(search: string): SearchState {
  const parameters = new URLSearchParams(search);
  const held = parameters.get("held");
  const sort = parameters.get("sort") ?? "";
  const column = asColumn(sort.replace(/^-/, ""));
  const page = Number(parameters.get("page") ?? "1");
  return {
    field: parameters.get("field") ?? "",
    values: held === null ? parameters.getAll("value") : recall(held),
    hidden: held !== null,
    range: parseRange(parameters),
    filters: parseFilters(parameters.getAll("filter")),
    sort: column ?? defaultState.sort,
    descending: column ? sort.startsWith("-") : defaultState.descending,
    page: Number.isInteger(page) && page > 0 && page <= lastPage ? page : 1,
  };
}

/** Writes the parameters that differ from the default. */
export function writeState(state: SearchState): URLSearchParams {
  const parameters = new URLSearchParams();
  if (state.field !== "") parameters.set("field", state.field);
  if (state.hidden) parameters.set("held", hold(state.values));
  else for (const value of state.values) parameters.append("value", value);
  if ("last" in state.range) {
    if (state.range.last !== "1h") parameters.set("last", state.range.last);
  } else {
    parameters.set("from", state.range.from);
    parameters.set("to", state.range.to);
  }
  for (const filter of state.filters) parameters.append("filter", writeFilter(filter));
  if (state.sort !== defaultState.sort || !state.descending) {
    parameters.set("sort", `${state.descending ? "-" : ""}${state.sort}`);
  }
  if (state.page > 1) parameters.set("page", String(state.page));
  return parameters;
}

/** True when the address has a key of values that this page does not know, as after a reload. */
export function isForgotten(state: SearchState): boolean {
  return state.hidden && state.values.length === 0;
}

export function searchAddress(environment: string, state: SearchState): string {
  const parameters = writeState(state);
  parameters.set("env", environment);
  return `/search?${parameters.toString()}`;
}

export function resolveRange(range: Range, now: Date): { from: string; to: string } {
  if (!("last" in range)) return range;
  const start = new Date(now.getTime() - presets[range.last].seconds * 1_000);
  return { from: start.toISOString(), to: now.toISOString() };
}

/** True when new events can still fall into the range. */
export function isOpenEnded(range: Range, now: Date): boolean {
  return "last" in range || Date.parse(range.to) > now.getTime();
}

export function toQuery(state: SearchState, environment: string, now: Date): Query {
  return {
    environment,
    ...(state.field !== "" && state.values.length > 0 ? { field: state.field, values: state.values } : {}),
    ...resolveRange(state.range, now),
    ...(state.filters.length > 0 ? { filters: state.filters } : {}),
    sort: state.sort,
    descending: state.descending,
    limit: pageSize,
    ...(state.page > 1 ? { offset: (state.page - 1) * pageSize } : {}),
  };
}

function asColumn(word: string): Column | undefined {
  return columns.find((column) => column === word);
}

function parseRange(parameters: URLSearchParams): Range {
  const last = parameters.get("last");
  if (last !== null && Object.hasOwn(presets, last)) return { last: last as Preset };
  const from = parameters.get("from") ?? "";
  const to = parameters.get("to") ?? "";
  if (Date.parse(from) < Date.parse(to)) return { from, to };
  return defaultState.range;
}

/** One filter is column:kind:text, such as "country:contains:FR", "rating:in:malicious", "events:min:10". */
function parseFilters(written: string[]): Filter[] {
  const filters = new Map<Column, Filter>();
  for (const entry of written) {
    const [, word = "", kind = "", text = ""] = /^([a-z_]+):([a-z]+):(.+)$/s.exec(entry) ?? [];
    for (const [part, value] of kind === "range" ? rangeParts(text) : [[kind, text] as const]) {
      const column = asColumn(word);
      if (!column || value === "") continue;
      const filter = filters.get(column) ?? { column };
      if (part === "contains" || part === "min" || part === "max") filter[part] = value;
      else if (part === "in") filter.in = value.split(",");
      else continue;
      filters.set(column, filter);
    }
  }
  return [...filters.values()];
}

function rangeParts(text: string): (readonly [string, string])[] {
  const [min = "", max = ""] = text.split("~");
  return [
    ["min", min],
    ["max", max],
  ];
}

function writeFilter(filter: Filter): string {
  if (filter.contains !== undefined) return `${filter.column}:contains:${filter.contains}`;
  if (filter.in !== undefined) return `${filter.column}:in:${filter.in.join(",")}`;
  return `${filter.column}:range:${filter.min ?? ""}~${filter.max ?? ""}`;
}
