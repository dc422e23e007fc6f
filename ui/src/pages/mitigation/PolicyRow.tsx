import type { KeyboardEvent, MouseEvent } from "react";
import type { Breaker, Effect, PolicyStatus } from "../../api/types";
import { Icon } from "../../components/Icon";
import { SearchLink } from "../../components/SearchLink";
import { kindIcon, kindName, scopeName, share } from "../../format/actions";
import { utcClock } from "../../format/time";
import { count, counted } from "../../format/words";
import { may, useWorkplace } from "../../state/environment";
import type { Preset } from "../../state/search-state";
import { EffectDetail } from "./EffectDetail";

interface PolicyRowProps {
  name: string;
  /** Undefined for a policy that is not in the configuration any more. */
  status: PolicyStatus | undefined;
  effect: Effect | undefined;
  /** The effect's answer is still under way. */
  waiting: boolean;
  open: boolean;
  preset: Preset;
  onToggle: () => void;
  onAsk: (what: "undo" | "breaker") => void;
}

export function PolicyRow({ name, status, effect, waiting, open, preset, onToggle, onAsk }: PolicyRowProps) {
  const toggleByMouse = (mouse: MouseEvent) => {
    const onControl = (mouse.target as HTMLElement).closest("a, button");
    if (!onControl && window.getSelection()?.toString() === "") onToggle();
  };
  const toggleByKey = (key: KeyboardEvent) => {
    if ((key.key === "Enter" || key.key === "e") && key.target === key.currentTarget) onToggle();
  };
  return (
    <>
      <tr className={open ? "row event-open" : "row"} tabIndex={-1} data-testid="policy-row" data-policy-row={name} onClick={toggleByMouse} onKeyDown={toggleByKey}>
        <td className="expander-cell">
          <button type="button" className="expander" aria-expanded={open} aria-controls={open ? `policy-${name}` : undefined} aria-label={`What ${name} did`} onClick={onToggle}>
            <Icon name={open ? "chevron" : "right"} size={14} />
          </button>
        </td>
        <td>
          <span className="policy-name">{name}</span>
          <Steps status={status} effect={effect} />
        </td>
        <td>
          <PolicyState status={status} />
        </td>
        <Figures name={name} effect={effect} waiting={waiting} />
        <td className="admin-changes">
          <Changes name={name} status={status} onAsk={onAsk} />
        </td>
      </tr>
      {open && (
        <tr className="detail-row">
          <td colSpan={9} id={`policy-${name}`}>
            <EffectDetail name={name} status={status} effect={effect} waiting={waiting} preset={preset} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The ladder; of a policy that is not configured any more, the kinds of its actions. */
function Steps({ status, effect }: Pick<PolicyRowProps, "status" | "effect">) {
  const steps = status ? status.steps : (effect?.kinds.map((kind) => ({ action: kind, kind })) ?? []);
  return (
    <span className="policy-steps">
      {steps.map(({ action, kind }, index) => (
        <span key={`${action} ${index}`} className="policy-step" title={`${action}: ${kindName(kind)}`}>
          {index > 0 && <span aria-hidden="true">→</span>}
          <Icon name={kindIcon(kind)} size={13} />
          {kind === "" ? action : kindName(kind)}
        </span>
      ))}
    </span>
  );
}

function Figures({ name, effect, waiting }: Pick<PolicyRowProps, "name" | "effect" | "waiting">) {
  if (!effect) {
    const nothing = waiting ? "…" : "0";
    return Array.from({ length: 5 }, (_, index) => (
      <td key={index} className="figure-cell faint">
        {nothing}
      </td>
    ));
  }
  const { dealt, touched } = effect;
  return (
    <>
      <td className="figure-cell">
        {dealt.sessions === 0 ? (
          "0"
        ) : (
          <SearchLink field="policy" value={name} label={`${counted(dealt.sessions, "session")} dealt with by ${name}`}>
            {count(dealt.sessions)}
          </SearchLink>
        )}
      </td>
      <td className="figure-cell">{count(effect.done)}</td>
      <td className="figure-cell">{count(effect.withheld + effect.shadow + effect.unavailable)}</td>
      <td className="figure-cell" title="Attempts of the sessions dealt with that the application saw, before and after">
        {reached(effect)}
      </td>
      <td className={touched.sessions > 0 ? "figure-cell policy-honest" : "figure-cell"}>{count(touched.sessions)}</td>
    </>
  );
}

function Changes({ name, status, onAsk }: Pick<PolicyRowProps, "name" | "status" | "onAsk">) {
  const { environment } = useWorkplace();
  if (!status) return null;
  return (
    <>
      {status.breaker?.state === "open" && may(environment, "mitigation:manage") && (
        <button type="button" className="text-button" aria-label={`Close the breaker of ${name}`} onClick={() => onAsk("breaker")}>
          Close breaker
        </button>
      )}
      <button type="button" className="text-button text-button-bad" aria-label={`Undo ${name}`} onClick={() => onAsk("undo")}>
        Undo
      </button>
    </>
  );
}

/** "246 → 12" */
function reached({ dealt }: Effect): string {
  return dealt.sessions === 0 ? "–" : `${count(dealt.reached_before)} → ${count(dealt.reached_after)}`;
}

/** Whether the policy acts, and what keeps it from it. */
function PolicyState({ status }: { status: PolicyStatus | undefined }) {
  if (!status) return <span className="tag">not configured any more</span>;
  const { breaker, mode, quiet, percent, control, scope } = status;
  return (
    <span className="policy-state">
      {breaker && <BreakerState breaker={breaker} />}
      {mode === "shadow" ? <span className="tag">shadow</span> : breaker?.state !== "open" && <span className="tag tag-good">acts</span>}
      {quiet && <span className="tag">quiet hours</span>}
      {percent < 100 && <span className="tag">{percent} % rolled out</span>}
      {control > 0 && <span className="tag">{control} % control</span>}
      <span className="faint">by {scopeName(scope)}</span>
    </span>
  );
}

function BreakerState({ breaker }: { breaker: Breaker }) {
  const { state, since, dealt, looked, percent } = breaker;
  if (state === "open") {
    return (
      <strong className="breaker-open" role="status">
        <Icon name="bolt" size={13} />
        Breaker open since {utcClock(since).slice(0, 8)}: {count(dealt)} of {count(looked)} sessions, budget {percent} %
      </strong>
    );
  }
  if (state === "half_open") return <span className="tag tag-bad">breaker: trying again</span>;
  if (looked === 0) return null;
  return (
    <span className="faint" title="Sessions of the last window that it dealt with; the breaker opens above its budget">
      {share(dealt, looked)} of {percent} %
    </span>
  );
}
