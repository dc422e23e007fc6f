import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { auditQuery } from "../../api/resources";
import type { AuditEntry } from "../../api/types";
import { Empty, Failure } from "../../components/Notice";
import { SkeletonRows } from "../../components/Skeleton";
import { utcSecond } from "../../format/time";
import { counted } from "../../format/words";
import { useWorkplace } from "../../state/environment";
import { actionName, matchEntries } from "./audit";

/** What people did in this environment, newest first. */
export function AuditCard() {
  const { environment } = useWorkplace();
  const { data, error, refetch } = useQuery(auditQuery(environment.name));
  const [typed, setTyped] = useState("");
  const [action, setAction] = useState("");
  const entries = data?.entries;
  const actions = useMemo(() => [...new Set(entries?.map((entry) => entry.action))].sort(), [entries]);
  const shown = useMemo(() => entries && matchEntries(entries, typed, action), [entries, typed, action]);
  return (
    <section className="card" aria-labelledby="audit-title">
      <header className="card-head">
        <h2 id="audit-title">Audit</h2>
        <p className="card-note" role="status">
          {shown ? counted(shown.length, "entry", "entries") : ""}
        </p>
        <span className="toolbar-space" />
        <input
          type="search"
          className="audit-search"
          aria-label="Search the audit"
          placeholder="Person, detail or address"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <select
          className={action === "" ? "select-native" : "select-native select-active"}
          aria-label="Action"
          value={action}
          onChange={(event) => setAction(event.target.value)}
        >
          <option value="">Action: all</option>
          {actions.map((name) => (
            <option key={name} value={name}>
              {actionName(name)}
            </option>
          ))}
        </select>
        <button type="button" className="button" onClick={() => void refetch()}>
          Look again
        </button>
      </header>
      {error && !data ? <Failure error={error} retry={() => void refetch()} /> : <AuditTable entries={shown} />}
      {shown?.length === 0 && <Empty title={entries?.length === 0 ? "Nothing has been noted yet" : "No entry matches"} />}
    </section>
  );
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] | undefined }) {
  return (
    <div className="table-frame" tabIndex={-1}>
      <table className="table admin-table" aria-labelledby="audit-title" aria-busy={!entries}>
        <thead>
          <tr>
            <th scope="col">Time UTC</th>
            <th scope="col">Person</th>
            <th scope="col">Action</th>
            <th scope="col">Detail</th>
            <th scope="col">IP Address</th>
          </tr>
        </thead>
        <tbody>
          {entries?.map(({ id, at, actor, action, detail, address }) => (
            <tr key={id} data-testid="audit-row">
              <td className="tabular nowrap">{utcSecond(at)}</td>
              <td className={actor.includes("@") ? undefined : "faint"}>{actor}</td>
              <td>
                <span className={action.endsWith("failed") ? "audit-failed" : undefined}>{actionName(action)}</span>
              </td>
              <td className="audit-detail">{detail}</td>
              <td className="mono">{address}</td>
            </tr>
          ))}
          {!entries && <SkeletonRows rows={10} columns={5} />}
        </tbody>
      </table>
    </div>
  );
}
