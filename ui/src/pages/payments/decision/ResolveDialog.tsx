import { useState } from "react";
import { resolveReview } from "../../../api/payment-decisions";
import type { Decision } from "../../../api/payment-types";
import { ReasonField } from "../../../components/ReasonField";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { money } from "../words";

interface ResolveDialogProps {
  decision: Decision;
  action: "accept" | "reject";
  onClose: () => void;
}

/** Ends a REVIEW, for good. */
export function ResolveDialog({ decision, action, onClose }: ResolveDialogProps) {
  const { environment } = useWorkplace();
  const [reason, setReason] = useState("");
  const title = action === "accept" ? "Accept this payment" : "Reject this payment";
  return (
    <ChangeDialog
      title={title}
      button={action === "accept" ? "Accept" : "Reject"}
      harmful={action === "reject"}
      ready={reason.trim() !== ""}
      perform={() => resolveReview(environment.name, decision.id, action, reason.trim())}
      changes={["decision", "decisions", "reviews"]}
      onClose={onClose}
    >
      <p>
        {money(decision.amount, decision.currency)} of customer <span className="mono">{decision.customer_id}</span>, reference{" "}
        <span className="mono">{decision.transaction_reference}</span>. A review is resolved once; it cannot be taken back.
        {action === "accept" && decision.integration === "interceptor" && " The payment was not sent on: the merchant has to send it again."}
      </p>
      <ReasonField value={reason} onChange={setReason} />
    </ChangeDialog>
  );
}
