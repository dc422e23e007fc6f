import type { Decision } from "../../../api/payment-types";
import { utcSecond } from "../../../format/time";
import { plainWords } from "../../../format/words";
import { OutcomeBadge } from "../OutcomeBadge";
import { money, outcomeName, outcomeTone } from "../words";
import { isOpen } from "./open";

interface OutcomeCardProps {
  decision: Decision;
  /** Undefined where it cannot be resolved, or not by this person. */
  onResolve: ((action: "accept" | "reject") => void) | undefined;
}

/** What was decided about how much, and by whom it was resolved. */
export function OutcomeCard({ decision, onResolve }: OutcomeCardProps) {
  return (
    <section className={`card decision-banner tone-${outcomeTone(decision.decision)}`} aria-label="Decision" data-testid="decision-banner">
      <OutcomeBadge outcome={decision.decision} />
      <strong className="decision-amount">{money(decision.amount, decision.currency)}</strong>
      {decision.masked_credential !== "" && <span className="mono">{decision.masked_credential}</span>}
      <span className="faint">{utcSecond(decision.evaluated_at)} UTC</span>
      <Since decision={decision} />
      <span className="toolbar-space" />
      {onResolve && (
        <span className="notice-actions">
          <button type="button" className="button button-main" onClick={() => onResolve("accept")}>
            Accept
          </button>
          <button type="button" className="button button-bad" onClick={() => onResolve("reject")}>
            Reject
          </button>
        </span>
      )}
    </section>
  );
}

function Since({ decision }: { decision: Decision }) {
  const { resolution, initial_decision: initial, payment_state: state, assignee, shadow_decision: shadow } = decision;
  return (
    <span className="decision-since">
      {initial && initial !== decision.decision && <span>at first {outcomeName(initial).toLowerCase()}</span>}
      {shadow && shadow !== decision.decision && <span>shadow rules would say: {outcomeName(shadow).toLowerCase()}</span>}
      {resolution && (
        <span data-testid="resolution">
          <strong>{plainWords(resolution.resolution.toLowerCase())}</strong>
          {resolution.resolved_by !== "" && <> by {resolution.resolved_by}</>} {utcSecond(resolution.resolved_at)} UTC
          {resolution.reason !== "" && <>: {resolution.reason}</>}
          {resolution.comment !== "" && <> ({resolution.comment})</>}
        </span>
      )}
      {isOpen(decision) && <span>{assignee === "" ? "waits for somebody to look at it" : `claimed by ${assignee}`}</span>}
      {state !== "" && <span>payment {plainWords(state).toLowerCase()}</span>}
    </span>
  );
}
