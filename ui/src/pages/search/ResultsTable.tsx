import { useCallback } from "react";
import { useLocation } from "wouter";
import type { Column, Filter, SessionRow } from "../../api/types";
import { Icon } from "../../components/Icon";
import { SkeletonRows } from "../../components/Skeleton";
import type { SearchState } from "../../state/search-state";
import { ColumnFilter } from "./ColumnFilter";
import { columnInfos, withFilter } from "./columns";
import type { ColumnInfo } from "./columns";
import { ResultRow } from "./ResultRow";

interface ResultsTableProps {
  state: SearchState;
  /** Undefined while the first answer is under way. */
  sessions: readonly SessionRow[] | undefined;
  /** Older rows are shown until the new answer comes. */
  stale: boolean;
  changed: ReadonlySet<string>;
  generation: number;
  addressOf: (id: string) => string;
  onChange: (change: Partial<SearchState>) => void;
}

export function ResultsTable({ state, sessions, stale, changed, generation, addressOf, onChange }: ResultsTableProps) {
  const [, navigate] = useLocation();
  const openSession = useCallback((address: string) => navigate(address, { state: { fromSearch: true } }), [navigate]);
  return (
    <div className="table-frame" tabIndex={-1}>
      <table className={stale ? "table results results-stale" : "table results"} data-testid="results-table" aria-busy={stale || !sessions}>
        <caption className="sr-only">Sessions</caption>
        <colgroup>
          {columnInfos.map(({ column }) => (
            <col key={column} className={`column-${column}`} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columnInfos.map((info) => (
              <HeadCell
                key={info.column}
                info={info}
                state={state}
                onSort={(sort, descending) => onChange({ sort, descending })}
                onFilter={(filter) => onChange({ filters: withFilter(state.filters, info.column, filter) })}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {sessions?.map((session) => (
            <ResultRow
              key={session.session_id}
              session={session}
              address={addressOf(session.session_id)}
              pulse={changed.has(session.session_id) ? generation : 0}
              onOpen={openSession}
            />
          ))}
          {!sessions && <SkeletonRows rows={14} columns={columnInfos.length} />}
        </tbody>
      </table>
    </div>
  );
}

interface HeadCellProps {
  info: ColumnInfo;
  state: SearchState;
  onSort: (column: Column, descending: boolean) => void;
  onFilter: (filter: Filter | undefined) => void;
}

function HeadCell({ info, state, onSort, onFilter }: HeadCellProps) {
  const sorted = state.sort === info.column;
  // Figures and times are wanted largest first, words from A.
  const descending = sorted ? !state.descending : info.filter !== "text";
  return (
    <th
      scope="col"
      className={info.figure ? "figure-cell" : undefined}
      aria-sort={sorted ? (state.descending ? "descending" : "ascending") : "none"}
    >
      <span className="head">
        <button type="button" className="head-sort" onClick={() => onSort(info.column, descending)}>
          {info.title}
          <span className={sorted ? "head-arrow head-arrow-sorted" : "head-arrow"}>
            <Icon name={(sorted ? state.descending : descending) ? "down" : "up"} size={12} />
          </span>
        </button>
        <ColumnFilter
          info={info}
          filter={state.filters.find(({ column }) => column === info.column)}
          onChange={onFilter}
        />
      </span>
    </th>
  );
}
