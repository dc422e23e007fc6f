import type { Rule } from "../../../api/payment-ruleset-types";
import { plainWords } from "../../../format/words";
import type { Reading } from "./condition-text";
import { readCondition, window } from "./condition-text";

/** The rules in the order they run, to be read. */
export function RuleList({ rules }: { rules: readonly Rule[] }) {
  if (rules.length === 0) return <p className="faint card-empty">No rule: every payment is allowed.</p>;
  return (
    <ol className="rule-list">
      {rules.map((rule) => (
        <li key={rule.id} className={rule.enabled ? undefined : "rule-off"} data-testid="rule">
          <p className="rule-head">
            <strong>{rule.name || rule.id}</strong>
            {rule.name !== "" && <code className="faint">{rule.id}</code>}
            <RuleTags rule={rule} />
          </p>
          {rule.description !== "" && <p className="faint">{rule.description}</p>}
          <RuleBody rule={rule} />
        </li>
      ))}
    </ol>
  );
}

function RuleTags({ rule }: { rule: Rule }) {
  const tone = { BLOCK: "tag tag-bad", ALLOW: "tag tag-good" }[rule.action] ?? "tag";
  return (
    <>
      <span className="tag">{plainWords(rule.type)}</span>
      {rule.action !== "" && <span className={tone}>{plainWords(rule.action.toLowerCase())}</span>}
      {rule.terminal && <span className="tag">ends the evaluation</span>}
      {rule.score !== 0 && <span className="tag">{rule.score > 0 ? `+${rule.score}` : rule.score} points</span>}
      {rule.three_ds !== "" && <span className="tag">3-D Secure: {rule.three_ds}</span>}
      {!rule.live && <span className="tag tag-strong">shadow</span>}
      {!rule.enabled && <span className="tag tag-strong">off</span>}
      {rule.async && <span className="tag">asynchronous</span>}
    </>
  );
}

function RuleBody({ rule }: { rule: Rule }) {
  switch (rule.type) {
    case "blacklist":
      return (
        <p>
          {rule.fields.map((field) => (
            <code key={field}>{field} </code>
          ))}
          stands on the blacklist
          {rule.populate_on.length > 0 && <span className="faint"> · filled by {rule.populate_on.map(plainWords).join(", ").toLowerCase()}</span>}
          {rule.ttl_seconds > 0 && <span className="faint"> for {window(rule.ttl_seconds)}</span>}
        </p>
      );
    case "backend":
      return (
        <p>
          asks <code>{rule.backend}</code>
          {rule.on_error !== "" && <span className="faint"> · {rule.on_error} when it fails</span>}
        </p>
      );
    case "backend_group":
      return (
        <p>
          {plainWords(rule.strategy).toLowerCase()} of{" "}
          {rule.members.map(({ backend, weight, live }) => `${backend}${weight > 0 ? ` (${weight})` : ""}${live ? "" : " (shadow)"}`).join(", ")}
          {rule.merge !== "" && <span className="faint"> · {rule.merge} answer counts</span>}
          {rule.on_error !== "" && <span className="faint"> · {rule.on_error} when all fail</span>}
        </p>
      );
  }
  if (rule.expression !== "") return <pre className="rule-expression">{rule.expression}</pre>;
  return (
    <ul className="condition-tree">
      <Node reading={readCondition(rule.condition)} />
    </ul>
  );
}

function Node({ reading }: { reading: Reading }) {
  return (
    <li>
      {reading.args.length === 0 ? <code>{reading.text}</code> : <span className="condition-group">{reading.text}</span>}
      {reading.args.length > 0 && (
        <ul>
          {reading.args.map((arg, index) => (
            <Node key={index} reading={arg} />
          ))}
        </ul>
      )}
    </li>
  );
}
