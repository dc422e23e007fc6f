import { useInfiniteQuery } from "@tanstack/react-query";
import { decisionsQuery, noQuery } from "../../api/payment-decisions";
import type { Decision, DecisionQuery } from "../../api/payment-types";
import { allOf } from "../../api/payments";
import { counted } from "../../format/words";
import { useWorkplace } from "../../state/environment";
import { Answer } from "../payments/Answer";
import { Card } from "../payments/Card";
import { More } from "../payments/Table";
import { DecisionTable } from "../payments/decisions/DecisionTable";
import { outcomeName } from "../payments/words";

/** The payments that share the entity. */
export function EntityDecisions({ search, value }: { search: keyof DecisionQuery; value: string }) {
  const { environment } = useWorkplace();
  const found = useInfiniteQuery(decisionsQuery(environment.name, { [search]: value }, () => ({ ...noQuery, [search]: value })));
  const decisions = allOf(found.data);
  return (
    <Card title="Payment Decisions" note={decisions ? summary(decisions, found.hasNextPage) : ""}>
      <Answer error={found.error} there={decisions !== undefined} retry={() => void found.refetch()}>
        {decisions?.length === 0 ? (
          <p className="faint card-empty">No payment shares it.</p>
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
