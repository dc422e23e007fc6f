import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { analyticsFile, analyticsQuery } from "../../../api/payment-analytics";
import type { AnalyticsRow } from "../../../api/payment-types";
import { counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { presets, resolveRange } from "../../../state/search-state";
import type { Preset } from "../../../state/search-state";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { PaymentsPage } from "../PaymentsPage";
import { CountTable } from "./CountTable";

const spans: readonly Preset[] = ["24h", "7d", "30d", "90d"];

/** How many payments were decided how, by day, outcome, rule and context. */
export function AnalyticsPage() {
  const { environment } = useWorkplace();
  const [preset, setPreset] = useState<Preset>("30d");
  const span = () => resolveRange({ last: preset }, new Date());
  const { data, error, refetch } = useQuery(analyticsQuery(environment.name, preset, span));
  return (
    <PaymentsPage
      part="analytics"
      title="Payment Analytics"
      tools={
        <>
          <select className="select-native" aria-label="Time" value={preset} onChange={(event) => setPreset(event.target.value as Preset)}>
            {spans.map((name) => (
              <option key={name} value={name}>
                {presets[name].human}
              </option>
            ))}
          </select>
          <button type="button" className="button" data-testid="analytics-csv" onClick={() => follow(analyticsFile(environment.name, span()))}>
            Download CSV
          </button>
        </>
      }
    >
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        {data?.truncated && (
          <p className="form-hint" role="status">
            There were more decisions than are counted: the figures are too low.
          </p>
        )}
        <Card title="By Day" note={data ? `${counted(total(data.by_day), "decision")}, days of UTC` : ""}>
          <CountTable label="By day" head="Day" rows={data?.by_day} bars />
        </Card>
        <Card title="By Outcome">
          <CountTable label="By outcome" head="Outcome" rows={data?.by_outcome} />
        </Card>
        <Card title="By Rule" note="A payment counts for every rule that fired">
          <CountTable label="By rule" head="Rule" rows={data?.by_rule} />
        </Card>
        <Card title="By Context">
          <CountTable label="By context" head="Context" rows={data?.by_context} />
        </Card>
      </Answer>
    </PaymentsPage>
  );
}

function total(rows: readonly AnalyticsRow[]): number {
  return rows.reduce((sum, row) => sum + row.total, 0);
}

/** The browser saves what the address answers; the page stays. */
function follow(address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = "";
  link.click();
}
