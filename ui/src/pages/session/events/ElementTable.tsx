import type { Element } from "../../../api/types";
import { Icon } from "../../../components/Icon";
import { SearchLink } from "../../../components/SearchLink";
import { plainWords } from "../../../format/words";
import { useNames } from "../../../state/names";
import { EntityLink } from "../../payments/links";

interface ElementTableProps {
  title: string;
  elements: readonly Element[];
  /** Values lead to the sessions that carry them. */
  linking?: boolean;
}

export function ElementTable({ title, elements, linking = false }: ElementTableProps) {
  const names = useNames();
  if (elements.length === 0) return null;
  return (
    <section className="part">
      <h3>
        {title} <span className="part-count">{elements.length}</span>
      </h3>
      <table className="elements" aria-label={title}>
        <tbody>
          {elements.map((element) => (
            <tr key={`${element.name} ${element.value}`}>
              <th scope="row" title={element.name}>
                {names.element(element.name)}
              </th>
              <td>
                <Value element={element} linking={linking} />
                <Parts parts={element.parts} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Value({ element, linking }: { element: Element; linking: boolean }) {
  const shown = element.display || element.value;
  if (shown === "") return <span className="faint">Incomplete</span>;
  if (!linking || element.value === "") return <span title={element.value}>{shown}</span>;
  return (
    <>
      <SearchLink field={element.name} value={element.value} title="All sessions that carry this value">
        {shown}
      </SearchLink>
      <EntityLink element={element.name} value={element.value}>
        <Icon name="link" size={12} />
        <span className="sr-only">All that is known of it</span>
      </EntityLink>
    </>
  );
}

function Parts({ parts }: { parts: Record<string, string> }) {
  const entries = Object.entries(parts);
  if (entries.length === 0) return null;
  return (
    <dl className="parts">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{plainWords(name)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
