import type { Outcome } from "../../api/payment-types";
import { Mark } from "../../components/Rating";
import { outcomeName, outcomeTone } from "./words";

export function OutcomeBadge({ outcome, shadow = false }: { outcome: Outcome; shadow?: boolean }) {
  const tone = outcomeTone(outcome);
  return (
    <span className={shadow ? `badge badge-shadow tone-${tone}` : `badge tone-${tone}`}>
      <Mark of={tone} size={10} />
      {outcomeName(outcome)}
      {shadow && <span className="sr-only"> (shadow)</span>}
    </span>
  );
}
