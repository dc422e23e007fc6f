import type { Stage } from "./stage";
import { stageName, stages } from "./stage";

/** The stages of a roll-out with the one that is reached. */
export function StageSteps({ stage }: { stage: Stage | undefined }) {
  if (stage === undefined) return <span className="faint">…</span>;
  if (stage === "draft" || stage === "retired") return null; // its status says so already
  if (stage === "off") return <span className="tag">{stageName(stage)}</span>;
  return (
    <ol className="stages" aria-label="Stage">
      {stages.map((step) => (
        <li key={step} aria-current={step === stage ? "step" : undefined}>
          {stageName(step)}
        </li>
      ))}
    </ol>
  );
}
