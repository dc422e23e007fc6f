import type { EventRecord, PlacedAction } from "../../../api/types";
import { utcClock } from "../../../format/time";
import { kindName, outcomeOf } from "../../../format/actions";
import { counted } from "../../../format/words";

/** What the pointer or the focus is on, and where. */
export interface Pointed {
  x: number;
  y: number;
  records?: readonly EventRecord[];
  actions?: readonly PlacedAction[];
}

const most = 8;

/** Lists the events of a bubble, or the actions of a flag. */
export function Tooltip({ pointed, width }: { pointed: Pointed; width: number }) {
  const { x, y, records = [], actions = [] } = pointed;
  const side = x > width * 0.6 ? "tooltip tooltip-left" : "tooltip";
  return (
    <div className={side} style={{ left: x, top: y }} aria-hidden="true">
      {records.slice(0, most).map(({ event, verdict }) => (
        <p key={event.id}>
          <span className="tabular tooltip-time">{utcClock(event.time)}</span>
          <span>{event.name}</span>
          {event.result !== "" && <span className="tooltip-detail">{event.result}</span>}
          {verdict.labels.length > 0 && <span className="tooltip-detail">{counted(verdict.labels.length, "label")}</span>}
        </p>
      ))}
      {records.length > most && <p className="tooltip-detail">and {records.length - most} more</p>}
      {actions.slice(0, most).map((action, index) => (
        <p key={`${action.event_id} ${action.name} ${index}`}>
          <span className="tabular tooltip-time">{utcClock(action.at)}</span>
          <span>{action.name}</span>
          <span className="tooltip-detail">
            {kindName(action.kind)}, {outcomeOf(action).text}
            {action.detail !== "" && `: ${action.detail}`}
          </span>
        </p>
      ))}
      {actions.length > most && <p className="tooltip-detail">and {actions.length - most} more</p>}
    </div>
  );
}
