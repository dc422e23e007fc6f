import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { claimReview, reviewsQuery, unclaimReview } from "../../../api/payment-decisions";
import type { Decision } from "../../../api/payment-types";
import { allOf } from "../../../api/payments";
import { Empty } from "../../../components/Notice";
import { counted } from "../../../format/words";
import { may, useWorkplace } from "../../../state/environment";
import { focusedRow, moveRow, useKeys } from "../../../state/keys";
import { useNow } from "../../../state/use-now";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { Refusal } from "../ChangeDialog";
import { PaymentsPage } from "../PaymentsPage";
import { More, Table } from "../Table";
import { ResolveDialog } from "../decision/ResolveDialog";
import { decisionAddress } from "../links";
import { ReviewRow } from "./ReviewRow";

const heads = ["#Waiting", "#Amount", "Card", "Customer", "Journey", "Rules", "Claimed by", "!Decide"];
const rowsOf = "[data-review-row]";
type Action = "accept" | "reject";

/** Payments that wait for a person, the longest first. */
export function ReviewsPage() {
  const { environment, me } = useWorkplace();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const now = useNow(5_000);
  const found = useInfiniteQuery(reviewsQuery(environment.name));
  const [resolving, setResolving] = useState<{ decision: Decision; action: Action } | undefined>();
  const mayReview = may(environment, "payments:review");
  const claim = useMutation({
    mutationFn: ({ id, assignee }: Decision) => (assignee === me.user.email ? unclaimReview : claimReview)(environment.name, id),
    onSettled: () => client.invalidateQueries({ queryKey: ["reviews"] }),
  });
  const reviews = allOf(found.data);
  const withFocused = (act: (decision: Decision) => void) => () => {
    const id = focusedRow(rowsOf)?.dataset.reviewRow;
    const decision = reviews?.find((review) => review.id === id);
    if (decision) act(decision);
  };
  useKeys({
    j: () => moveRow(rowsOf, 1),
    k: () => moveRow(rowsOf, -1),
    o: withFocused(({ id }) => navigate(decisionAddress(environment.name, id))),
    ...(mayReview
      ? {
          c: withFocused((decision) => claim.mutate(decision)),
          a: withFocused((decision) => setResolving({ decision, action: "accept" })),
          r: withFocused((decision) => setResolving({ decision, action: "reject" })),
        }
      : {}),
  });
  return (
    <PaymentsPage part="reviews" title="Reviews">
      <Answer error={found.error} there={reviews !== undefined} retry={() => void found.refetch()}>
        <Card
          title="Waiting for a Person"
          note={reviews ? `${counted(reviews.length, "payment")}${found.hasNextPage ? " and more" : ""}, the longest waiting first` : ""}
          tools={mayReview && <span className="faint">j k move · c claim · a accept · r reject · o open</span>}
        >
          {claim.error && <Refusal error={claim.error} />}
          {reviews?.length === 0 ? (
            <Empty title="No payment waits">
              <p>A payment stands here when a rule asks for a review. This list looks again by itself.</p>
            </Empty>
          ) : (
            <Table
              label="Waiting for a person"
              heads={heads}
              rows={reviews?.map((decision) => (
                <ReviewRow
                  key={decision.id}
                  decision={decision}
                  now={now}
                  changing={claim.isPending}
                  onClaim={mayReview ? () => claim.mutate(decision) : undefined}
                  onResolve={mayReview ? (action) => setResolving({ decision, action }) : undefined}
                />
              ))}
            />
          )}
          <More possible={found.hasNextPage} busy={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />
        </Card>
      </Answer>
      {resolving && <ResolveDialog {...resolving} onClose={() => setResolving(undefined)} />}
    </PaymentsPage>
  );
}
