import type { FeignStatus } from "../../api/types";

/** Of which answers enough was seen to make up such ones. */
export function FeignedCard({ feigned }: { feigned: readonly FeignStatus[] }) {
  return (
    <section className="card" aria-labelledby="feigned-title">
      <header className="card-head">
        <h2 id="feigned-title">Feigned Answers</h2>
        <p className="card-note">Learned from the application’s own</p>
      </header>
      {feigned.length === 0 ? (
        <p className="faint card-empty">No policy feigns answers.</p>
      ) : (
        <table className="table" aria-labelledby="feigned-title">
          <thead>
            <tr>
              <th scope="col">Spec</th>
              <th scope="col">Feigned</th>
              <th scope="col">Policy</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {feigned.map(({ policy, spec, as, ready }) => (
              <tr key={`${policy} ${spec} ${as}`} data-testid="feigned-row">
                <td>
                  <code>{spec}</code>
                </td>
                <td>{as === "success" ? "Success" : "Failure"}</td>
                <td>{policy}</td>
                <td>
                  {ready ? (
                    <span className="tag tag-good">ready</span>
                  ) : (
                    <span className="tag tag-bad" title="The template is used until enough answers of the application were seen">
                      learning
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
