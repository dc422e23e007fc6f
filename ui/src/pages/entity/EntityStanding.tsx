import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Standing } from "../../api/payment-lists";
import { standingQuery } from "../../api/payment-lists";
import { Icon } from "../../components/Icon";
import { explain } from "../../components/Notice";
import { utcSecond } from "../../format/time";
import { may, useWorkplace } from "../../state/environment";
import { isOff } from "../payments/PaymentsPage";
import { PageLink } from "../payments/links";
import { AddValueDialog } from "../payments/lists/AddValueDialog";

/** Whether the entity stands on the blacklist, and the way onto it. */
export function EntityStanding({ path, value }: { path: string; value: string }) {
  const { environment } = useWorkplace();
  const [adding, setAdding] = useState(false);
  const { data, error } = useQuery(standingQuery(environment.name, path, value));
  if (isOff(error)) return null;
  return (
    <section className="card entity-standing" aria-label="Blacklist" data-testid="standing">
      <Icon name="block" size={14} />
      {error ? <span role="alert">{explain(error).advice}</span> : <span role="status">{data ? said(data) : "Looking at the blacklist…"}</span>}
      {data?.entries.map((entry) => (
        <span key={entry.id} className="faint">
          since {utcSecond(entry.inserted_at)}, {entry.expires_at === "" ? "for ever" : `until ${utcSecond(entry.expires_at)}`}
          {entry.source_decision_id !== "" && (
            <>
              {" "}
              after <PageLink path={`/payments/decisions/${encodeURIComponent(entry.source_decision_id)}`}>this decision</PageLink>
            </>
          )}
          {entry.note !== "" && <> ({entry.note})</>}
        </span>
      ))}
      <span className="toolbar-space" />
      {data?.entries.length === 0 && may(environment, "payments:review") && (
        <button type="button" className="button" onClick={() => setAdding(true)}>
          Put on the blacklist
        </button>
      )}
      {adding && <AddValueDialog list="blacklist" preset={{ path, value }} onClose={() => setAdding(false)} />}
    </section>
  );
}

function said({ entries, whole }: Standing): string {
  if (entries.length > 0) return "Stands on the blacklist";
  return whole ? "Not on the blacklist" : "Not among the newest entries of the blacklist; it is too long to look through here";
}
