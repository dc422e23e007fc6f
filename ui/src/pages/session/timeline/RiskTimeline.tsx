import { useMemo, useState } from "react";
import type { Rating, Story } from "../../../api/types";
import { Mark } from "../../../components/Rating";
import { endsRequest } from "../../../format/actions";
import { ratingWord } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { useNow } from "../../../state/use-now";
import { makeBubbles, makeMarkers, makeTurns } from "./bubbles";
import { Tooltip } from "./Tooltip";
import type { Pointed } from "./Tooltip";
import { makeScale, ticks, toX } from "./scale";
import { useWidth } from "./use-width";
import { ActionMarks, Axis, Bubbles, EndMark, RatingLine } from "./parts";

const lanes: readonly Rating[] = ["malicious", "suspicious", "normal"];
const laneHeight = 60;
const top = 34;
const bottom = top + lanes.length * laneHeight;
const height = bottom + 26;
const minimum = 240;

interface RiskTimelineProps {
  story: Story;
  /** Shows an event in the table. */
  onShow: (eventId: string) => void;
}

/** Event Timeline by Risk Rating: a lane a rating, a bubble for the events of a moment. */
export function RiskTimeline({ story, onShow }: RiskTimelineProps) {
  const [frame, measured] = useWidth<HTMLDivElement>(720);
  const [pointed, setPointed] = useState<Pointed>();
  const width = Math.max(minimum, measured);
  const { me } = useWorkplace();
  const now = useNow(15_000);
  const idle = me.session_idle_seconds * 1_000;
  const picture = useMemo(() => draw(story, width), [story, width]);
  return (
    <section className="card timeline" aria-labelledby="timeline-title">
      <header className="card-head">
        <h2 id="timeline-title">Event Timeline by Risk Rating</h2>
        <p className="card-note">UTC{story.truncated ? `, the newest ${story.events.length} events` : ""}</p>
      </header>
      <div className="timeline-body">
        <ul className="timeline-lanes" aria-hidden="true">
          {lanes.map((rating) => (
            <li key={rating}>
              <Mark of={rating} size={11} />
              {ratingWord(rating)}
            </li>
          ))}
        </ul>
        <div ref={frame} className="timeline-frame">
          {picture && (
            <svg width={width} height={height} role="group" aria-label="Bubbles: events by time and rating">
              <Lanes width={width} />
              <Axis ticks={picture.ticks} top={top} bottom={bottom} />
              <RatingLine turns={picture.turns} end={picture.end} laneY={laneY} />
              <ActionMarks markers={picture.markers} top={top} bottom={bottom} width={width} onPoint={setPointed} />
              {idle > 0 && now - picture.last > idle && <EndMark x={picture.end} top={top} bottom={bottom} last={picture.ended} />}
              <Bubbles bubbles={picture.bubbles} laneY={laneY} onPoint={setPointed} onShow={onShow} />
            </svg>
          )}
          {!picture && <p className="faint timeline-none">No events to draw.</p>}
          {pointed && <Tooltip pointed={pointed} width={width} />}
        </div>
      </div>
    </section>
  );
}

function Lanes({ width }: { width: number }) {
  return lanes.map((rating) => (
    <rect
      key={rating}
      className={`lane tone-${rating}`}
      x={0}
      y={laneY(rating) - laneHeight / 2 + 2}
      width={width}
      height={laneHeight - 4}
      rx={4}
    />
  ));
}

function laneY(rating: Rating): number {
  return top + (lanes.indexOf(rating) + 0.5) * laneHeight;
}

function draw(story: Story, width: number) {
  // The story's events come newest first.
  const records = story.events.toReversed();
  const times = records.map(({ event }) => Date.parse(event.time));
  if (times.length === 0) return undefined;
  const scale = makeScale(times, width);
  const last = Math.max(...times);
  // A tag goes on every held request and changes nothing for the visitor: flags are for what does.
  const shown = story.actions.filter(({ at, kind }) => kind !== "tag" && Date.parse(at) >= scale.start);
  return {
    last,
    ended: story.actions.find((action) => action.event_id === story.events[0]?.event.id && endsRequest(action)),
    end: toX(scale, last),
    ticks: ticks(scale),
    bubbles: makeBubbles(records, scale),
    turns: makeTurns(records, scale),
    markers: makeMarkers(shown, scale),
  };
}
