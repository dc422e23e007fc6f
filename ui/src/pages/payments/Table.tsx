import type { ReactNode } from "react";
import { SkeletonRows } from "../../components/Skeleton";

interface TableProps {
  label: string;
  /** Headings; one that begins with "#" is of figures, one that begins with "!" is only told to assistive technology. */
  heads: readonly string[];
  /** Undefined while they are under way. */
  rows: readonly ReactNode[] | undefined;
  className?: string;
}

/** A table that scrolls in its own frame, with placeholder rows while its rows are under way. */
export function Table({ label, heads, rows, className = "" }: TableProps) {
  return (
    <div className="table-frame payment-frame" role="group" aria-label={`${label}, scrolls sideways`} tabIndex={0}>
      <table className={`table payment-table ${className}`} aria-label={label} aria-busy={!rows}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col" className={head.startsWith("#") ? "figure-cell" : undefined}>
                {head.startsWith("!") ? <span className="sr-only">{head.slice(1)}</span> : head.replace(/^#/, "")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{rows ?? <SkeletonRows rows={8} columns={heads.length} />}</tbody>
      </table>
    </div>
  );
}

/** Asks for the next part of a list. */
export function More({ possible, busy, onMore }: { possible: boolean; busy: boolean; onMore: () => void }) {
  if (!possible) return null;
  return (
    <p className="payment-more">
      <button type="button" className="button" disabled={busy} onClick={onMore}>
        {busy ? "Loading…" : "Show more"}
      </button>
    </p>
  );
}
