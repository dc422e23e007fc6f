import type { AnalyticsRow } from "../../../api/payment-types";
import { count } from "../../../format/words";
import { Table } from "../Table";
import { moneys, outcomeName } from "../words";
import { ShareBar } from "./ShareBar";

interface CountTableProps {
  label: string;
  /** What the rows are. */
  head: string;
  /** Undefined while they are under way. */
  rows: readonly AnalyticsRow[] | undefined;
  /** Whether each row has a bar of its outcomes, as long as it has payments. */
  bars?: boolean;
}

/** Counts, one line for each day, rule, outcome or context. */
export function CountTable({ label, head, rows, bars = false }: CountTableProps) {
  if (rows?.length === 0) return <p className="faint card-empty">No payment was decided about in that time.</p>;
  const most = Math.max(1, ...(rows ?? []).map((row) => row.total));
  return (
    <Table
      label={label}
      heads={[head, ...(bars ? ["!Shares"] : []), "#Payments", "#Allowed", "#Review", "#Blocked", "#Provisional", "#Fraud", "#Money"]}
      rows={rows?.map((row) => (
        <tr key={row.key} data-testid="analytics-row">
          <td className="nowrap">{nameOf(row.key)}</td>
          {bars && (
            <td>
              <ShareBar row={row} most={most} />
            </td>
          )}
          <td className="figure-cell">{count(row.total)}</td>
          <td className="figure-cell">{count(row.allowed)}</td>
          <td className="figure-cell">{count(row.reviewed)}</td>
          <td className="figure-cell">{count(row.blocked)}</td>
          <td className="figure-cell">{count(row.provisional)}</td>
          <td className="figure-cell">{count(row.fraud)}</td>
          <td className="figure-cell">{moneys(row.money)}</td>
        </tr>
      ))}
    />
  );
}

const outcomes = ["ALLOW", "REVIEW", "BLOCK", "PROVISIONAL"] as const;

function nameOf(key: string): string {
  const outcome = outcomes.find((known) => known === key);
  return outcome === undefined ? key : outcomeName(outcome);
}
