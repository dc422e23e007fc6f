import type { Column, Filter } from "../../api/types";
import { duration, utcSecond } from "../../format/time";
import { ratingWord, ratings } from "../../format/words";

/** How a column is filtered. */
export type FilterKind = "text" | "rating" | "number" | "duration" | "time";

export interface ColumnInfo {
  column: Column;
  title: string;
  filter: FilterKind;
  /** Figures stand at the right, so that their digits line up. */
  figure?: boolean;
}

export const columnInfos: readonly ColumnInfo[] = [
  { column: "session_id", title: "Session ID", filter: "text" },
  { column: "opened", title: "Session UTC", filter: "time" },
  { column: "rating", title: "Session Risk Rating", filter: "rating" },
  { column: "events", title: "# Events", filter: "number", figure: true },
  { column: "labels", title: "# Labels", filter: "number", figure: true },
  { column: "duration", title: "Duration", filter: "duration", figure: true },
  { column: "country", title: "Country", filter: "text" },
  { column: "city", title: "City", filter: "text" },
  { column: "ip_address", title: "IP Address", filter: "text" },
];

/** The filter in words, for its chip: "# Events ≥ 10". */
export function describeFilter(filter: Filter): string {
  const info = columnInfos.find(({ column }) => column === filter.column);
  const title = info?.title ?? filter.column;
  if (filter.contains !== undefined) return `${title} contains “${filter.contains}”`;
  if (filter.in !== undefined) {
    const words = ratings.filter((rating) => filter.in?.includes(rating)).map(ratingWord);
    return `${title}: ${words.join(" or ")}`;
  }
  const show = (bound: string) => {
    if (info?.filter === "duration") return duration(Number(bound));
    return info?.filter === "time" ? utcSecond(bound) : bound;
  };
  const { min, max } = filter;
  if (min !== undefined && max !== undefined) return `${title} ${show(min)} – ${show(max)}`;
  return min !== undefined ? `${title} ≥ ${show(min)}` : `${title} ≤ ${show(max ?? "")}`;
}

/** The filters with this one in place of the column's old one; undefined takes it away. */
export function withFilter(filters: readonly Filter[], column: Column, filter: Filter | undefined): Filter[] {
  const others = filters.filter((other) => other.column !== column);
  return filter ? [...others, filter] : others;
}
