import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { SubmitEvent } from "react";
import type { Problem } from "../../../api/client";
import { ApiError } from "../../../api/client";
import type { Ruleset } from "../../../api/payment-ruleset-types";
import type { Decision } from "../../../api/payment-types";
import { dryRun } from "../../../api/payment-rulesets";
import { Dialog } from "../../../components/Dialog";
import { explain } from "../../../components/Notice";
import { useWorkplace } from "../../../state/environment";
import { JsonEditor, parseJson } from "../JsonEditor";
import { OutcomeBadge } from "../OutcomeBadge";
import { ExplanationCard } from "../decision/ExplanationCard";
import { money } from "../words";

interface DryRunDialogProps {
  ruleset: Ruleset;
  unsaved: boolean;
  onClose: () => void;
}

/** Asks what a version would decide about one payment, and why. */
export function DryRunDialog({ ruleset, unsaved, onClose }: DryRunDialogProps) {
  const { environment } = useWorkplace();
  const [text, setText] = useState(() => sample(ruleset.context));
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const run = useMutation({
    mutationFn: (request: unknown) => dryRun(environment.name, ruleset.id, request),
    gcTime: 0, // what was put in may hold a card's number
    onError: (error) => setProblems(problemsOf(error)),
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (run.isPending) return;
    const { value, problems: wrong } = parseJson(text);
    setProblems(wrong);
    if (wrong.length === 0) run.mutate(value);
    else run.reset();
  };
  return (
    <Dialog title={`Dry run of version ${ruleset.version}`} onClose={onClose}>
      <form className="form backtest" aria-label="Dry run" onSubmit={submit}>
        <p>
          What this version would decide about one payment, put in as the body of POST /api/decisions has it. Nothing is kept or counted, and no
          backend is asked: rules do as they say for one that fails.
        </p>
        {unsaved && <p className="form-hint">Changes that are not saved are not tried.</p>}
        <JsonEditor label="The payment as JSON" text={text} problems={problems} onChange={setText} />
        {run.error && problems.length === 0 && (
          <p className="form-error" role="alert">
            {explain(run.error).advice}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-main" disabled={run.isPending}>
            {run.isPending ? "Running…" : "Run"}
          </button>
        </div>
        {run.data && <Outcome decision={run.data} />}
      </form>
    </Dialog>
  );
}

function Outcome({ decision }: { decision: Decision }) {
  return (
    <section aria-label="What would be decided" data-testid="dry-run">
      <p role="status" className="journey-head">
        <OutcomeBadge outcome={decision.decision} />
        <strong>{money(decision.amount, decision.currency)}</strong>
        {decision.score !== undefined && <span className="faint">{decision.score} points</span>}
        <span className="faint">{decision.journey ? "with the journey of the visit that it fits" : "without a journey: it fits no visit"}</span>
      </p>
      <ExplanationCard decision={decision} />
    </section>
  );
}

/** What is wrong with the payment, by its own paths. */
function problemsOf(error: unknown): Problem[] {
  if (!(error instanceof ApiError)) return [];
  return error.problems.map((problem) => ({ ...problem, field: problem.field.replace(/^\$\.request/, "$") }));
}

/** A payment to begin with: a card without its number, which is taken everywhere. */
function sample(context: string): string {
  const payment = {
    context,
    credential: { type: "masked_pan", masked_pan: { first_six: "411111", last_four: "1111" } },
    customer: { id: "customer-1", email: "buyer@example.com" },
    transaction: { reference: "order-1", amount: 12_900, currency: "EUR" },
    device: { ip: "192.0.2.1" },
  };
  return JSON.stringify(payment, null, 2);
}
