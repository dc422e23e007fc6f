import type { Action } from "../api/types";
import { count, plainWords } from "../format/words";

/** What was done, why, and how it went. */
export function ActionLine({ action, times = 1 }: { action: Action; times?: number }) {
  return (
    <span className="action">
      <span className="action-name">{action.name}</span>
      <span className="tag">{action.kind}</span>
      <Outcome action={action} />
      {times > 1 && <span className="action-times">×{count(times)}</span>}
      {action.because !== "" && (
        <span className="action-because" title={action.because}>
          because of {action.because}
        </span>
      )}
    </span>
  );
}

function Outcome({ action }: { action: Action }) {
  if (action.shadow) return <span className="tag">shadow, not done</span>;
  if (action.outcome === "") return <span className="tag">asked</span>;
  const bad = action.outcome === "failed" || action.outcome === "unavailable";
  return <span className={bad ? "tag tag-bad" : "tag tag-good"}>{plainWords(action.outcome).toLowerCase()}</span>;
}
