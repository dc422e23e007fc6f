import type { UseQueryResult } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Page, Query } from "../../api/types";
import { Failure, FailureBanner } from "../../components/Notice";
import { may, useWorkplace } from "../../state/environment";
import type { SearchState } from "../../state/search-state";
import type { PausedLive } from "../../state/use-paused-live";
import { NothingFound } from "./NothingFound";
import { Pager } from "./Pager";
import { ResultsTable } from "./ResultsTable";
import { ResultsToolbar } from "./ResultsToolbar";
import { useChangedRows } from "./use-changed-rows";

interface ResultsProps {
  state: SearchState;
  /** Tells one search from the next. */
  searchKey: string;
  found: UseQueryResult<Page>;
  live: PausedLive;
  /** False when nothing new can fall into the dates. */
  canChange: boolean;
  /** The search with all its pages, as of the moment the table was last asked for. */
  makeQuery: () => Query;
  onChange: (change: Partial<SearchState>) => void;
}

/** The sessions that match, with what can be done to them. */
export function Results({ state, searchKey, found, live, canChange, makeQuery, onChange }: ResultsProps) {
  const { environment } = useWorkplace();
  const { data, error } = found;
  const { changed, generation } = useChangedRows(searchKey, found.isPlaceholderData ? undefined : data);
  const addressOf = useCallback(
    (id: string) => `/sessions/${encodeURIComponent(id)}?env=${encodeURIComponent(environment.name)}`,
    [environment.name],
  );
  return (
    <section className="card results-card" aria-label="Results">
      <ResultsToolbar
        total={data?.total}
        failed={found.isError}
        filters={state.filters}
        live={live.on}
        canChange={canChange}
        waiting={live.waiting}
        csv={may(environment, "sessions:export") ? makeQuery : undefined}
        onFilters={(filters) => onChange({ filters })}
        onLive={live.toggle}
      />
      {error && data && <FailureBanner error={error} retry={live.refresh} />}
      {error && !data ? (
        <Failure error={error} retry={live.refresh} />
      ) : (
        <ResultsTable
          state={state}
          sessions={data?.sessions}
          stale={found.isPlaceholderData}
          changed={changed}
          generation={generation}
          addressOf={addressOf}
          onChange={onChange}
        />
      )}
      {data?.sessions.length === 0 && <NothingFound state={state} total={data.total} onChange={onChange} />}
      {data && <Pager page={state.page} total={data.total} onPage={(page) => onChange({ page })} />}
    </section>
  );
}
