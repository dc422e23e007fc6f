import type { LinkedEntity } from "../../api/types";
import { Empty } from "../../components/Notice";
import { SearchLink } from "../../components/SearchLink";
import { count, counted } from "../../format/words";
import { useNames } from "../../state/names";
import { EntityLink } from "../payments/links";

/** The session's entities and how many other sessions carry each. */
export function LinkedTable({ linked }: { linked: readonly LinkedEntity[] }) {
  const names = useNames();
  return (
    <section className="card" aria-labelledby="linked-title">
      <header className="card-head">
        <h2 id="linked-title">Linked Sessions and Entities</h2>
        <p className="card-note">Other sessions of the last 90 days</p>
      </header>
      {linked.length === 0 ? (
        <Empty title="This session carries no entities">
          <p>Entities such as an email or a card link sessions. The specs of this traffic take none.</p>
        </Empty>
      ) : (
        <table className="table linked" aria-labelledby="linked-title">
          <thead>
            <tr>
              <th scope="col">Entity Type</th>
              <th scope="col">Entity Detail</th>
              <th scope="col">Related Sessions</th>
            </tr>
          </thead>
          <tbody>
            {linked.map((entity) => (
              <tr key={`${entity.element} ${entity.value}`}>
                <td>{names.element(entity.element)}</td>
                <td className="mono" title={entity.display || entity.value}>
                  <EntityLink element={entity.element} value={entity.value}>
                    {entity.display || entity.value}
                  </EntityLink>
                </td>
                <td>
                  {entity.related_sessions === 0 ? (
                    <span className="faint">0</span>
                  ) : (
                    <SearchLink
                      field={entity.element}
                      value={entity.value}
                      label={`${counted(entity.related_sessions, "related session")}: ${names.element(entity.element)}`}
                    >
                      {count(entity.related_sessions)}
                    </SearchLink>
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
