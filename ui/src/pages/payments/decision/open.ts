import type { Decision } from "../../../api/payment-types";

/** A REVIEW that nobody has resolved yet. */
export function isOpen(decision: Decision): boolean {
  return decision.decision === "REVIEW" && decision.resolution === undefined;
}
