import type { ReactNode } from "react";
import type { Label } from "../api/types";
import { plainWords } from "../format/words";

/** Why a label was placed: the sentence, then each operand with the value it had. */
export function WhyPanel({ label, children }: { label: Label; children?: ReactNode }) {
  return (
    <div className="why" data-testid="why-panel">
      {label.sentence !== "" && <p className="why-sentence">{asSentence(label.sentence)}</p>}
      {label.because.length > 0 && (
        <table className="because">
          <thead className="sr-only">
            <tr>
              <th scope="col">Expression</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {label.because.map(({ expression, value }) => (
              <tr key={expression}>
                <td>
                  <code>{expression}</code>
                </td>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {label.sentence === "" && label.because.length === 0 && <p className="why-sentence">The rule gave no reasons.</p>}
      <p className="why-source">
        {label.signature ? "Signature" : "Rule"} <code>{label.rule}</code>
        {label.version !== "" && (
          <>
            {" "}
            at <code>{label.version.slice(0, 12)}</code>
          </>
        )}
        {label.family !== "" && <> · {plainWords(label.family)}</>}
        {label.shadow && <> · Shadow: recorded, not obeyed</>}
      </p>
      {children}
    </div>
  );
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
