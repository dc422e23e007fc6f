import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { decisionsQuery, noQuery, sessionsDecisionsQuery } from "../../api/payment-decisions";
import type { Decision, DecisionQuery } from "../../api/payment-types";
import { allOf } from "../../api/payments";
import { counted } from "../../format/words";
import { useWorkplace } from "../../state/environment";
import { Answer } from "../payments/Answer";
import { Card } from "../payments/Card";
import { More } from "../payments/Table";
import { DecisionTable } from "../payments/decisions/DecisionTable";
import { outcomeName } from "../payments/words";
import { entitySessionsQuery } from "./entity-sessions";
import type { Sharing } from "./sharing";

interface EntityDecisionsProps {
  sharing: Sharing;
  element: string;
  value: string;
}

/** The payments that share the entity: by a field of their own, or by the sessions that show it. */
export function EntityDecisions({ sharing, element, value }: EntityDecisionsProps) {
  const { search, means } = sharing;
  if (search === undefined) return <OfSessions element={element} value={value} means={means} />;
  return <ByField search={search} value={value} means={means} />;
}

function ByField({ search, value, means }: { search: keyof DecisionQuery; value: string; means: string }) {
  const { environment } = useWorkplace();
  return <Decisions query={decisionsQuery(environment.name, { [search]: value }, () => ({ ...noQuery, [search]: value }))} means={means} />;
}

function OfSessions({ element, value, means }: { element: string; value: string; means: string }) {
  const { environment } = useWorkplace();
  const found = useQuery(entitySessionsQuery(environment.name, element, value));
  const sessions = found.data?.sessions.map(({ session_id: id }) => id);
  if (!found.data || !sessions || sessions.length === 0) return null; // the card of the sessions says why
  const part = found.data.total > sessions.length ? ` The newest ${sessions.length} visits were looked at.` : "";
  return <Decisions query={sessionsDecisionsQuery(environment.name, sessions)} means={means + part} />;
}

function Decisions({ query, means }: { query: ReturnType<typeof decisionsQuery>; means: string }) {
  const found = useInfiniteQuery(query);
  const decisions = allOf(found.data);
  return (
    <Card title="Payment Decisions" note={decisions ? summary(decisions, found.hasNextPage) : ""}>
      <Answer error={found.error} there={decisions !== undefined} retry={() => void found.refetch()}>
        <p className="faint card-empty">{means}</p>
        {decisions?.length === 0 ? (
          <p className="card-empty">There is none.</p>
        ) : (
          <DecisionTable decisions={decisions} label="Payment decisions" />
        )}
        <More possible={found.hasNextPage} busy={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />
      </Answer>
    </Card>
  );
}

/** "7 decisions: 4 blocked, 3 allowed; 5 customers, 2 cards" */
export function summary(decisions: readonly Decision[], more: boolean): string {
  const outcomes = (["BLOCK", "REVIEW", "PROVISIONAL", "ALLOW"] as const)
    .map((outcome) => ({ outcome, times: decisions.filter(({ decision }) => decision === outcome).length }))
    .filter(({ times }) => times > 0)
    .map(({ outcome, times }) => `${times} ${outcomeName(outcome).toLowerCase()}`);
  if (decisions.length === 0) return "";
  const customers = new Set(decisions.map(({ customer_id: id }) => id)).size;
  const cards = new Set(decisions.map(({ credential_fingerprint: card }) => card).filter((card) => card !== "")).size;
  const shared = `${counted(customers, "customer")}, ${counted(cards, "card")}`;
  return `${counted(decisions.length, "decision")}${more ? ", the newest of more" : ""}: ${outcomes.join(", ")}; ${shared}`;
}
