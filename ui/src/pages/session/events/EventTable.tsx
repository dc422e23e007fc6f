import { useMemo, useState } from "react";
import type { Story } from "../../../api/types";
import { Empty } from "../../../components/Notice";
import { count, counted } from "../../../format/words";
import { focusedRow, moveRow, useKeys } from "../../../state/keys";
import { EventFilters } from "./EventFilters";
import { EventRow } from "./EventRow";
import { choices, matches, noFilter } from "./event-filters";

interface EventTableProps {
  story: Story;
  /** Ids of the unfolded events. */
  open: ReadonlySet<string>;
  onToggle: (eventId: string) => void;
}

const rows = "[data-event-row]";

/** The session's events, newest first; a row unfolds to all that is known of its event. */
export function EventTable({ story, open, onToggle }: EventTableProps) {
  const [filter, setFilter] = useState(noFilter);
  const { events } = story;
  const possible = useMemo(() => choices(events), [events]);
  const shown = useMemo(() => events.filter((record) => matches(record, filter)), [events, filter]);

  const step = (event: KeyboardEvent, direction: 1 | -1) => {
    // The arrows scroll the page until a row has the focus.
    if (event.key.startsWith("Arrow") && !focusedRow(rows)) return;
    event.preventDefault();
    moveRow(rows, direction);
  };
  useKeys({
    j: (event) => step(event, 1),
    k: (event) => step(event, -1),
    ArrowDown: (event) => step(event, 1),
    ArrowUp: (event) => step(event, -1),
    e: () => {
      const id = focusedRow(rows)?.dataset.eventRow;
      if (id !== undefined) onToggle(id);
    },
  });
  return (
    <section className="card events" aria-labelledby="events-title">
      <header className="card-head">
        <h2 id="events-title">Event Timeline</h2>
        <p className="card-note">
          {shown.length === events.length ? counted(events.length, "event") : `${count(shown.length)} of ${counted(events.length, "event")}`}
          {story.truncated && ", the newest of more"}
        </p>
        <span className="toolbar-space" />
        <EventFilters filter={filter} choices={possible} onChange={setFilter} />
      </header>
      <table className="table event-table" aria-labelledby="events-title">
        <colgroup>
          <col className="column-expander" />
          <col className="column-time" />
          <col />
          <col className="column-entities" />
          <col className="column-workflow" />
          <col className="column-placed" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col" className="expander-cell">
              <span className="sr-only">Details</span>
            </th>
            <th scope="col">Event UTC</th>
            <th scope="col">Event Type</th>
            <th scope="col" className="figure-cell">
              Entities
            </th>
            <th scope="col">Workflow</th>
            <th scope="col">Session Labels</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((record) => (
            <EventRow key={record.event.id} record={record} open={open.has(record.event.id)} onToggle={onToggle} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && (
        <Empty title="No event matches">
          <button type="button" className="button" onClick={() => setFilter(noFilter)}>
            Show all events
          </button>
        </Empty>
      )}
    </section>
  );
}
