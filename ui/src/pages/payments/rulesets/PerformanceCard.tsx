import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { performanceQuery } from "../../../api/payment-rulesets";
import { utcSecond } from "../../../format/time";
import { count } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { presets, resolveRange } from "../../../state/search-state";
import type { Preset } from "../../../state/search-state";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { Table } from "../Table";
import { PageLink } from "../links";
import { portion } from "../words";

const spans: readonly Preset[] = ["24h", "7d", "30d", "90d"];

/** What each rule did, and how often it was right. */
export function PerformanceCard({ id }: { id: string }) {
  const { environment } = useWorkplace();
  const [preset, setPreset] = useState<Preset>("30d");
  const found = useQuery(performanceQuery(environment.name, id, preset, () => resolveRange({ last: preset }, new Date())));
  const { data } = found;
  return (
    <Card
      title="What the Rules Did"
      note={data ? `${data.truncated ? "The newest " : ""}${count(data.decisions)} decisions, ${count(data.fraud)} of them fraud as far as is known` : ""}
      tools={
        <select className="select-native" aria-label="Time" value={preset} onChange={(event) => setPreset(event.target.value as Preset)}>
          {spans.map((name) => (
            <option key={name} value={name}>
              {presets[name].human}
            </option>
          ))}
        </select>
      }
    >
      <Answer error={found.error} there={data !== undefined} retry={() => void found.refetch()}>
        <Table
          label="What the rules did"
          heads={["Rule", "#Hits", "#Share", "#Shadow hits", "#Fraud", "#Precision", "Last hit UTC"]}
          rows={data?.rules.map((rule) => (
            <tr key={rule.rule_id} data-testid="performance-row">
              <td>
                <PageLink path="/payments/decisions" parameters={{ rule_id: rule.rule_id }}>
                  {rule.name || rule.rule_id}
                </PageLink>
              </td>
              <td className="figure-cell">{rule.hits === 0 ? <span className="faint">never</span> : count(rule.hits)}</td>
              <td className="figure-cell">{portion(rule.share)}</td>
              <td className="figure-cell">{count(rule.shadow_hits)}</td>
              <td className="figure-cell">{count(rule.fraud)}</td>
              <td className="figure-cell">{portion(rule.precision)}</td>
              <td className="tabular nowrap">{rule.last_hit === "" ? <span className="faint">–</span> : utcSecond(rule.last_hit)}</td>
            </tr>
          ))}
        />
      </Answer>
    </Card>
  );
}
