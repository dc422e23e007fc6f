import { useInfiniteQuery } from "@tanstack/react-query";
import { useLocation, useSearchParams } from "wouter";
import { decisionsQuery } from "../../../api/payment-decisions";
import { allOf } from "../../../api/payments";
import { Empty } from "../../../components/Notice";
import { counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { PaymentsPage } from "../PaymentsPage";
import { More } from "../Table";
import { pageAddress } from "../links";
import { DecisionForm } from "./DecisionForm";
import { DecisionTable } from "./DecisionTable";
import { parseSearch, resolved, writeSearch } from "./decision-search";

/** The payments that were decided about, newest first. */
export function DecisionsPage() {
  const { environment } = useWorkplace();
  const [parameters] = useSearchParams();
  const [, navigate] = useLocation();
  const search = parseSearch(parameters);
  const written = writeSearch(search);
  const found = useInfiniteQuery(decisionsQuery(environment.name, written, () => resolved(search, new Date())));
  const decisions = allOf(found.data);
  const retry = () => void found.refetch();
  return (
    <PaymentsPage part="decisions" title="Payment Decisions">
      <DecisionForm
        key={JSON.stringify(written)}
        search={search}
        onSearch={(next) => {
          const address = pageAddress(environment.name, "/payments/decisions", writeSearch(next));
          if (JSON.stringify(writeSearch(next)) === JSON.stringify(written)) retry();
          else navigate(address);
        }}
      />
      <Answer error={found.error} there={decisions !== undefined} retry={retry}>
        <Card
          title="Decisions"
          note={decisions ? `${counted(decisions.length, "decision")}${found.hasNextPage ? ", the newest of more" : ""}` : ""}
          tools={
            <button type="button" className="button" disabled={found.isFetching} onClick={retry}>
              Look again
            </button>
          }
        >
          {decisions?.length === 0 ? (
            <Empty title="No decision matches">
              <p>Widen the time, or take a filter away. Nothing is decided before the first payment is sent.</p>
            </Empty>
          ) : (
            <DecisionTable decisions={decisions} label="Decisions" />
          )}
          <More possible={found.hasNextPage} busy={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />
        </Card>
      </Answer>
    </PaymentsPage>
  );
}
