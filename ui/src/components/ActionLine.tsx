import type { Action } from "../api/types";
import { kindIcon, kindName, outcomeOf, policyOf } from "../format/actions";
import { count } from "../format/words";
import { Icon } from "./Icon";

/** What was done, how it went and why. */
export function ActionLine({ action, times = 1 }: { action: Action; times?: number }) {
  const because = action.because === "" ? "" : `because of ${action.because}`;
  return (
    <span className="action">
      <span className="action-kind" title={kindName(action.kind)}>
        <Icon name={kindIcon(action.kind)} size={13} />
      </span>
      <span className="action-name">{action.name}</span>
      <span className="tag">{kindName(action.kind)}</span>
      <Outcome action={action} />
      {times > 1 && <span className="action-times">×{count(times)}</span>}
      {action.detail !== "" && (
        <span className="action-detail" title={action.detail}>
          {action.detail}
        </span>
      )}
      {action.policy !== "" && <span className="action-because">policy {policyOf(action)}</span>}
      {because !== "" && (
        <span className="action-because" title={because}>
          {because}
        </span>
      )}
    </span>
  );
}

function Outcome({ action }: { action: Action }) {
  const { text, tone } = outcomeOf(action);
  return <span className={tone === "plain" ? "tag" : `tag tag-${tone}`}>{text}</span>;
}
