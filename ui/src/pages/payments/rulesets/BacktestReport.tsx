import type { Changed, Report, Side, Tally } from "../../../api/payment-ruleset-types";
import { count, counted, plainWords } from "../../../format/words";
import { PageLink } from "../links";
import { money, moneys, portion } from "../words";

type Row = readonly [title: string, read: (side: Side) => string];

const tally = ({ count: times, money: amounts }: Tally) => (times === 0 ? "0" : `${count(times)} (${moneys(amounts)})`);

const rows: readonly Row[] = [
  ["Allowed", (side) => tally(side.allowed)],
  ["Sent to review", (side) => tally(side.reviewed)],
  ["Blocked", (side) => tally(side.blocked)],
  ["Fraud caught", (side) => tally(side.fraud_caught)],
  ["Fraud missed", (side) => tally(side.fraud_missed)],
  ["Good payments hit", (side) => tally(side.good_hit)],
  ["Precision", (side) => portion(side.precision)],
  ["Recall", (side) => portion(side.recall)],
  ["Money saved", (side) => moneys(side.saved)],
];

/** What a backtest found: the candidate beside what was decided, and the payments that differ. */
export function BacktestReport({ report }: { report: Report }) {
  return (
    <section className="backtest-report" aria-label="Report" data-testid="backtest-report">
      <p role="status">
        {counted(report.decisions, "decision")} looked at
        {report.skipped > 0 && `, ${count(report.skipped)} of them could not be run again: what they were made from is no longer kept`}
        {report.truncated && "; there were more than are looked at"}. A payment counts as fraud once a chargeback or a fraud report came for it.
      </p>
      <table className="table" aria-label="This version beside what was decided">
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">Figure</span>
            </th>
            <th scope="col" className="figure-cell">
              This version
            </th>
            <th scope="col" className="figure-cell">
              As decided
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([title, read]) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              <td className="figure-cell">{read(report.candidate)}</td>
              <td className="figure-cell">{read(report.recorded)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Differences title="Newly hit" changed={report.newly_hit} />
      <Differences title="No longer hit" changed={report.no_longer_hit} />
    </section>
  );
}

function Differences({ title, changed }: { title: string; changed: Changed }) {
  return (
    <section className="part" aria-label={title}>
      <h3>
        {title} <span className="part-count">{count(changed.count)}</span>
      </h3>
      {changed.count === 0 ? (
        <p className="faint">No payment.</p>
      ) : (
        <>
          <p>
            {moneys(changed.money)}; {count(changed.fraud)} of them fraud
            {changed.count > changed.examples.length && <span className="faint"> · the first {changed.examples.length}:</span>}
          </p>
          <ul className="lines">
            {changed.examples.map((example) => (
              <li key={example.id}>
                <PageLink path={`/payments/decisions/${encodeURIComponent(example.id)}`}>{money(example.amount, example.currency)}</PageLink>{" "}
                {plainWords(example.recorded.toLowerCase())} → <strong>{plainWords(example.candidate.toLowerCase())}</strong>
                {example.fraud && <span className="tag tag-bad tag-after">fraud</span>}
                {example.rules.length > 0 && <span className="faint"> {example.rules.join(", ")}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
