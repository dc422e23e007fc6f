import { useState } from "react";
import type { Interceptor } from "../../../api/payment-interceptors";
import { utcSecond } from "../../../format/time";
import { count, counted } from "../../../format/words";
import { Card } from "../Card";
import { Table } from "../Table";

const shown = 200;

/** The fields that were seen in traffic, never their values. */
export function DiscoveredCard({ interceptor: { discovered_keys: keys, field_mapping: mapping } }: { interceptor: Interceptor }) {
  const [typed, setTyped] = useState("");
  const found = keys.filter(({ key }) => key.toLowerCase().includes(typed.trim().toLowerCase()));
  return (
    <Card
      title="Fields Seen"
      note={keys.length > 0 ? `${counted(found.length, "field")}${found.length > shown ? `, the first ${shown}` : ""}` : ""}
      tools={<input type="search" className="audit-search" aria-label="Search the fields" placeholder="Field" value={typed} onChange={(event) => setTyped(event.target.value)} />}
    >
      {keys.length === 0 ? (
        <p className="faint card-empty">No request has come yet.</p>
      ) : (
        <Table
          label="Fields seen"
          className="discovered-table"
          heads={["Field", "Type", "#Times", "Last UTC"]}
          rows={found.slice(0, shown).map(({ key, type, count: times, last_seen: last }) => (
            <tr key={`${key} ${type}`} data-testid="discovered-row">
              <td className="mono">
                {key} {mapping.some(({ source }) => source === key) && <span className="tag tag-good">mapped</span>}
              </td>
              <td>{type}</td>
              <td className="figure-cell">{times === 0 ? "–" : count(times)}</td>
              <td className="tabular nowrap">{last === "" ? "–" : utcSecond(last)}</td>
            </tr>
          ))}
        />
      )}
    </Card>
  );
}
