import type { CheckStatus } from "../../api/types";
import { share } from "../../format/actions";
import { count, countryName, counted, plainWords } from "../../format/words";

const most = 50;

/** How many of those who get a check pass it, by kind of visitor. */
export function ChecksCard({ checks, loops }: { checks: readonly CheckStatus[]; loops: number }) {
  return (
    <section className="card" aria-labelledby="checks-title">
      <header className="card-head">
        <h2 id="checks-title">Checks</h2>
        <p className="card-note">Since the start{loops > 0 && `; ${counted(loops, "loop")} broken`}</p>
      </header>
      {checks.length === 0 ? (
        <p className="faint card-empty">Nobody has been offered a check yet.</p>
      ) : (
        <div className="table-frame" tabIndex={-1}>
          <table className="table" aria-labelledby="checks-title">
            <thead>
              <tr>
                <th scope="col">Check</th>
                <th scope="col">Visitors</th>
                <th scope="col" className="figure-cell">
                  Offered
                </th>
                <th scope="col" className="figure-cell">
                  Passed
                </th>
                <th scope="col" className="figure-cell">
                  Failed
                </th>
                <th scope="col" className="figure-cell">
                  Let through
                </th>
              </tr>
            </thead>
            <tbody>
              {checks.slice(0, most).map((check) => (
                <tr key={`${check.check} ${cohort(check)}`} data-testid="check-row">
                  <td>{plainWords(check.check)}</td>
                  <td>{cohort(check)}</td>
                  <td className="figure-cell">{count(check.offered)}</td>
                  <td className="figure-cell">
                    {count(check.passed)} <span className="faint">({share(check.passed, check.offered)})</span>
                  </td>
                  <td className="figure-cell">{count(check.refused)}</td>
                  <td className="figure-cell" title="It came back again and again without an answer">
                    {count(check.looped)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** "Chrome, United States, signed in" */
export function cohort({ family, country, signed_in: signedIn }: CheckStatus): string {
  const words = [family === "" ? "Unknown program" : plainWords(family), countryName(country) || country, signedIn ? "signed in" : ""];
  return words.filter(Boolean).join(", ");
}
