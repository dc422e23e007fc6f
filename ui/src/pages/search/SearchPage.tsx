import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fieldsQuery, searchQuery, totalsQuery } from "../../api/resources";
import type { Rating } from "../../api/types";
import { useWorkplace } from "../../state/environment";
import { focusedRow, moveRow, useKeys } from "../../state/keys";
import type { SearchState } from "../../state/search-state";
import { isForgotten, isOpenEnded, resolveRange, toQuery, writeState } from "../../state/search-state";
import { usePausedLive } from "../../state/use-paused-live";
import { useTitle } from "../../state/use-title";
import { withFilter } from "./columns";
import { Forgotten } from "./NothingFound";
import { Results } from "./Results";
import { SearchForm } from "./SearchForm";
import { TotalsStrip } from "./TotalsStrip";
import { useCleanAddress, useSearchState } from "./use-search-state";

const rows = "[data-testid=results-table] [data-row]";
const livePause = 1_500;

export function SearchPage() {
  const { environment } = useWorkplace();
  const [state, update] = useSearchState();
  const written = writeState(state).toString();
  const key = `${environment.name} ${written}`;

  const fields = useQuery(fieldsQuery(environment.name));
  useCleanAddress(state, fields.data?.fields);
  const found = useQuery({ ...searchQuery(key, () => toQuery(state, environment.name, new Date())), enabled: !isForgotten(state) });
  const range = JSON.stringify(state.range);
  const totals = useQuery(totalsQuery(range, environment.name, () => resolveRange(state.range, new Date())));

  const [opened] = useState(() => new Date());
  const asked = found.dataUpdatedAt > 0 ? new Date(found.dataUpdatedAt) : opened;
  const openEnded = isOpenEnded(state.range, asked);
  const live = usePausedLive(openEnded && !isForgotten(state), livePause, () => true, () => {
    void found.refetch({ cancelRefetch: false });
    void totals.refetch({ cancelRefetch: false });
  });

  useTitle("Search");
  useKeys({
    j: () => moveRow(rows, 1),
    ArrowDown: (event) => stepInTable(event, 1),
    k: () => moveRow(rows, -1),
    ArrowUp: (event) => stepInTable(event, -1),
    l: live.toggle,
  });

  const search = (change: Partial<SearchState>) => {
    const next = { ...state, page: 1, ...change };
    // The same search again still means: look again.
    if (writeState(next).toString() === written) live.refresh();
    else update(change);
  };
  return (
    <div className="page page-search">
      <h1 className="sr-only">Search sessions</h1>
      <SearchForm state={state} fields={fields.data?.fields ?? []} searching={found.isFetching} onSearch={search} />
      <TotalsStrip totals={totals.data} chosen={chosenRatings(state)} onToggle={(rating) => update(toggleRating(state, rating))} />
      {isForgotten(state) ? (
        <section className="card results-card" aria-label="Results">
          <Forgotten name={fields.data?.fields.find(({ name }) => name === state.field)?.human ?? ""} onChange={update} />
        </section>
      ) : (
        <Results
          state={state}
          searchKey={key}
          found={found}
          live={live}
          canChange={openEnded}
          makeQuery={() => csvQuery(state, environment.name, asked)}
          onChange={update}
        />
      )}
    </div>
  );
}

/** The whole result, as of the moment the table was last asked for. */
function csvQuery(state: SearchState, environment: string, asked: Date) {
  return toQuery({ ...state, page: 1 }, environment, asked);
}

function chosenRatings(state: SearchState): readonly string[] {
  return state.filters.find(({ column }) => column === "rating")?.in ?? [];
}

function toggleRating(state: SearchState, rating: Rating): Partial<SearchState> {
  const alone = chosenRatings(state).join() === rating;
  return { filters: withFilter(state.filters, "rating", alone ? undefined : { column: "rating", in: [rating] }) };
}

/** The arrow keys scroll the page unless a row has the focus. */
function stepInTable(event: KeyboardEvent, step: 1 | -1): void {
  if (!focusedRow(rows)) return;
  event.preventDefault();
  moveRow(rows, step);
}
