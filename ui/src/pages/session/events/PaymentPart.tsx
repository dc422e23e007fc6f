import type { EventRecord } from "../../../api/types";
import { outcomes } from "../../../api/payment-decisions";
import type { Outcome } from "../../../api/payment-types";
import { may, useWorkplace } from "../../../state/environment";
import { OutcomeBadge } from "../../payments/OutcomeBadge";
import { EntityLink, PageLink } from "../../payments/links";

/** What an event tells of the decision about a payment. */
export interface PaymentMention {
  id: string;
  outcome: Outcome | undefined;
  rules: string;
  card: string;
}

/** The decision that an event is about, undefined for other events. */
export function paymentOf({ event }: EventRecord): PaymentMention | undefined {
  if (event.type !== "payment_decision") return undefined;
  const value = (name: string) => event.elements.find((element) => element.name === name)?.value ?? "";
  const outcome = outcomes.find((known) => known === value("decision_outcome").toUpperCase());
  return { id: value("decision_id"), outcome, rules: value("decision_rules"), card: value("credential_fingerprint") };
}

/** The decision of a payment within its session: the outcome, the rules, and the way to the whole of it. */
export function PaymentPart({ mention }: { mention: PaymentMention }) {
  const { environment } = useWorkplace();
  const leads = mention.id !== "" && may(environment, "payments:view");
  return (
    <section className="part" data-testid="payment-part">
      <h3>Payment decision</h3>
      <p className="payment-mention">
        {mention.outcome && <OutcomeBadge outcome={mention.outcome} />}
        {mention.rules === "" ? <span className="faint">no rule fired</span> : <span>by {mention.rules}</span>}
        {leads && <PageLink path={`/payments/decisions/${encodeURIComponent(mention.id)}`}>Open the decision</PageLink>}
      </p>
      {mention.card !== "" && (
        <p>
          <span className="faint">Card</span> <EntityLink element="credential_fingerprint" value={mention.card} />
        </p>
      )}
    </section>
  );
}
