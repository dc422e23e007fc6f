import { Empty } from "../../components/Notice";
import type { Preset, SearchState } from "../../state/search-state";
import { presets } from "../../state/search-state";

interface NothingFoundProps {
  state: SearchState;
  /** More than none when the page lies beyond the last. */
  total: number;
  onChange: (change: Partial<SearchState>) => void;
}

/** The address has a key of values that only the page knew in which they were typed. */
export function Forgotten({ name, onChange }: { name: string; onChange: (change: Partial<SearchState>) => void }) {
  return (
    <Empty title="The value of this search was not kept">
      <p>
        Values of {name === "" ? "this field" : name} never stand in an address, so that they end up in no history and no log. Enter it
        again to repeat the search.
      </p>
      <p className="notice-actions">
        <button type="button" className="button" onClick={() => onChange({ field: "", values: [], hidden: false })}>
          Show all sessions
        </button>
      </p>
    </Empty>
  );
}

/** An empty result with the steps that most likely help. */
export function NothingFound({ state, total, onChange }: NothingFoundProps) {
  if (total > 0) {
    return (
      <Empty title="There are no sessions on this page any more">
        <button type="button" className="button" onClick={() => onChange({ page: 1 })}>
          Go to the first page
        </button>
      </Empty>
    );
  }
  const wider = widerRange(state);
  const narrowed = state.field !== "" || state.filters.length > 0;
  return (
    <Empty title={narrowed ? "No session matches" : "No sessions in this time"}>
      <p>
        {narrowed
          ? "Widen the dates, take away a filter, or check the value’s spelling: a value is compared whole."
          : "Sessions appear as soon as requests match a spec. When traffic flows and nothing comes, check the specs."}
      </p>
      <p className="notice-actions">
        {wider && (
          <button type="button" className="button" onClick={() => onChange({ range: { last: wider } })}>
            Search the {presets[wider].human.toLowerCase()}
          </button>
        )}
        {state.filters.length > 0 && (
          <button type="button" className="button" onClick={() => onChange({ filters: [] })}>
            Clear column filters
          </button>
        )}
        {state.field !== "" && (
          <button type="button" className="button" onClick={() => onChange({ field: "", values: [], hidden: false })}>
            Show all sessions
          </button>
        )}
      </p>
    </Empty>
  );
}

function widerRange({ range }: SearchState): Preset | undefined {
  if (!("last" in range)) return "30d";
  const names = Object.keys(presets) as Preset[];
  return names[names.indexOf(range.last) + 1];
}
