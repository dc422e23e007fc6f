import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Ruleset } from "../../../api/payment-ruleset-types";
import { rulesetQuery } from "../../../api/payment-rulesets";
import { utcSecond } from "../../../format/time";
import { counted } from "../../../format/words";
import { may, useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { PaymentsPage } from "../PaymentsPage";
import { StatusTag } from "../StatusTag";
import { PageLink } from "../links";
import { BacktestDialog } from "./BacktestDialog";
import { DryRunDialog } from "./DryRunDialog";
import { PerformanceCard } from "./PerformanceCard";
import { RuleList } from "./RuleList";
import { RulesetActions } from "./RulesetActions";
import { RulesetEditor } from "./RulesetEditor";

/** One version of a context's rules. */
export function RulesetPage({ id }: { id: string }) {
  const { environment } = useWorkplace();
  const found = useQuery(rulesetQuery(environment.name, id));
  return (
    <PaymentsPage
      part="rulesets"
      title="Ruleset"
      tools={
        <PageLink path="/payments/rulesets" className="nowrap">
          All rulesets
        </PageLink>
      }
    >
      <Answer error={found.error} there={found.data !== undefined} retry={() => void found.refetch()}>
        {found.data ? <Version ruleset={found.data.value} tag={found.data.tag} /> : <div className="card skeleton-block skeleton-tall" role="status" aria-label="Loading" />}
      </Answer>
    </PaymentsPage>
  );
}

function Version({ ruleset, tag }: { ruleset: Ruleset; tag: string }) {
  const { environment } = useWorkplace();
  const [testing, setTesting] = useState(false);
  const [trying, setTrying] = useState(false);
  const [dirty, setDirty] = useState(false);
  const editable = ruleset.status === "DRAFT" && may(environment, "payments:manage");
  return (
    <>
      <section className="card ruleset-banner" aria-label="Version">
        <StatusTag status={ruleset.status} />
        <strong>
          {ruleset.context}, version {ruleset.version}
        </strong>
        <span className="faint">
          made {utcSecond(ruleset.created_at)} UTC{ruleset.created_by !== "" && <> by {ruleset.created_by}</>}
          {ruleset.activated_at !== "" && <>, activated {utcSecond(ruleset.activated_at)} UTC</>}
        </span>
        <span className="toolbar-space" />
        {may(environment, "payments:review") && (
          <>
            <button type="button" className="button" onClick={() => setTrying(true)}>
              Dry run
            </button>
            <button type="button" className="button" onClick={() => setTesting(true)}>
              Backtest
            </button>
          </>
        )}
        <RulesetActions ruleset={ruleset} className="button" hindrance={dirty ? "Save the changes first" : ""} />
      </section>
      {trying && <DryRunDialog ruleset={ruleset} unsaved={dirty} onClose={() => setTrying(false)} />}
      {testing && <BacktestDialog ruleset={ruleset} unsaved={dirty} onClose={() => setTesting(false)} />}
      {editable && <RulesetEditor key={tag} ruleset={ruleset} tag={tag} onDirty={setDirty} />}
      <Card title="Rules" note={`${counted(ruleset.rules.length, "rule")}, in the order they run${thresholds(ruleset)}`}>
        {ruleset.description !== "" && <p className="card-body">{ruleset.description}</p>}
        <RuleList rules={ruleset.rules} />
      </Card>
      {ruleset.status !== "DRAFT" && <PerformanceCard id={ruleset.id} />}
    </>
  );
}

function thresholds({ score }: Ruleset): string {
  if (!score) return "";
  const parts = [
    score.review_at !== 0 ? `review at ${score.review_at}` : "",
    score.block_at !== 0 ? `block at ${score.block_at}` : "",
  ].filter(Boolean);
  return parts.length === 0 ? "" : `; points: ${parts.join(", ")}`;
}
