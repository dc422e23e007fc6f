import type { Journey } from "../../../api/payment-types";
import { RatingBadge } from "../../../components/Rating";
import { count } from "../../../format/words";
import { useNames } from "../../../state/names";
import { Card } from "../Card";
import { Facts } from "../Facts";
import { EntityLink, PageLink } from "../links";
import { matchedBy } from "../words";

/** What the buyer did before paying. */
export function JourneyCard({ journey }: { journey: Journey | undefined }) {
  return (
    <Card
      title="Journey"
      tools={
        journey &&
        journey.session !== "" && (
          <PageLink path={`/sessions/${encodeURIComponent(journey.session)}`} className="button">
            Open the session
          </PageLink>
        )
      }
    >
      {journey ? <Found journey={journey} /> : <p className="faint card-empty">No visit was found that this payment belongs to.</p>}
    </Card>
  );
}

function Found({ journey }: { journey: Journey }) {
  const names = useNames();
  return (
    <div className="card-body" data-testid="journey">
      <p className="journey-head">
        <RatingBadge rating={journey.rating} />
        <span className="faint">
          score {count(journey.score)}, matched by {matchedBy(journey.matched_by)}
        </span>
      </p>
      <Facts
        facts={[
          ["Labels", journey.labels.length > 0 && <Tags words={journey.labels} />],
          ["Signatures", journey.signatures.length > 0 && <Tags words={journey.signatures} />],
          ["Cards in the session", <Figure key="cards" value={journey.cards_in_session} bad={journey.cards_in_session > 2} />],
          ["Payment attempts", count(journey.payments_in_session)],
          ["Failed", <Figure key="failed" value={journey.payment_failures_in_session} bad={journey.payment_failures_in_session > 2} />],
          ["Landing to payment", `${count(journey.minutes_to_payment)} min`],
          ["Events", count(journey.events)],
          ["Account on this device", accountAge(journey)],
          ["Confidence in the device", `${journey.confidence} %`],
        ]}
      />
      {journey.bad_entities.length > 0 && (
        <>
          <h3 className="part-head">Linked to what speaks against it</h3>
          <ul className="lines">
            {journey.bad_entities.map(({ element, value, label }) => (
              <li key={`${element} ${value} ${label}`}>
                <strong>{label}</strong> on {names.element(element)} <EntityLink element={element} value={value} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function accountAge({ account_known_on_device: known, account_age_days_on_device: days }: Journey): string {
  if (!known) return "never seen before";
  return days === undefined ? "seen before" : `first seen ${count(days)} days ago`;
}

function Tags({ words }: { words: readonly string[] }) {
  return (
    <span className="tag-row">
      {words.map((word) => (
        <span key={word} className="tag">
          {word}
        </span>
      ))}
    </span>
  );
}

function Figure({ value, bad }: { value: number; bad: boolean }) {
  return bad ? <strong className="figure-bad">{count(value)}</strong> : <>{count(value)}</>;
}
