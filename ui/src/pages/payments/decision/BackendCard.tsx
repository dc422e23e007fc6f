import type { BackendResult } from "../../../api/payment-types";
import { Card } from "../Card";
import { OutcomeBadge } from "../OutcomeBadge";
import { Table } from "../Table";
import { backendFault } from "../words";

/** What external engines said. */
export function BackendCard({ results }: { results: readonly BackendResult[] }) {
  return (
    <Card title="Backends">
      <Table
        label="Backends"
        heads={["Backend", "Rule", "Answer", "#Time", "Reference"]}
        rows={results.map((result, index) => (
          <tr key={index} data-testid="backend-row">
            <td>
              <span className="mono">{result.backend}</span> {!result.live && <span className="tag">shadow</span>}
            </td>
            <td>{result.rule_id}</td>
            <td>
              <Said result={result} />
            </td>
            <td className="figure-cell">{result.latency_ms} ms</td>
            <td className="mono">{result.backend_reference || result.link_execution_id}</td>
          </tr>
        ))}
      />
    </Card>
  );
}

function Said({ result }: { result: BackendResult }) {
  return (
    <>
      {result.outcome && <OutcomeBadge outcome={result.outcome} shadow={!result.live} />}
      {result.score !== undefined && <span> score {result.score}</span>}
      {result.error !== "" && (
        <span className="figure-bad">
          {backendFault(result.error)}
          {result.missing_fields.length > 0 && <>: {result.missing_fields.join(", ")}</>}
        </span>
      )}
      {result.raw_response !== null && (
        <details className="raw">
          <summary>Its answer</summary>
          <pre>{JSON.stringify(result.raw_response, null, 2)}</pre>
        </details>
      )}
    </>
  );
}
