import type { ReactNode } from "react";
import type { Arm, Effect, PolicyStatus } from "../../api/types";
import { share } from "../../format/actions";
import { duration } from "../../format/time";
import { count, ratingWord, ratings } from "../../format/words";
import { presets } from "../../state/search-state";
import type { Preset } from "../../state/search-state";
import { EffectChart } from "./EffectChart";

interface EffectDetailProps {
  name: string;
  status: PolicyStatus | undefined;
  effect: Effect | undefined;
  waiting: boolean;
  preset: Preset;
}

/** What came of one policy in the time chosen. */
export function EffectDetail({ name, status, effect, waiting, preset }: EffectDetailProps) {
  if (!effect) {
    return (
      <p className="faint policy-nothing" role="status">
        {waiting ? "Loading what it did" : `Nothing was asked of it: ${presets[preset].human.toLowerCase()}.`}
      </p>
    );
  }
  const reasons = [
    ...effect.why,
    ...(effect.shadow > 0 ? [{ reason: "shadow: recorded only", count: effect.shadow }] : []),
    ...(effect.unavailable > 0 ? [{ reason: "not possible in the mode of the route", count: effect.unavailable }] : []),
    ...(effect.failed > 0 ? [{ reason: "failed", count: effect.failed }] : []),
  ];
  return (
    <div className="effect">
      <EffectChart effect={effect} />
      <div className="effect-columns">
        <Part title="Before and after">
          <ArmTable effect={effect} />
        </Part>
        <Part title="Not done, and why">
          {reasons.length === 0 && <p className="faint">Everything that was asked for was done.</p>}
          <dl className="effect-facts">
            {reasons.map(({ reason, count: times }) => (
              <Fact key={reason} name={reason === "" ? "no reason given" : reason}>
                {count(times)}
              </Fact>
            ))}
          </dl>
          {effect.passed + effect.refused > 0 && (
            <p className="faint">
              Checks: {count(effect.passed)} passed, {count(effect.refused)} failed.
            </p>
          )}
        </Part>
        <Part title="Probably honest people touched">
          <p>
            <strong>{count(effect.touched.sessions)}</strong> of {count(effect.dealt.sessions)} sessions ({share(effect.touched.sessions, effect.dealt.sessions)})
          </p>
          <dl className="effect-facts">
            <Fact name="rated normal by now">{count(effect.touched.rated_normal)}</Fact>
            <Fact name="passed a check">{count(effect.touched.passed_check)}</Fact>
          </dl>
          {status && status.specs.length > 0 && (
            <p className="faint">
              {name} is for {status.specs.join(", ")}.
            </p>
          )}
        </Part>
      </div>
    </div>
  );
}

/** Sessions dealt with beside those of the control arm. */
function ArmTable({ effect }: { effect: Effect }) {
  const arms: { title: string; arm: Arm }[] = [{ title: "Dealt with", arm: effect.dealt }];
  if (effect.control.sessions > 0) arms.push({ title: "Control arm", arm: effect.control });
  const lines: { name: string; hint?: string; cell: (arm: Arm) => string }[] = [
    { name: "Sessions", cell: (arm) => count(arm.sessions) },
    { name: "Attempts before → after", hint: "Requests of the policy’s specs until and from its first action", cell: (arm) => `${count(arm.attempts_before)} → ${count(arm.attempts_after)}` },
    { name: "Seen by the application", hint: "Those of them that no action answered", cell: (arm) => `${count(arm.reached_before)} → ${count(arm.reached_after)}` },
    { name: "Succeeded afterwards", hint: "Attempts that the application answered with success", cell: (arm) => `${count(arm.succeeded_after)} (${share(arm.succeeded_after, arm.attempts_after)})` },
    { name: "Stayed for", hint: "From the first action to the last request: half of the sessions, and the longest", cell: stay },
    { name: "Rating then", cell: (arm) => rated(arm.rating_then) },
    { name: "Rating now", cell: (arm) => rated(arm.rating_now) },
  ];
  return (
    <table className="arm-table">
      <thead>
        <tr>
          <td />
          {arms.map(({ title }) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map(({ name, hint, cell }) => (
          <tr key={name}>
            <th scope="row" title={hint}>
              {name}
            </th>
            {arms.map(({ title, arm }) => (
              <td key={title}>{arm.sessions === 0 && name !== "Sessions" ? "–" : cell(arm)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function stay(arm: Arm): string {
  return `${duration(arm.dwell_median_seconds)}, at most ${duration(arm.dwell_longest_seconds)}`;
}

/** "2 normal, 35 malicious" */
export function rated(counts: readonly number[]): string {
  const words = ratings.flatMap((rating, index) => {
    const sessions = counts[index] ?? 0;
    return sessions > 0 ? [`${count(sessions)} ${ratingWord(rating).toLowerCase()}`] : [];
  });
  return words.length === 0 ? "–" : words.join(", ");
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
