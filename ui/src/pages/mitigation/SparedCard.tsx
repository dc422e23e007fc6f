import { useMutation, useQueryClient } from "@tanstack/react-query";
import { statusQuery, unspare } from "../../api/mitigation";
import type { SparedVisitor } from "../../api/types";
import { explain } from "../../components/Notice";
import { scopeName } from "../../format/actions";
import { utcSecond } from "../../format/time";
import { count } from "../../format/words";
import { may, useWorkplace } from "../../state/environment";
import { VisitorLink } from "./VisitorLink";

/** Who is let through by hand or by an undo. */
export function SparedCard({ spared, total }: { spared: readonly SparedVisitor[]; total: number }) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (visitor: SparedVisitor) => unspare(environment.name, visitor),
    onSuccess: (status) => {
      client.setQueryData(statusQuery(environment.name).queryKey, status);
    },
  });
  return (
    <section className="card" aria-labelledby="spared-title">
      <header className="card-head">
        <h2 id="spared-title">Let Through</h2>
        <p className="card-note">{total > spared.length ? `The last ${count(spared.length)} of ${count(total)} to end` : ""}</p>
      </header>
      {end.error && (
        <p className="form-error card-empty" role="alert">
          {explain(end.error).advice}
        </p>
      )}
      {spared.length === 0 ? (
        <p className="faint card-empty">Nobody is let through by hand or by an undo.</p>
      ) : (
        <div className="table-frame" tabIndex={-1}>
          <table className="table" aria-labelledby="spared-title">
            <thead>
              <tr>
                <th scope="col">Visitor</th>
                <th scope="col">By</th>
                <th scope="col">Until (UTC)</th>
                <th scope="col">
                  <span className="sr-only">End</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {spared.map((visitor) => (
                <tr key={`${visitor.policy} ${visitor.scope} ${visitor.element} ${visitor.key}`} data-testid="spared-row">
                  <td>
                    <span className="faint">{scopeName(visitor.scope)}</span> <VisitorLink visitor={visitor} />
                  </td>
                  <td>{visitor.policy === "" ? "hand" : `undo of ${visitor.policy}`}</td>
                  <td className="tabular nowrap">{utcSecond(visitor.until)}</td>
                  <td className="admin-changes">
                    {may(environment, "mitigation:spare") && (
                      <button
                        type="button"
                        className="text-button"
                        aria-label={`End for ${visitor.key}`}
                        disabled={end.isPending}
                        onClick={() => end.mutate(visitor)}
                      >
                        End
                      </button>
                    )}
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
