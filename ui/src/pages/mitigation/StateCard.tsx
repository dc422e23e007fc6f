import { useState } from "react";
import type { MitigationStatus, MitigationStop } from "../../api/types";
import { Icon } from "../../components/Icon";
import { utcSecond } from "../../format/time";
import { count } from "../../format/words";
import { may, useWorkplace } from "../../state/environment";
import { ResumeDialog, StopDialog } from "./StopDialog";

/** Whether mitigation goes on, and the switch. */
export function StateCard({ status }: { status: MitigationStatus | undefined }) {
  const { environment } = useWorkplace();
  const [asked, setAsked] = useState<"stop" | "go">();
  const stop = status?.stop;
  const operator = may(environment, "mitigation:manage");
  return (
    <section className={stop ? "card mitigation-state tone-malicious mitigation-stopped" : "card mitigation-state"} aria-labelledby="state-title" aria-busy={!status}>
      <h2 id="state-title" className="sr-only">
        State
      </h2>
      <p className="mitigation-state-word">
        <Icon name={stop ? "pause" : "shield"} size={18} />
        {!status ? "Loading" : stop ? "All mitigation is stopped" : sentence(status)}
      </p>
      {stop && <StopWords stop={stop} />}
      <span className="toolbar-space" />
      {operator && stop && (
        <button type="button" className="button button-main" onClick={() => setAsked("go")}>
          <Icon name="play" size={12} />
          Resume
        </button>
      )}
      {operator && status && (
        <button type="button" className="button button-bad" onClick={() => setAsked("stop")}>
          <Icon name="pause" size={12} />
          {stop ? "Stop for longer" : "Stop all mitigation"}
        </button>
      )}
      {asked === "stop" && <StopDialog onClose={() => setAsked(undefined)} />}
      {asked === "go" && <ResumeDialog onClose={() => setAsked(undefined)} />}
    </section>
  );
}

function StopWords({ stop: { who, since, until, why } }: { stop: MitigationStop }) {
  return (
    <p>
      By {who === "" ? "an operator" : who}
      {since !== "" && ` since ${utcSecond(since)}`} until {utcSecond(until)} UTC
      {why !== "" && `: ${why}`}
    </p>
  );
}

function sentence({ policies }: MitigationStatus): string {
  const live = policies.filter(({ mode }) => mode !== "shadow").length;
  const dealing = policies.reduce((sum, policy) => sum + policy.dealing, 0);
  if (policies.length === 0) return "No policy asks for anything";
  return `On: ${count(live)} of ${count(policies.length)} policies act, ${count(dealing)} visitors are being dealt with`;
}
