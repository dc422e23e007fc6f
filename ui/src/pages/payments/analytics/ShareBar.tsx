import type { AnalyticsRow } from "../../../api/payment-types";

const width = 160;
const height = 10;

/** The outcomes of a line as parts of a bar; the figures stand beside it, so that it says nothing to assistive technology. */
export function ShareBar({ row, most }: { row: AnalyticsRow; most: number }) {
  const parts = [
    { tone: "malicious", times: row.blocked },
    { tone: "suspicious", times: row.reviewed },
    { tone: "informational", times: row.provisional },
    { tone: "normal", times: row.allowed },
  ];
  let from = 0;
  return (
    <svg className="share-bar" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {parts.map(({ tone, times }) => {
        const x = from;
        const wide = (times / most) * width;
        from += wide;
        return times === 0 ? null : <rect key={tone} className={`tone-${tone}`} x={x} y={0} width={wide} height={height} />;
      })}
    </svg>
  );
}
