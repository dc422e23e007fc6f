import type { Filter, Query } from "../../api/types";
import { Icon } from "../../components/Icon";
import { counted } from "../../format/words";
import { describeFilter } from "./columns";
import { LiveToggle } from "../../components/LiveToggle";
import { ExportButton } from "./ExportButton";

interface ResultsToolbarProps {
  total: number | undefined;
  failed: boolean;
  filters: readonly Filter[];
  live: boolean;
  /** False when nothing new can fall into the dates. */
  canChange: boolean;
  waiting: number;
  /** Undefined when the role may not export. */
  csv: (() => Query) | undefined;
  onFilters: (filters: Filter[]) => void;
  onLive: (live: boolean) => void;
}

export function ResultsToolbar(props: ResultsToolbarProps) {
  const { total, failed, filters, live, canChange, waiting, csv, onFilters, onLive } = props;
  return (
    <div className="toolbar">
      <p className="toolbar-count" role="status">
        {total !== undefined ? counted(total, "session") : failed ? "No answer" : "Searching…"}
      </p>
      <ul className="chips" aria-label="Column filters">
        {filters.map((filter) => (
          <li key={filter.column} className="chip">
            {describeFilter(filter)}
            <button
              type="button"
              aria-label={`Remove filter: ${describeFilter(filter)}`}
              onClick={() => onFilters(filters.filter((other) => other !== filter))}
            >
              <Icon name="cross" size={12} />
            </button>
          </li>
        ))}
      </ul>
      <span className="toolbar-space" />
      <LiveToggle on={live} possible={canChange} why="These dates lie in the past" waiting={waiting} onChange={onLive} />
      {csv && <ExportButton makeQuery={csv} />}
    </div>
  );
}
