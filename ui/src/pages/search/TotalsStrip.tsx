import type { Rating, Totals } from "../../api/types";
import { Mark } from "../../components/Rating";
import { count, ratingWord, ratings } from "../../format/words";

interface TotalsStripProps {
  totals: Totals | undefined;
  /** The ratings the table is narrowed to. */
  chosen: readonly string[];
  onToggle: (rating: Rating) => void;
}

/** How the sessions of the range are rated; each figure narrows the table to its rating. */
export function TotalsStrip({ totals, chosen, onToggle }: TotalsStripProps) {
  return (
    <section className="totals" aria-label="Sessions of the time range by rating">
      <p className="total">
        <span className="total-figure">{totals ? count(totals.sessions) : "–"}</span>
        <span className="total-name">Sessions</span>
      </p>
      <p className="total">
        <span className="total-figure">{totals ? count(totals.events) : "–"}</span>
        <span className="total-name">Events</span>
      </p>
      {ratings.map((rating) => (
        <button
          key={rating}
          type="button"
          className="total total-button"
          aria-pressed={chosen.includes(rating)}
          onClick={() => onToggle(rating)}
        >
          <span className="total-figure">{totals ? count(totals[rating]) : "–"}</span>
          <span className="total-name">
            <Mark of={rating} size={10} /> {ratingWord(rating)}
          </span>
          <span className="total-share">{totals ? share(totals[rating], totals.sessions) : ""}</span>
          <span className="sr-only">, show only these</span>
        </button>
      ))}
    </section>
  );
}

function share(part: number, whole: number): string {
  if (whole === 0) return "";
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 1 ? "<1%" : `${Math.round(percent)}%`;
}
