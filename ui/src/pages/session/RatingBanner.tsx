import type { EventRecord, SessionRow } from "../../api/types";
import { Mark } from "../../components/Rating";
import { utcClock } from "../../format/time";
import { count, ratingName } from "../../format/words";

/** The session's rating now, and what brought it there. */
export function RatingBanner({ session, events }: { session: SessionRow; events: readonly EventRecord[] }) {
  const turn = lastTurn(events);
  return (
    <section className={`rating-banner tone-${session.rating}`} aria-label="Session Risk Rating" data-testid="rating-banner">
      <p className="rating-banner-name">
        <Mark of={session.rating} size={20} />
        {ratingName(session.rating)}
      </p>
      <p className="rating-banner-score">Score {count(session.score)}</p>
      {turn && (
        <p className="rating-banner-turn">
          Since {utcClock(turn.event.time).slice(0, 8)}
          {turn.verdict.tipped.length > 0 && `, by ${turn.verdict.tipped.join(" and ")}`}
        </p>
      )}
    </section>
  );
}

/** The newest event that changed the rating; events are newest first. */
export function lastTurn(events: readonly EventRecord[]): EventRecord | undefined {
  return events.find(({ verdict }) => verdict.rating !== verdict.before);
}
