import { useState } from "react";
import type { Page } from "../../api/types";

interface Seen {
  key: string;
  page: Page | undefined;
  rows: Map<string, string>;
  changed: Set<string>;
  generation: number;
}

/** Which rows are new or different since the last answer to the same search. Nothing is, after another search. */
export function useChangedRows(key: string, page: Page | undefined): { changed: Set<string>; generation: number } {
  const [seen, setSeen] = useState<Seen>({ key, page: undefined, rows: new Map(), changed: new Set(), generation: 0 });
  if (page === seen.page && key === seen.key) return seen;

  const rows = new Map(page?.sessions.map((row) => [row.session_id, `${row.events} ${row.labels} ${row.rating}`]));
  const comparable = key === seen.key && seen.page !== undefined;
  const changed = comparable ? [...rows.keys()].filter((id) => rows.get(id) !== seen.rows.get(id)) : [];
  const next = { key, page, rows, changed: new Set(changed), generation: seen.generation + 1 };
  setSeen(next);
  return next;
}
