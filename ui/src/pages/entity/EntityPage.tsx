import { useQuery } from "@tanstack/react-query";
import { fieldsQuery } from "../../api/resources";
import { CopyButton } from "../../components/CopyButton";
import { may, useWorkplace } from "../../state/environment";
import { NamesContext, makeNames } from "../../state/names";
import { useTitle } from "../../state/use-title";
import { BackLink } from "../session/BackLink";
import { EntityDecisions } from "./EntityDecisions";
import { EntitySessions } from "./EntitySessions";
import { EntityStanding } from "./EntityStanding";
import { sharingOf } from "./sharing";

/** One thing that sessions and payments can share: an address, a card, a customer. */
export function EntityPage({ element, value }: { element: string; value: string }) {
  const { environment } = useWorkplace();
  const fields = useQuery(fieldsQuery(environment.name));
  const names = makeNames(fields.data);
  const sharing = sharingOf(element);
  const payments = may(environment, "payments:view");
  useTitle(names.element(element));
  return (
    <NamesContext value={names}>
      <div className="page page-entity">
        <div className="session-head">
          <BackLink />
          <h1>{names.element(element)}</h1>
        </div>
        <section className="card entity-banner" aria-label="Entity">
          <span className="mono">{value}</span>
          <CopyButton text={value} what="value" />
        </section>
        {payments && sharing && sharing.path !== "" && <EntityStanding path={sharing.path} value={value} />}
        {payments && sharing && <EntityDecisions sharing={sharing} element={element} value={value} />}
        <EntitySessions element={element} value={value} />
      </div>
    </NamesContext>
  );
}
