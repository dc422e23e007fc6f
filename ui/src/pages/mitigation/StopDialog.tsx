import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactNode, SubmitEvent } from "react";
import { closeBreaker, resumeMitigation, statusQuery, stopMitigation } from "../../api/mitigation";
import type { MitigationStatus } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { explain } from "../../components/Notice";
import { Choice, ReasonField } from "../../components/ReasonField";
import { useWorkplace } from "../../state/environment";

const spans = [
  { value: "900", text: "15 minutes" },
  { value: "3600", text: "1 hour" },
  { value: "14400", text: "4 hours" },
] as const;

interface OrderDialogProps {
  title: string;
  button: string;
  /** Whether a reason must be given. */
  needed: boolean;
  harmful?: boolean;
  perform: (reason: string) => Promise<MitigationStatus>;
  onClose: () => void;
  children: ReactNode;
}

/** Asks for a reason, then changes how mitigation stands. */
function OrderDialog({ title, button, needed, harmful = false, perform, onClose, children }: OrderDialogProps) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const carryOut = useMutation({
    mutationFn: () => perform(reason),
    onSuccess: (status) => {
      client.setQueryData(statusQuery(environment.name).queryKey, status);
      void client.invalidateQueries({ queryKey: ["health"] });
      void client.invalidateQueries({ queryKey: ["audit"] });
      onClose();
    },
  });
  const ready = (!needed || reason.trim() !== "") && !carryOut.isPending;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (ready) carryOut.mutate();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" aria-label={title} onSubmit={submit}>
        {children}
        <ReasonField value={reason} onChange={setReason} />
        {carryOut.error && (
          <p className="form-error" role="alert">
            {explain(carryOut.error).advice}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={harmful ? "button button-bad" : "button button-main"} disabled={!ready}>
            {button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The panic switch. */
export function StopDialog({ onClose }: { onClose: () => void }) {
  const { environment } = useWorkplace();
  const [seconds, setSeconds] = useState("900");
  return (
    <OrderDialog
      title="Stop all mitigation"
      button="Stop all mitigation"
      needed
      harmful
      perform={(reason) => stopMitigation(environment.name, Number(seconds), reason)}
      onClose={onClose}
    >
      <p>
        Every request of {environment.name} goes through, attackers’ too. They are still rated, and what would have been done is recorded.
        Mitigation goes on by itself when the time is over.
      </p>
      <Choice legend="For" name="stop-for" choices={spans} value={seconds} onChange={setSeconds} />
    </OrderDialog>
  );
}

export function ResumeDialog({ onClose }: { onClose: () => void }) {
  const { environment } = useWorkplace();
  return (
    <OrderDialog
      title="Resume mitigation"
      button="Resume"
      needed={false}
      perform={(reason) => resumeMitigation(environment.name, reason)}
      onClose={onClose}
    >
      <p>Policies act again from the next request on. Nobody who is let through by hand is concerned.</p>
    </OrderDialog>
  );
}

export function BreakerDialog({ policy, onClose }: { policy: string; onClose: () => void }) {
  const { environment } = useWorkplace();
  return (
    <OrderDialog
      title={`Let ${policy} act again`}
      button="Close the breaker"
      needed
      perform={(reason) => closeBreaker(environment.name, policy, reason)}
      onClose={onClose}
    >
      <p>Its circuit breaker closes now and forgets what it counted. It opens again when the policy goes beyond its budget.</p>
    </OrderDialog>
  );
}
