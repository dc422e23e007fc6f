import type { ExplainedLabel, Explanation, Operand } from "../../api/types";
import { Mark } from "../../components/Rating";
import { count, counted, plainWords, ratingWord } from "../../format/words";
import { points } from "./FindingsCard";

/** Why the session is rated as it is: in sentences, then what did it, what is next, and who it is held to be. */
export function ExplanationCard({ explanation }: { explanation: Explanation }) {
  const decisive = explanation.labels.filter(({ name, shadow }) => !shadow && explanation.enough.includes(name));
  const { link } = explanation;
  return (
    <section className="card explanation" aria-labelledby="explanation-title" data-testid="explanation">
      <header className="card-head">
        <h2 id="explanation-title">Why This Rating</h2>
      </header>
      <div className="explanation-body">
        <div className="explanation-said">
          {explanation.sentences.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
        <dl className="explanation-facts">
          <dt>To the next rating</dt>
          <dd>{distance(explanation)}</dd>
          <dt>Session by</dt>
          <dd>
            {plainWords(explanation.join.by)}
            {explanation.join.detail !== "" && <span className="faint"> {explanation.join.detail}</span>}
          </dd>
          <dt>Device by</dt>
          <dd>
            {link.tier === "" ? "–" : plainWords(link.tier)}
            {explanation.confidence_percent > 0 && <span className="faint"> {explanation.confidence_percent} % sure</span>}
            {link.bits !== 0 && <span className="faint"> {bits(link.bits)} bits, {bits(link.margin)} ahead of the next</span>}
          </dd>
          {link.because.map(({ expression, value }) => (
            <dd key={expression} className="explanation-because">
              <code>{expression}</code> {value}
            </dd>
          ))}
        </dl>
        {decisive.length > 0 && (
          <ul className="explanation-labels" aria-label="Labels that are enough for the rating">
            {decisive.map((label) => (
              <Decisive key={`${label.rule} ${label.name}`} label={label} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Decisive({ label }: { label: ExplainedLabel }) {
  return (
    <li>
      <p className="explanation-label">
        <Mark of={label.severity} size={11} />
        <span className="label-name">{label.name}</span>
        <span className="faint">without it {ratingWord(label.without)}</span>
        <span className="label-points">{points(label.points)}</span>
      </p>
      <ul>
        {label.operands.map((operand) => (
          <li key={operand.expression}>
            <code>{operand.expression}</code> {operand.value}
            <span className="faint">{limit(operand)}</span>
          </li>
        ))}
      </ul>
    </li>
  );
}

/** "371 points to Malicious", or that nothing is worse. */
export function distance({ next, next_rating: worse, rating }: Explanation): string {
  return worse === rating ? "No rating is worse" : `${counted(next, "point")} to ${ratingWord(worse)}`;
}

/** " > 10, within 1m" */
export function limit({ operator, threshold, window }: Operand): string {
  const compared = threshold === "" ? "" : ` ${operator} ${threshold}`;
  return window === "" ? compared : `${compared}, within ${window}`;
}

/** Hundredths of a bit, as bits. */
function bits(centibits: number): string {
  return count(Math.round(centibits / 10) / 10);
}
