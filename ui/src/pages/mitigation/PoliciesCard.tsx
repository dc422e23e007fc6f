import { useState } from "react";
import type { Effect, Effects, PolicyStatus } from "../../api/types";
import { Empty } from "../../components/Notice";
import { SkeletonRows } from "../../components/Skeleton";
import { counted } from "../../format/words";
import { moveRow, useKeys } from "../../state/keys";
import type { Preset } from "../../state/search-state";
import { BreakerDialog } from "./StopDialog";
import { PolicyRow } from "./PolicyRow";
import { UndoDialog } from "./UndoDialog";

interface PoliciesCardProps {
  /** Undefined while the first answer is under way. */
  policies: readonly PolicyStatus[] | undefined;
  effects: Effects | undefined;
  /** What came of them cannot be told. */
  failed: boolean;
  preset: Preset;
}

/** What each policy is, does and did. */
export function PoliciesCard({ policies, effects, failed, preset }: PoliciesCardProps) {
  const [open, setOpen] = useState<string>();
  const [asked, setAsked] = useState<{ policy: string; what: "undo" | "breaker" }>();
  useKeys({
    j: () => moveRow("[data-policy-row]", 1),
    ArrowDown: () => moveRow("[data-policy-row]", 1),
    k: () => moveRow("[data-policy-row]", -1),
    ArrowUp: () => moveRow("[data-policy-row]", -1),
  });
  const gone = policies && effects ? effects.policies.filter(({ policy }) => !policies.some(({ name }) => name === policy)) : [];
  const close = () => setAsked(undefined);
  const row = (name: string, status: PolicyStatus | undefined, effect: Effect | undefined) => (
    <PolicyRow
      key={name}
      name={name}
      status={status}
      effect={effect}
      waiting={!effects && !failed}
      open={open === name}
      preset={preset}
      onToggle={() => setOpen(open === name ? undefined : name)}
      onAsk={(what) => setAsked({ policy: name, what })}
    />
  );
  return (
    <section className="card" aria-labelledby="policies-title">
      <header className="card-head">
        <h2 id="policies-title">Policies</h2>
        <p className="card-note">{policies ? counted(policies.length, "policy", "policies") : ""}</p>
      </header>
      {policies?.length === 0 && gone.length === 0 ? (
        <Empty title="There is no policy">
          <p>Actions and policies stand in the configuration. Until there are some, sessions are rated and nothing is done.</p>
        </Empty>
      ) : (
        <div className="table-frame" tabIndex={-1}>
          <table className="table policy-table" aria-labelledby="policies-title" aria-busy={!policies}>
            <thead>
              <tr>
                <th scope="col">
                  <span className="sr-only">Details</span>
                </th>
                <th scope="col">Policy</th>
                <th scope="col">State</th>
                <th scope="col" className="figure-cell">
                  Sessions dealt with
                </th>
                <th scope="col" className="figure-cell">
                  Requests done
                </th>
                <th scope="col" className="figure-cell">
                  Withheld
                </th>
                <th scope="col" className="figure-cell">
                  Reached the application
                </th>
                <th scope="col" className="figure-cell">
                  Probably honest
                </th>
                <th scope="col">
                  <span className="sr-only">Undo</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {policies?.map((status) => row(status.name, status, effects?.policies.find(({ policy }) => policy === status.name)))}
              {gone.map((effect) => row(effect.policy, undefined, effect))}
              {!policies && <SkeletonRows rows={4} columns={9} />}
            </tbody>
          </table>
        </div>
      )}
      {asked?.what === "undo" && <UndoDialog policy={asked.policy} onClose={close} />}
      {asked?.what === "breaker" && <BreakerDialog policy={asked.policy} onClose={close} />}
    </section>
  );
}
