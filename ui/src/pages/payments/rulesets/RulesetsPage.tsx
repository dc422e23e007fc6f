import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Ruleset } from "../../../api/payment-ruleset-types";
import { createRuleset, rulesetsQuery } from "../../../api/payment-rulesets";
import { allOf } from "../../../api/payments";
import { Empty } from "../../../components/Notice";
import { counted } from "../../../format/words";
import { may, useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { ChangeDialog } from "../ChangeDialog";
import { PaymentsPage } from "../PaymentsPage";
import { More } from "../Table";
import { pageAddress } from "../links";
import { VersionTable } from "./VersionTable";

/** The rules of every context, version by version. */
export function RulesetsPage() {
  const { environment } = useWorkplace();
  const [adding, setAdding] = useState(false);
  const found = useInfiniteQuery(rulesetsQuery(environment.name, ""));
  const rulesets = allOf(found.data);
  return (
    <PaymentsPage
      part="rulesets"
      title="Rulesets"
      tools={
        may(environment, "payments:manage") && (
          <button type="button" className="button button-main" onClick={() => setAdding(true)}>
            New ruleset
          </button>
        )
      }
    >
      <Answer error={found.error} there={rulesets !== undefined} retry={() => void found.refetch()}>
        {rulesets?.length === 0 ? (
          <Empty title="There is no ruleset">
            <p>Without one every payment is allowed. A ruleset begins as a draft; it counts once it is activated.</p>
          </Empty>
        ) : (
          byContext(rulesets).map(([context, versions]) => (
            <Card key={context} title={context === "" ? "Rulesets" : `Context ${context}`} note={versions ? counted(versions.length, "version") : ""}>
              <VersionTable label={`Versions of ${context}`} versions={versions} />
            </Card>
          ))
        )}
        <More possible={found.hasNextPage} busy={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />
      </Answer>
      {adding && <NewDialog onClose={() => setAdding(false)} />}
    </PaymentsPage>
  );
}

/** Rulesets by context in alphabetical order; one empty card while they are under way. */
export function byContext(rulesets: readonly Ruleset[] | undefined): [string, Ruleset[] | undefined][] {
  if (!rulesets) return [["", undefined]];
  const contexts = new Map<string, Ruleset[]>();
  for (const ruleset of rulesets) contexts.set(ruleset.context, [...(contexts.get(ruleset.context) ?? []), ruleset]);
  return [...contexts]
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([context, versions]) => [context, versions.sort((a, b) => b.version - a.version)]);
}

function NewDialog({ onClose }: { onClose: () => void }) {
  const { environment } = useWorkplace();
  const [, navigate] = useLocation();
  const [context, setContext] = useState("default");
  const [description, setDescription] = useState("");
  return (
    <ChangeDialog
      title="New ruleset"
      button="Make a draft"
      ready={context.trim() !== ""}
      perform={() => createRuleset(environment.name, { context: context.trim(), rules: [], ...(description.trim() === "" ? {} : { description: description.trim() }) })}
      changes={["rulesets"]}
      onDone={({ id }) => navigate(pageAddress(environment.name, `/payments/rulesets/${encodeURIComponent(id)}`))}
      onClose={onClose}
    >
      <label className="field">
        Context
        <input type="text" required maxLength={128} autoComplete="off" value={context} onChange={(event) => setContext(event.target.value)} />
      </label>
      <p className="form-hint">A payment names its context; one of a context without active rules follows those of “default”.</p>
      <label className="field">
        Description
        <input type="text" maxLength={500} autoComplete="off" value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
    </ChangeDialog>
  );
}
