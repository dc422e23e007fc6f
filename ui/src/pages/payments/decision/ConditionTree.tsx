import type { Condition } from "../../../api/payment-types";
import { Icon } from "../../../components/Icon";
import { seen } from "../words";

/** A condition and what it saw, node below node. */
export function ConditionTree({ condition }: { condition: Condition }) {
  return (
    <ul className="condition-tree">
      <Node condition={condition} />
    </ul>
  );
}

const groups: Record<string, string> = { and: "all of", or: "any of", not: "not" };

function Node({ condition }: { condition: Condition }) {
  const { op, text, result, args } = condition;
  const group = args.length > 0 ? groups[op] : undefined;
  return (
    <li>
      <span className="condition">
        <Result result={result} />
        {group === undefined ? <code>{text || op}</code> : <span className="condition-group">{group}</span>}
        {args.length === 0 && <Saw condition={condition} />}
      </span>
      {args.length > 0 && (
        <ul>
          {args.map((arg, index) => (
            <Node key={index} condition={arg} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Result({ result }: { result: boolean | undefined }) {
  if (result === undefined) {
    return (
      <span className="condition-result">
        <span aria-hidden="true">–</span>
        <span className="sr-only">not looked at: </span>
      </span>
    );
  }
  return (
    <span className={result ? "condition-result condition-true" : "condition-result condition-false"}>
      <Icon name={result ? "check" : "cross"} size={12} />
      <span className="sr-only">{result ? "true: " : "false: "}</span>
    </span>
  );
}

function Saw({ condition: { result, value, missing } }: { condition: Condition }) {
  if (result === undefined) return <span className="faint">not looked at</span>;
  if (missing) return <span className="faint">nothing stood there</span>;
  if (value === null) return null;
  return (
    <span className="faint">
      saw <span className="mono">{seen(value)}</span>
    </span>
  );
}
