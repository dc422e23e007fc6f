import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { SubmitEvent } from "react";
import type { Ruleset } from "../../../api/payment-ruleset-types";
import { backtest } from "../../../api/payment-rulesets";
import { Dialog } from "../../../components/Dialog";
import { Choice } from "../../../components/ReasonField";
import { useWorkplace } from "../../../state/environment";
import { resolveRange } from "../../../state/search-state";
import { Refusal } from "../ChangeDialog";
import { BacktestReport } from "./BacktestReport";

const spans = [
  { value: "24h", text: "Last 24 hours" },
  { value: "7d", text: "Last 7 days" },
  { value: "30d", text: "Last 30 days" },
  { value: "90d", text: "Last 90 days" },
] as const;
type Span = (typeof spans)[number]["value"];

/** Runs a version over the payments that were decided, and shows what would have been different. */
export function BacktestDialog({ ruleset, unsaved, onClose }: { ruleset: Ruleset; unsaved: boolean; onClose: () => void }) {
  const { environment } = useWorkplace();
  const [span, setSpan] = useState<Span>("30d");
  const run = useMutation({ mutationFn: () => backtest(environment.name, ruleset.id, resolveRange({ last: span }, new Date())) });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!run.isPending) run.mutate();
  };
  return (
    <Dialog title={`Backtest of version ${ruleset.version}`} onClose={onClose}>
      <form className="form backtest" aria-label="Backtest" onSubmit={submit}>
        <p>
          The rules of this version are run over the payments of {ruleset.context} that were decided, and compared with what was decided and what
          came of it. Nothing is changed, nothing is counted.
        </p>
        {unsaved && <p className="form-hint">Changes that are not saved are not tested.</p>}
        <Choice
          legend="Payments of"
          name="backtest-span"
          choices={spans}
          value={span}
          onChange={(value) => setSpan(spans.find((known) => known.value === value)?.value ?? "30d")}
        />
        {run.error && <Refusal error={run.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-main" disabled={run.isPending}>
            {run.isPending ? "Running…" : "Run"}
          </button>
        </div>
        {run.data && <BacktestReport report={run.data} />}
      </form>
    </Dialog>
  );
}
