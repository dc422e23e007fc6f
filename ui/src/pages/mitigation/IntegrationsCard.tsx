import type { IntegrationStatus } from "../../api/types";
import { utcSecond } from "../../format/time";
import { count, plainWords } from "../../format/words";

/** How the outside systems fare that are told. */
export function IntegrationsCard({ integrations }: { integrations: readonly IntegrationStatus[] }) {
  return (
    <section className="card" aria-labelledby="integrations-title">
      <header className="card-head">
        <h2 id="integrations-title">Integrations</h2>
      </header>
      {integrations.length === 0 ? (
        <p className="faint card-empty">No integration is configured.</p>
      ) : (
        <div className="table-frame" tabIndex={-1}>
          <table className="table" aria-labelledby="integrations-title">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col" className="figure-cell">
                  Sent
                </th>
                <th scope="col" className="figure-cell">
                  Waiting
                </th>
                <th scope="col" className="figure-cell">
                  Failed
                </th>
                <th scope="col">Last sent (UTC)</th>
              </tr>
            </thead>
            <tbody>
              {integrations.map((one) => (
                <tr key={one.name} data-testid="integration-row">
                  <td>
                    {one.name} <span className="faint">{plainWords(one.kind)}</span>
                  </td>
                  <td>
                    {one.open ? (
                      <span className="tag tag-bad" title={one.last_error}>
                        does not answer
                      </span>
                    ) : (
                      <span className="tag tag-good">answers</span>
                    )}
                    {one.last_error !== "" && <span className="faint"> {one.last_error}</span>}
                  </td>
                  <td className="figure-cell">{count(one.sent)}</td>
                  <td className="figure-cell">{count(one.waiting)}</td>
                  <td className={one.failed > 0 ? "figure-cell audit-failed" : "figure-cell"}>{count(one.failed)}</td>
                  <td className="tabular nowrap">{one.last_sent === "" ? "–" : utcSecond(one.last_sent)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
