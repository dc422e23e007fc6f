import type { Decision, RuleTrace, TriggeredRule } from "../../../api/payment-types";
import { plainWords } from "../../../format/words";
import { Card } from "../Card";
import { OutcomeBadge } from "../OutcomeBadge";
import { skippedBecause } from "../words";
import { ConditionTree } from "./ConditionTree";

/** Why it was decided so: every rule, and what each of its conditions saw. */
export function ExplanationCard({ decision }: { decision: Decision }) {
  const { explanation } = decision;
  const fired = explanation.filter((rule) => rule.fired).length;
  return (
    <Card title="Why" note={explanation.length > 0 ? `${fired} of ${explanation.length} rules fired, in the order they ran` : ""}>
      {explanation.length > 0 ? (
        <ol className="rule-traces">
          {explanation.map((rule) => (
            <li key={rule.rule_id}>
              <Rule rule={rule} />
            </li>
          ))}
        </ol>
      ) : (
        <FiredOnly decision={decision} />
      )}
    </Card>
  );
}

function Rule({ rule }: { rule: RuleTrace }) {
  const state = rule.fired ? "fired" : rule.skipped === "" ? "did not fire" : skippedBecause(rule.skipped);
  const head = (
    <>
      <span className={rule.fired ? "trace-state trace-fired" : "trace-state"}>{state}</span>
      <strong>{rule.name || rule.rule_id}</strong>
      {rule.name !== "" && <code className="faint">{rule.rule_id}</code>}
      <span className="tag">{plainWords(rule.type)}</span>
      {!rule.live && <span className="tag">shadow</span>}
      {rule.fired && rule.action && <OutcomeBadge outcome={rule.action} shadow={!rule.live} />}
      {rule.fired && rule.score !== 0 && <span className="faint">{rule.score > 0 ? `+${rule.score}` : rule.score} points</span>}
    </>
  );
  if (!rule.condition) {
    return (
      <div className="rule-trace" data-testid="rule-trace">
        {head}
      </div>
    );
  }
  return (
    <details className="rule-trace" open={rule.fired} data-testid="rule-trace">
      <summary>{head}</summary>
      <ConditionTree condition={rule.condition} />
    </details>
  );
}

/** Older decisions have no tree any more; which rules fired is kept. */
function FiredOnly({ decision }: { decision: Decision }) {
  if (decision.triggered_rules.length + decision.shadow_triggered_rules.length === 0) {
    return <p className="faint card-empty">No rule fired.</p>;
  }
  return (
    <ul className="rule-traces">
      {decision.triggered_rules.map((rule) => (
        <Fired key={rule.rule_id} rule={rule} />
      ))}
      {decision.shadow_triggered_rules.map((rule) => (
        <Fired key={`shadow ${rule.rule_id}`} rule={rule} shadow />
      ))}
    </ul>
  );
}

function Fired({ rule, shadow = false }: { rule: TriggeredRule; shadow?: boolean }) {
  return (
    <li className="rule-trace">
      <span className="trace-state trace-fired">fired</span>
      <strong>{rule.name || rule.rule_id}</strong>
      <span className="tag">{plainWords(rule.type)}</span>
      {shadow && <span className="tag">shadow</span>}
      {rule.action && <OutcomeBadge outcome={rule.action} shadow={shadow} />}
    </li>
  );
}
