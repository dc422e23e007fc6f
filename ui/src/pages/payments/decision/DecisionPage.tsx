import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { decisionQuery } from "../../../api/payment-decisions";
import type { Decision } from "../../../api/payment-types";
import { may, useWorkplace } from "../../../state/environment";
import { useKeys } from "../../../state/keys";
import { Answer } from "../Answer";
import { PaymentsPage } from "../PaymentsPage";
import { PageLink } from "../links";
import { BackendCard } from "./BackendCard";
import { DecisionFacts } from "./DecisionFacts";
import { ExplanationCard } from "./ExplanationCard";
import { JourneyCard } from "./JourneyCard";
import { LifecycleCard } from "./LifecycleCard";
import { OutcomeCard } from "./OutcomeCard";
import { ResolveDialog } from "./ResolveDialog";
import { isOpen } from "./open";

/** One decision whole: what was decided, why, and what came of it. */
export function DecisionPage({ id }: { id: string }) {
  const { environment } = useWorkplace();
  const decision = useQuery(decisionQuery(environment.name, id));
  return (
    <PaymentsPage
      part="decisions"
      title="Payment Decision"
      tools={
        <PageLink path="/payments/decisions" className="nowrap">
          All decisions
        </PageLink>
      }
    >
      <Answer error={decision.error} there={decision.data !== undefined} retry={() => void decision.refetch()}>
        {decision.data ? <Whole decision={decision.data} /> : <DecisionSkeleton />}
      </Answer>
    </PaymentsPage>
  );
}

function Whole({ decision }: { decision: Decision }) {
  const { environment } = useWorkplace();
  const [resolving, setResolving] = useState<"accept" | "reject" | undefined>();
  const resolvable = isOpen(decision) && may(environment, "payments:review");
  useKeys(resolvable ? { a: () => setResolving("accept"), r: () => setResolving("reject") } : {});
  return (
    <>
      <OutcomeCard decision={decision} onResolve={resolvable ? setResolving : undefined} />
      {resolving && <ResolveDialog decision={decision} action={resolving} onClose={() => setResolving(undefined)} />}
      <div className="payment-pair">
        <DecisionFacts decision={decision} />
        <JourneyCard journey={decision.journey} />
      </div>
      <ExplanationCard decision={decision} />
      {decision.backend_results.length > 0 && <BackendCard results={decision.backend_results} />}
      <LifecycleCard decision={decision} />
    </>
  );
}

function DecisionSkeleton() {
  return (
    <div role="status" aria-label="Loading" className="payment-skeleton">
      <div className="card skeleton-block" />
      <div className="payment-pair">
        <div className="card skeleton-block skeleton-tall" />
        <div className="card skeleton-block skeleton-tall" />
      </div>
    </div>
  );
}
