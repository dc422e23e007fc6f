import type { Filter } from "../../api/types";
import { duration, fromInput, parseDuration, toInput } from "../../format/time";
import { countryName, ratings } from "../../format/words";
import type { ColumnInfo, FilterKind } from "./columns";

/** What stands in a filter's panel. */
export interface Draft {
  contains: string;
  in: readonly string[];
  min: string;
  max: string;
}

/** A filter (none when nothing was entered), or what is wrong with the entry. */
export type Made = { filter: Filter | undefined } | { fault: string };

export function makeFilter(info: ColumnInfo, draft: Draft): Made {
  const { column } = info;
  if (info.filter === "text") {
    const contains = draft.contains.trim();
    if (contains === "") return { filter: undefined };
    return { filter: { column, contains: column === "country" ? countryCode(contains) : contains } };
  }
  if (info.filter === "rating") {
    const chosen = ratings.filter((rating) => draft.in.includes(rating));
    const narrows = chosen.length > 0 && chosen.length < ratings.length;
    return { filter: narrows ? { column, in: chosen } : undefined };
  }
  return makeRange(info, draft);
}

function makeRange({ column, filter: kind }: ColumnInfo, draft: Draft): Made {
  const min = readBound(kind, draft.min);
  const max = readBound(kind, draft.max);
  if (min === undefined || max === undefined) {
    return { fault: unreadable(kind) };
  }
  if (min === "" && max === "") return { filter: undefined };
  if (min !== "" && max !== "" && isAfter(kind, min, max)) return { fault: "The least is more than the most." };
  return { filter: { column, ...(min === "" ? {} : { min }), ...(max === "" ? {} : { max }) } };
}

function unreadable(kind: FilterKind): string {
  if (kind === "number") return "Enter a whole number.";
  return kind === "duration" ? "Enter a duration such as 90s or 5m." : "Enter a date and a time.";
}

/** The bound as the server takes it, "" when there is none, undefined when it cannot be read. */
function readBound(kind: FilterKind, text: string): string | undefined {
  const entered = text.trim();
  if (entered === "") return "";
  if (kind === "time") return fromInput(entered);
  if (kind === "duration") return parseDuration(entered)?.toString();
  return /^\d{1,15}$/.test(entered) ? entered : undefined;
}

function isAfter(kind: FilterKind, min: string, max: string): boolean {
  return kind === "time" ? Date.parse(min) > Date.parse(max) : Number(min) > Number(max);
}

/** A bound as it stands in the panel. */
export function boundText(kind: FilterKind, bound: string | undefined): string {
  if (bound === undefined) return "";
  if (kind === "time") return toInput(bound);
  if (kind !== "duration") return bound;
  const words = duration(Number(bound));
  return parseDuration(words) === Number(bound) ? words : `${bound}s`;
}

/** Sessions keep a country's code; people think of its name. */
export function countryCode(entered: string): string {
  const wanted = entered.toLowerCase();
  const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  for (const first of letters) {
    for (const second of letters) {
      if (countryName(first + second).toLowerCase() === wanted) return first + second;
    }
  }
  return entered;
}
