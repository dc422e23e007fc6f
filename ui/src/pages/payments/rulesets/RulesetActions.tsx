import { useState } from "react";
import { useLocation } from "wouter";
import type { Ruleset } from "../../../api/payment-ruleset-types";
import type { RulesetVerb } from "../../../api/payment-rulesets";
import { moveRuleset } from "../../../api/payment-rulesets";
import { may, useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { pageAddress } from "../links";

interface Move {
  verb: RulesetVerb;
  button: string;
  /** What it means, for the question. */
  means: string;
}

/** What can be done with a version, by its status. */
export function movesOf({ status, context }: Ruleset): Move[] {
  const clone: Move = { verb: "clone", button: "Clone", means: "A new draft with the same rules is made. Nothing changes for payments." };
  const now = `It decides about every payment of the context ${context} from the next one on; the version in force now becomes inactive and can be rolled back to.`;
  switch (status) {
    case "DRAFT":
      return [{ verb: "activate", button: "Activate", means: now }, clone];
    case "INACTIVE":
      return [{ verb: "rollback", button: "Roll back to it", means: now }, clone];
    case "ACTIVE":
      return [clone];
  }
}

interface RulesetActionsProps {
  ruleset: Ruleset;
  className: string;
  /** Why a version cannot be activated just now; "" where it can. */
  hindrance?: string;
}

/** Buttons that put a version in force or copy it, each with a question before it. */
export function RulesetActions({ ruleset, className, hindrance = "" }: RulesetActionsProps) {
  const { environment } = useWorkplace();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState<Move | undefined>();
  if (!may(environment, "payments:manage")) return null;
  const name = `version ${ruleset.version} of ${ruleset.context}`;
  return (
    <>
      {movesOf(ruleset).map((move) => (
        <button
          key={move.verb}
          type="button"
          className={className}
          aria-label={`${move.button}: ${name}`}
          disabled={hindrance !== "" && move.verb === "activate"}
          title={move.verb === "activate" && hindrance !== "" ? hindrance : undefined}
          onClick={() => setAsking(move)}
        >
          {move.button}
        </button>
      ))}
      {asking && (
        <ChangeDialog
          title={`${asking.button}: ${name}`}
          button={asking.button}
          perform={() => moveRuleset(environment.name, ruleset.id, asking.verb)}
          changes={["rulesets", "ruleset"]}
          onDone={(made) => {
            if (asking.verb === "clone") navigate(pageAddress(environment.name, `/payments/rulesets/${encodeURIComponent(made.id)}`));
          }}
          onClose={() => setAsking(undefined)}
        >
          <p>{asking.means}</p>
        </ChangeDialog>
      )}
    </>
  );
}
