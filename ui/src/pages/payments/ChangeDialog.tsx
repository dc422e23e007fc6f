import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode, SubmitEvent } from "react";
import { ApiError } from "../../api/client";
import { Dialog } from "../../components/Dialog";
import { explain } from "../../components/Notice";

interface ChangeDialogProps<T> {
  title: string;
  button: string;
  harmful?: boolean;
  /** Whether what was put in is enough. */
  ready?: boolean;
  perform: () => Promise<T>;
  /** The first words of the keys of what has changed by it. */
  changes: readonly string[];
  onDone?: (result: T) => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something is changed, says what is wrong with it, and has the pages look again. */
export function ChangeDialog<T>({ title, button, harmful = false, ready = true, perform, changes, onDone, onClose, children }: ChangeDialogProps<T>) {
  const client = useQueryClient();
  const carryOut = useMutation({
    mutationFn: perform,
    gcTime: 0, // an answer may hold a secret
    onSuccess: async (result) => {
      await Promise.all([...changes, "audit"].map((key) => client.invalidateQueries({ queryKey: [key] })));
      onClose();
      onDone?.(result);
    },
  });
  const can = ready && !carryOut.isPending;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (can) carryOut.mutate();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" aria-label={title} onSubmit={submit}>
        {children}
        {carryOut.error && <Refusal error={carryOut.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={harmful ? "button button-bad" : "button button-main"} disabled={!can}>
            {button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why something was refused, fault by fault. */
export function Refusal({ error }: { error: unknown }) {
  const problems = error instanceof ApiError ? error.problems : [];
  return (
    <div className="form-error" role="alert">
      <p>{explain(error).advice}</p>
      {problems.length > 0 && (
        <ul className="problem-list">
          {problems.map(({ field, message }, index) => (
            <li key={index}>
              <code>{field}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
