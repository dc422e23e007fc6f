import type { Decision } from "../../../api/payment-types";
import { CopyButton } from "../../../components/CopyButton";
import { plainWords } from "../../../format/words";
import { Card } from "../Card";
import { Facts } from "../Facts";
import { EntityLink, PageLink } from "../links";
import { credentialName, micros, money } from "../words";

const sources: Record<string, string> = { RULE_ENGINE: "Rules", BACKEND: "Backends", COMBINED: "Rules and backends" };

/** What the payment was. Facts that others can share lead to all that share them. */
export function DecisionFacts({ decision }: { decision: Decision }) {
  const { ruleset_id: ruleset, ruleset_version: version } = decision;
  return (
    <Card title="Payment">
      <div className="card-body">
        <Facts
          facts={[
            ["Amount", money(decision.amount, decision.currency)],
            ["Customer", <EntityLink key="customer" element="customer_id" value={decision.customer_id} />],
            ["Reference", <span key="reference" className="mono">{decision.transaction_reference}</span>],
            ["Credential", `${credentialName(decision.credential_type)} ${decision.masked_credential}`],
            ["Card fingerprint", decision.credential_fingerprint && <EntityLink element="credential_fingerprint" value={decision.credential_fingerprint} />],
            ["Device IP", decision.device_ip && <EntityLink element="ip_address" value={decision.device_ip} />],
            ["Merchant’s device fingerprint", decision.device_fingerprint && <SharedFingerprint value={decision.device_fingerprint} />],
            ["Payment type", decision.payment_type],
            ["Context", decision.context],
            ["Ruleset", ruleset === "" ? "none" : <PageLink path={`/payments/rulesets/${encodeURIComponent(ruleset)}`}>version {version}</PageLink>],
            ["Decided by", sources[decision.source] ?? decision.source],
            ["Points", decision.score === undefined ? "" : String(decision.score)],
            ["3-D Secure", decision.three_ds === "" ? "" : plainWords(decision.three_ds)],
            ["Evaluated in", micros(decision.latency_us)],
            ["Came by", decision.integration === "" ? "API" : plainWords(decision.integration)],
            [
              "Interceptor",
              decision.interceptor_id && <PageLink path={`/payments/interceptors/${encodeURIComponent(decision.interceptor_id)}`}>its version</PageLink>,
            ],
            ...Object.entries(decision.metadata).map(([name, value]) => [`metadata.${name}`, value] as const),
            [
              "Decision",
              <span key="id" className="mono">
                {decision.id}
                <CopyButton text={decision.id} what="decision ID" />
              </span>,
            ],
          ]}
        />
        {decision.warnings.length > 0 && (
          <ul className="problem-list" aria-label="Warnings">
            {decision.warnings.map(({ field, message }, index) => (
              <li key={index}>
                <code>{field}</code> {message}
              </li>
            ))}
          </ul>
        )}
        {decision.payload !== null && (
          <details className="raw">
            <summary>What the merchant sent, masked</summary>
            <pre>{JSON.stringify(decision.payload, null, 2)}</pre>
          </details>
        )}
      </div>
    </Card>
  );
}

/** Of the merchant's own making: it leads to the payments that share it, not to a device as sessions know it. */
function SharedFingerprint({ value }: { value: string }) {
  return (
    <PageLink path="/payments/decisions" parameters={{ device_fingerprint: value }} className="mono entity-link">
      {value}
    </PageLink>
  );
}
