import type { KeyboardEvent, MouseEvent } from "react";
import { memo } from "react";
import type { EventRecord } from "../../../api/types";
import { Icon } from "../../../components/Icon";
import { LabelChip } from "../../../components/LabelChip";
import { Mark } from "../../../components/Rating";
import { endsRequest, kindIcon, outcomeOf } from "../../../format/actions";
import { utcClock, utcDay } from "../../../format/time";
import { counted, ratingWord } from "../../../format/words";
import { useNames } from "../../../state/names";
import { EventDetail } from "./EventDetail";
import { OutcomeBadge } from "../../payments/OutcomeBadge";
import { paymentOf } from "./PaymentPart";
import { ResultWord } from "./ResultWord";
import { actionsOf } from "./event-filters";

interface EventRowProps {
  record: EventRecord;
  open: boolean;
  onToggle: (eventId: string) => void;
}

export const EventRow = memo(function EventRow({ record, open, onToggle }: EventRowProps) {
  const names = useNames();
  const { event, verdict } = record;
  const decided = paymentOf(record)?.outcome;
  const entities = event.elements.filter(({ kind }) => kind === "entity").length;
  const toggleByMouse = (mouse: MouseEvent) => {
    const onControl = (mouse.target as HTMLElement).closest("a, button");
    if (!onControl && window.getSelection()?.toString() === "") onToggle(event.id);
  };
  const toggleByKey = (key: KeyboardEvent) => {
    if (key.key === "Enter" && key.target === key.currentTarget) onToggle(event.id);
  };
  return (
    <>
      <tr
        id={`event-${event.id}`}
        className={open ? `row event-row event-open tone-${verdict.rating}` : `row event-row tone-${verdict.rating}`}
        tabIndex={-1}
        data-testid="event-row"
        data-event-row={event.id}
        onClick={toggleByMouse}
        onKeyDown={toggleByKey}
      >
        <td className="expander-cell">
          <button
            type="button"
            className="expander"
            aria-expanded={open}
            aria-controls={open ? `detail-${event.id}` : undefined}
            aria-label={`Details of event ${record.session.number}, ${event.name}`}
            onClick={() => onToggle(event.id)}
          >
            <Icon name={open ? "chevron" : "right"} size={14} />
          </button>
        </td>
        <td className="tabular nowrap">
          <span className="faint">{utcDay(event.time)}</span> {utcClock(event.time)}
        </td>
        <td>
          <span className="event-type">
            <span title={`${ratingWord(verdict.rating)} after this event`}>
              <Mark of={verdict.rating} size={10} />
              <span className="sr-only">{ratingWord(verdict.rating)}</span>
            </span>
            <span className="event-type-name">{names.eventType(event.type)}</span>
            <span className="event-name">{event.name}</span>
            {decided ? <OutcomeBadge outcome={decided} /> : <ResultWord result={event.result} />}
          </span>
        </td>
        <td className={entities === 0 ? "figure-cell faint" : "figure-cell"}>{entities}</td>
        <td>
          <Workflow record={record} />
        </td>
        <td>
          <span className="label-row">
            {verdict.labels.map((label) => (
              <LabelChip key={`${label.rule} ${label.name}`} label={label} />
            ))}
          </span>
        </td>
      </tr>
      {open && (
        <tr className="detail-row">
          <td colSpan={6} id={`detail-${event.id}`}>
            <EventDetail record={record} />
          </td>
        </tr>
      )}
    </>
  );
});

/** The sign of what mattered most when actions ran on the event: one that ended the request before one that did not. */
function Workflow({ record }: { record: EventRecord }) {
  const actions = actionsOf(record);
  const first = actions.find(endsRequest) ?? actions.find(({ outcome }) => outcome === "done") ?? actions[0];
  if (!first) return null;
  const text = `${counted(actions.length, "action")}: ${actions.map((action) => `${action.name} (${outcomeOf(action).text})`).join(", ")}`;
  const stopped = endsRequest(first);
  return (
    <span className={stopped ? "workflow workflow-ended" : "workflow"} title={text}>
      <Icon name={kindIcon(first.kind)} size={14} />
      <span aria-hidden="true">{actions.length}</span>
      <span className="sr-only">{text}</span>
    </span>
  );
}
