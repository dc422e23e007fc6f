import type { Rating, Severity } from "../api/types";
import { ratingName } from "../format/words";

/** A shape for each rating and severity, so that none is told by colour alone. */
export function Mark({ of, size = 12 }: { of: Rating | Severity; size?: number }) {
  return (
    <svg className={`mark tone-${of}`} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      <Shape of={of} />
    </svg>
  );
}

function Shape({ of }: { of: Rating | Severity }) {
  switch (of) {
    case "malicious":
      return <path d="M6 .3 11.7 6 6 11.7.3 6Z" />;
    case "suspicious":
      return <path d="M6 .9 11.7 11H.3L6 .9Z" />;
    case "trusting":
      return <path d="M6 .5 10.8 2.3v3.5c0 2.8-2 4.8-4.8 5.7-2.8-.9-4.8-2.9-4.8-5.7V2.3L6 .5Z" />;
    case "informational":
      return <rect x="1.5" y="1.5" width="9" height="9" rx="2" />;
    case "normal":
      return <circle cx="6" cy="6" r="5" />;
  }
}

export function RatingBadge({ rating }: { rating: Rating }) {
  return (
    <span className={`badge tone-${rating}`}>
      <Mark of={rating} size={10} />
      {ratingName(rating)}
    </span>
  );
}
