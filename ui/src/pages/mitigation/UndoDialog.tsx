import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { SubmitEvent } from "react";
import { affectedAddress, affectedQuery, undoPolicy } from "../../api/mitigation";
import type { AffectedVisitor } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { explain } from "../../components/Notice";
import { ReasonField } from "../../components/ReasonField";
import { kindName, scopeName } from "../../format/actions";
import { utcSecond } from "../../format/time";
import { count, counted } from "../../format/words";
import { may, useWorkplace } from "../../state/environment";
import { VisitorLink } from "./VisitorLink";

const spans = [
  { seconds: 900, text: "Last 15 minutes" },
  { seconds: 3_600, text: "Last hour" },
  { seconds: 14_400, text: "Last 4 hours" },
  { seconds: 86_400, text: "Last 24 hours" },
  { seconds: 604_800, text: "Last 7 days" },
] as const;

function since(seconds: number): string {
  return new Date(Date.now() - seconds * 1_000).toISOString();
}

/** Shows whom a policy has dealt with, and lets them through from now on. */
export function UndoDialog({ policy, onClose }: { policy: string; onClose: () => void }) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  // The moment is fixed when the span is chosen: what is undone is what was shown.
  const [span, setSpan] = useState(() => ({ seconds: 3_600, from: since(3_600) }));
  const [reason, setReason] = useState("");
  const people = useQuery(affectedQuery(environment.name, policy, span.from));
  const undo = useMutation({
    mutationFn: () => undoPolicy(environment.name, policy, span.from, reason),
    onSuccess: () => client.invalidateQueries({ queryKey: ["mitigation"] }),
  });
  if (undo.data) return <Undone policy={policy} affected={undo.data.affected} onClose={onClose} />;
  const total = people.data?.total ?? 0;
  const operator = may(environment, "mitigation:manage");
  const ready = operator && reason.trim() !== "" && !undo.isPending && total > 0;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (ready) undo.mutate();
  };
  return (
    <Dialog title={`Undo ${policy}`} onClose={onClose}>
      <form className="form undo-form" aria-label={`Undo ${policy}`} onSubmit={submit}>
        <label className="field">
          What it did in the
          <select
            className="select-native"
            value={span.seconds}
            onChange={(event) => setSpan({ seconds: Number(event.target.value), from: since(Number(event.target.value)) })}
          >
            {spans.map(({ seconds, text }) => (
              <option key={seconds} value={seconds}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <AffectedList people={people.data?.affected} total={total} error={people.error} />
        {total > 0 && may(environment, "sessions:export") && (
          <a className="text-button" href={affectedAddress(environment.name, policy, span.from)} download="">
            Download all {count(total)} as CSV
          </a>
        )}
        {operator ? (
          <ReasonField value={reason} onChange={setReason} />
        ) : (
          <p className="form-hint">Only administrators can undo it.</p>
        )}
        {undo.error && (
          <p className="form-error" role="alert">
            {explain(undo.error).advice}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-bad" disabled={!ready}>
            {people.data ? `Let ${counted(people.data.total, "visitor")} through` : "Undo"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Undone({ policy, affected, onClose }: { policy: string; affected: number; onClose: () => void }) {
  return (
    <Dialog title={`${policy} is undone`} onClose={onClose}>
      <p>
        {counted(affected, "visitor")} {affected === 1 ? "is" : "are"} let go, and {policy} leaves them alone for a week. It goes on with everybody
        else: change its condition, or put it in shadow.
      </p>
      <div className="dialog-actions">
        <button type="button" className="button button-main" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

interface AffectedListProps {
  people: readonly AffectedVisitor[] | undefined;
  total: number;
  error: Error | null;
}

function AffectedList({ people, total, error }: AffectedListProps) {
  if (error) {
    return (
      <p className="form-error" role="alert">
        {explain(error).advice}
      </p>
    );
  }
  if (!people) return <p role="status">Looking for the people affected</p>;
  if (people.length === 0) return <p role="status">It dealt with nobody in that time.</p>;
  return (
    <div className="undo-people" tabIndex={0} role="group" aria-label="People affected">
      <p className="form-hint">{total > people.length ? `The latest ${count(people.length)} of ${count(total)}` : counted(total, "visitor")}</p>
      <ul>
        {people.map((person) => (
          <li key={`${person.scope} ${person.element} ${person.key}`} data-testid="affected">
            <span className="faint">{scopeName(person.scope)}</span> <VisitorLink visitor={person} />
            {person.honest !== "" && <span className="tag tag-good tag-after">{person.honest}</span>}
            <span className="undo-what">
              {kindName(person.kind)} ×{count(person.times)}, last {utcSecond(person.last)}
              {person.because !== "" && `, because of ${person.because}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
