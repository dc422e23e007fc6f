import { useState } from "react";
import type { PlacedAction, PlacedLabel, Story } from "../../api/types";
import { ActionLine } from "../../components/ActionLine";
import { Icon } from "../../components/Icon";
import { Mark } from "../../components/Rating";
import { WhyPanel } from "../../components/WhyPanel";
import { utcClock } from "../../format/time";
import { severities, severityName } from "../../format/words";

interface FindingsCardProps {
  story: Story;
  /** Shows an event in the table. */
  onShow: (eventId: string) => void;
}

/** Actions, signatures and labels of the session; each label opens its reasons. */
export function FindingsCard({ story, onShow }: FindingsCardProps) {
  const signatures = story.labels.filter(({ signature }) => signature);
  const tipped = new Set(story.events.flatMap(({ verdict }) => verdict.tipped));
  const list = { tipped, onShow };
  return (
    <section className="card findings" aria-labelledby="findings-title">
      <header className="card-head">
        <h2 id="findings-title">Actions, Signatures, and Session Labels</h2>
      </header>
      <div className="findings-body" tabIndex={0} role="group" aria-labelledby="findings-title">
        <h3>Actions</h3>
        {story.actions.length === 0 && <p className="faint">No action was asked for.</p>}
        <ActionList actions={story.actions} onShow={onShow} />
        <h3>Signatures</h3>
        {signatures.length === 0 && <p className="faint">No known pattern was seen.</p>}
        <LabelList labels={signatures} {...list} />
        <h3>Session Labels</h3>
        {story.labels.length === signatures.length && <p className="faint">No rule placed a label.</p>}
        {severities.map((severity) => {
          const labels = story.labels.filter((label) => label.severity === severity && !label.signature);
          if (labels.length === 0) return null;
          return (
            <section key={severity} aria-label={`${severityName(severity)} labels`}>
              <h4>{severityName(severity)}</h4>
              <LabelList labels={labels} {...list} />
            </section>
          );
        })}
      </div>
    </section>
  );
}

interface ActionListProps {
  actions: readonly PlacedAction[];
  onShow: (eventId: string) => void;
}

/** Each action once, with its first time and how often it was taken. */
function ActionList({ actions, onShow }: ActionListProps) {
  return (
    <ul className="findings-actions">
      {together(actions).map(([first, ...others]) => (
        <li key={keyOf(first)}>
          <button type="button" className="time-link" title="Show the first event" onClick={() => onShow(first.event_id)}>
            {utcClock(first.at).slice(0, 8)}
          </button>
          <ActionLine action={first} times={others.length + 1} />
        </li>
      ))}
    </ul>
  );
}

function keyOf({ policy, name, kind, outcome, shadow, detail }: PlacedAction): string {
  return [policy, name, kind, outcome, shadow, detail].join(" ");
}

/** Actions that differ in nothing but their time and reason, in the order of the first. */
export function together(actions: readonly PlacedAction[]): [PlacedAction, ...PlacedAction[]][] {
  const groups = new Map<string, [PlacedAction, ...PlacedAction[]]>();
  for (const action of actions) {
    const key = keyOf(action);
    const group = groups.get(key);
    if (group) group.push(action);
    else groups.set(key, [action]);
  }
  return [...groups.values()];
}

interface LabelListProps {
  labels: readonly PlacedLabel[];
  /** Names of labels that moved the rating. */
  tipped: ReadonlySet<string>;
  onShow: (eventId: string) => void;
}

function LabelList({ labels, tipped, onShow }: LabelListProps) {
  const [open, setOpen] = useState<string>();
  return (
    <ul className="label-list">
      {labels.map((label) => {
        const id = `${label.rule} ${label.name}`;
        return (
          <li key={id}>
            <button type="button" className="label-line" aria-expanded={open === id} onClick={() => setOpen(open === id ? undefined : id)}>
              <Mark of={label.severity} size={11} />
              <span className="label-name">{label.name}</span>
              {label.shadow && <span className="tag">shadow</span>}
              {tipped.has(label.name) && <span className="tag tag-strong" title="It moved the rating">decisive</span>}
              {label.times > 1 && <span className="label-times">×{label.times}</span>}
              <span className="label-points">{points(label.points)}</span>
              <Icon name="chevron" size={14} />
            </button>
            {open === id && (
              <div ref={reveal}>
                <WhyPanel label={label}>
                  <button type="button" className="text-button" onClick={() => onShow(label.event_id)}>
                    First placed at {utcClock(label.at).slice(0, 8)}: show the event
                  </button>
                </WhyPanel>
              </div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Reasons that were just opened below the card's edge: brings their label to the top. */
function reveal(panel: HTMLElement | null): void {
  const body = panel?.closest(".findings-body");
  const item = panel?.parentElement;
  if (!body || !item) return;
  const hidden = item.getBoundingClientRect().bottom - body.getBoundingClientRect().bottom;
  if (hidden > 0) body.scrollTop += Math.min(hidden, item.getBoundingClientRect().top - body.getBoundingClientRect().top);
}

/** "+40", "−20", "" */
export function points(value: number): string {
  if (value === 0) return "";
  return value > 0 ? `+${value}` : `−${-value}`;
}
