import type { ReactNode } from "react";
import { Failure, FailureBanner } from "../../components/Notice";
import { PaymentsOff, isOff } from "./PaymentsPage";

interface AnswerProps {
  error: unknown;
  /** Whether there is something to show all the same. */
  there: boolean;
  retry: () => void;
  children: ReactNode;
}

/** What was asked for, or why it did not come; older content stays with a line above it. */
export function Answer({ error, there, retry, children }: AnswerProps) {
  if (isOff(error)) return <PaymentsOff />;
  if (error !== null && !there) return <Failure error={error} retry={retry} />;
  return (
    <>
      {error !== null && <FailureBanner error={error} retry={retry} />}
      {children}
    </>
  );
}
