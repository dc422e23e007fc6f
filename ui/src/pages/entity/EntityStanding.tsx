import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ListValue } from "../../api/payment-lists";
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
  const { data, error } = useQuery({ ...standingQuery(environment.name, path, value), select: alive });
  if (isOff(error)) return null;
  return (
    <section className="card entity-standing" aria-label="Blacklist" data-testid="standing">
      <Icon name="block" size={14} />
      {error ? <span role="alert">{explain(error).advice}</span> : <span role="status">{data ? (data.length > 0 ? "Stands on the blacklist" : "Not on the blacklist") : "Looking at the blacklist…"}</span>}
      {data?.map((entry) => (
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
      {data?.length === 0 && may(environment, "payments:review") && (
        <button type="button" className="button" onClick={() => setAdding(true)}>
          Put on the blacklist
        </button>
      )}
      {adding && <AddValueDialog list="blacklist" preset={{ path, value }} onClose={() => setAdding(false)} />}
    </section>
  );
}

/** An entry whose time is over counts no more, even before it is taken away. */
function alive(entries: ListValue[]): ListValue[] {
  return entries.filter(({ expires_at: until }) => until === "" || Date.parse(until) > Date.now());
}
