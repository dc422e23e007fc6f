import { Link } from "wouter";
import type { Decision } from "../../../api/payment-types";
import { RatingBadge } from "../../../components/Rating";
import { duration, utcSecond } from "../../../format/time";
import { useWorkplace } from "../../../state/environment";
import { RuleNames } from "../decisions/DecisionTable";
import { decisionAddress } from "../links";
import { credentialName, money } from "../words";

interface ReviewRowProps {
  decision: Decision;
  now: number;
  changing: boolean;
  /** Undefined for people who may only look. */
  onClaim: (() => void) | undefined;
  onResolve: ((action: "accept" | "reject") => void) | undefined;
}

/** A payment that waits for longer than this is late. */
const late = 3_600;

export function ReviewRow({ decision, now, changing, onClaim, onResolve }: ReviewRowProps) {
  const { environment, me } = useWorkplace();
  const waiting = Math.max(0, (now - Date.parse(decision.evaluated_at)) / 1_000);
  const what = `${money(decision.amount, decision.currency)} of ${decision.customer_id}`;
  const mine = decision.assignee === me.user.email;
  return (
    <tr className="row" tabIndex={-1} data-testid="review-row" data-review-row={decision.id}>
      <td className="figure-cell nowrap" title={`since ${utcSecond(decision.evaluated_at)} UTC`}>
        <Link href={decisionAddress(environment.name, decision.id)} aria-label={`${duration(waiting)}: open ${what}`}>
          <span className={waiting > late ? "figure-bad" : undefined}>{duration(waiting)}</span>
        </Link>
      </td>
      <td className="figure-cell nowrap">{money(decision.amount, decision.currency)}</td>
      <td className="mono nowrap">{decision.masked_credential || credentialName(decision.credential_type)}</td>
      <td className="cell-clip" title={decision.customer_id}>
        {decision.customer_id}
      </td>
      <td>{decision.journey ? <RatingBadge rating={decision.journey.rating} /> : <span className="faint">–</span>}</td>
      <td>
        <RuleNames decision={decision} />
      </td>
      <td>{decision.assignee === "" ? <span className="faint">nobody</span> : mine ? "you" : decision.assignee}</td>
      <td className="admin-changes">
        {onClaim && (
          <button type="button" className="text-button" aria-label={`${mine ? "Give back" : "Claim"} ${what}`} disabled={changing} onClick={onClaim}>
            {mine ? "Give back" : "Claim"}
          </button>
        )}
        {onResolve && (
          <>
            <button type="button" className="text-button" aria-label={`Accept ${what}`} onClick={() => onResolve("accept")}>
              Accept
            </button>
            <button type="button" className="text-button text-button-bad" aria-label={`Reject ${what}`} onClick={() => onResolve("reject")}>
              Reject
            </button>
          </>
        )}
      </td>
    </tr>
  );
}
