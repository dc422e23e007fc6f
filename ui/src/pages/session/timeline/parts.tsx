import type { PlacedAction, Rating } from "../../../api/types";
import { iconShape } from "../../../components/Icon";
import { endsRequest, kindIcon, kindName, outcomeOf } from "../../../format/actions";
import { counted, ratingWord } from "../../../format/words";
import type { Bubble, Marker, Turn } from "./bubbles";
import { namesOf } from "./bubbles";
import type { Tick } from "./scale";
import type { Pointed } from "./Tooltip";

interface Span {
  top: number;
  bottom: number;
}

export function Axis({ ticks, top, bottom }: Span & { ticks: readonly Tick[] }) {
  return (
    <g className="axis" aria-hidden="true">
      {ticks.map(({ x, text }) => (
        <g key={x}>
          <line x1={x} x2={x} y1={top} y2={bottom} />
          <text x={x} y={bottom + 16} textAnchor="middle">
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}

interface RatingLineProps {
  turns: readonly Turn[];
  end: number;
  laneY: (rating: Rating) => number;
}

/** The session's rating as a line that steps from lane to lane. */
export function RatingLine({ turns, end, laneY }: RatingLineProps) {
  const [first, ...others] = turns;
  if (!first) return null;
  const path = others.map(({ x, rating }) => `H${x}V${laneY(rating)}`).join("");
  return <path className="rating-line" d={`M${first.x} ${laneY(first.rating)}${path}H${end}`} />;
}

interface ActionMarksProps extends Span {
  markers: readonly Marker[];
  width: number;
  onPoint: (pointed: Pointed | undefined) => void;
}

const letterWidth = 6.4;

/** A flag where actions fell, with a line as long as they went on; its text is left out where the next flag stands too near. */
export function ActionMarks({ markers, top, bottom, width, onPoint }: ActionMarksProps) {
  return markers.map(({ x, end, actions }, index) => {
    const text = namesOf(actions);
    const room = (markers[index + 1]?.x ?? width) - x - 18;
    const point = () => onPoint({ x, y: top - 8, actions });
    return (
      <g
        key={x}
        className={actions.some(endsRequest) ? "action-mark action-mark-ended" : "action-mark"}
        role="img"
        tabIndex={0}
        aria-label={`${counted(actions.length, "action")}: ${text}. ${[...new Set(actions.map((action) => `${kindName(action.kind)}, ${outcomeOf(action).text}`))].join("; ")}`}
        onMouseEnter={point}
        onMouseLeave={() => onPoint(undefined)}
        onFocus={point}
        onBlur={() => onPoint(undefined)}
      >
        <line x1={x} x2={x} y1={top - 8} y2={bottom} />
        {end > x && <path className="action-span" d={`M${x} ${top - 5}H${end}M${end} ${top - 8}v6`} />}
        <rect x={x - 7} y={top - 24} width={14} height={16} rx={3} />
        <g transform={`translate(${x - 5.5} ${top - 21.5}) scale(.6875)`}>
          <path className="action-sign" d={iconShape(kindIcon(signOf(actions)))} />
        </g>
        {text.length * letterWidth < room && (
          <text x={x + 11} y={top - 12}>
            {text}
          </text>
        )}
      </g>
    );
  });
}

/** The kind that a flag shows: what ended a request before what was done beside it. */
function signOf(actions: readonly PlacedAction[]): string {
  return (actions.find(endsRequest) ?? actions[0])?.kind ?? "";
}

/** Where the session ended, and by which action, where one answered its last request. */
export function EndMark({ x, top, bottom, last }: Span & { x: number; last: PlacedAction | undefined }) {
  return (
    <g className="end-mark">
      <line x1={x} x2={x} y1={top} y2={bottom} />
      <text x={x - 6} y={bottom - 5} textAnchor="end">
        {last ? `Session ended after: ${kindName(last.kind).toLowerCase()}` : "Session ended"}
      </text>
    </g>
  );
}

interface BubblesProps {
  bubbles: readonly Bubble[];
  laneY: (rating: Rating) => number;
  onPoint: (pointed: Pointed | undefined) => void;
  onShow: (eventId: string) => void;
}

export function Bubbles({ bubbles, laneY, onPoint, onShow }: BubblesProps) {
  return bubbles.map(({ rating, x, radius, records }) => {
    const y = laneY(rating);
    const point = () => onPoint({ x, y: y - radius, records });
    const show = () => onShow(records[0]?.event.id ?? "");
    return (
      <g
        key={`${rating} ${records[0]?.event.id ?? ""}`}
        className={`bubble tone-${rating}`}
        role="button"
        tabIndex={0}
        aria-label={`${counted(records.length, "event")}, ${ratingWord(rating)}: ${[...new Set(records.map(({ event }) => event.name))].join(", ")}`}
        onMouseEnter={point}
        onMouseLeave={() => onPoint(undefined)}
        onFocus={point}
        onBlur={() => onPoint(undefined)}
        onClick={show}
        onKeyDown={(event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          show();
        }}
      >
        <circle cx={x} cy={y} r={radius} />
        {records.length > 1 && (
          <text x={x} y={y + 3.5} textAnchor="middle">
            {records.length}
          </text>
        )}
      </g>
    );
  });
}
