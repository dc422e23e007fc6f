import type { ReactNode } from "react";
import type { EventRecord } from "../../../api/types";
import { ActionLine } from "../../../components/ActionLine";
import { CopyButton } from "../../../components/CopyButton";
import { LabelChip } from "../../../components/LabelChip";
import { WhyPanel } from "../../../components/WhyPanel";
import { millis } from "../../../format/time";
import { count, plainWords, ratingWord } from "../../../format/words";
import { useNames } from "../../../state/names";
import { points } from "../FindingsCard";
import { ElementTable } from "./ElementTable";
import { PaymentPart, paymentOf } from "./PaymentPart";
import { asksOf } from "./event-filters";

/** All that is known of one event. */
export function EventDetail({ record }: { record: EventRecord }) {
  const { event } = record;
  const payment = paymentOf(record);
  return (
    <div className="detail">
      <div className="detail-column">
        {payment && <PaymentPart mention={payment} />}
        <Judgement record={record} />
        <Happenings record={record} />
        <Facts record={record} />
      </div>
      <div className="detail-column">
        <ElementTable title="Entities" elements={event.elements.filter(({ kind }) => kind === "entity")} linking />
        <ElementTable title="Attributes" elements={event.elements.filter(({ kind }) => kind !== "entity")} />
      </div>
    </div>
  );
}

function Judgement({ record: { verdict } }: { record: EventRecord }) {
  const turned = verdict.before !== verdict.rating;
  return (
    <Part title="Labels placed">
      {turned && (
        <p className="turned">
          {ratingWord(verdict.before)} → <strong>{ratingWord(verdict.rating)}</strong>
          {verdict.tipped.length > 0 && <> by {verdict.tipped.join(" and ")}</>} · score {count(verdict.score)}
        </p>
      )}
      {verdict.labels.length === 0 && <p className="faint">This event placed no label.</p>}
      {verdict.labels.map((label) => (
        <div key={`${label.rule} ${label.name}`} className="placed">
          <p className="placed-head">
            <LabelChip label={label} />
            <span className="label-points">{points(label.points)}</span>
          </p>
          <WhyPanel label={label} />
        </div>
      ))}
    </Part>
  );
}

/** Actions, entity labels, rules that failed and what could not be read: each only where there is some. */
function Happenings({ record }: { record: EventRecord }) {
  const names = useNames();
  const { event, verdict } = record;
  const asks = asksOf(record);
  return (
    <>
      {event.actions.length > 0 && (
        <Part title="What was done">
          <Lines>{event.actions.map((action) => <ActionLine key={`${action.policy} ${action.name} ${action.kind}`} action={action} />)}</Lines>
        </Part>
      )}
      {asks.length > 0 && (
        <Part title="What the verdict asked for">
          <Lines>
            {asks.map(({ action, answer }) => (
              <span key={`${action.policy} ${action.name} ${action.kind}`}>
                <ActionLine action={action} />
                {answer && <span className="faint">the policy was at a later step: {answer.name}</span>}
              </span>
            ))}
          </Lines>
        </Part>
      )}
      {verdict.entity_labels.length > 0 && (
        <Part title="Entity labels">
          <Lines>
            {verdict.entity_labels.map(({ element, value, label }) => (
              <span key={`${element} ${value} ${label}`}>
                <strong>{label}</strong> on {names.element(element)} <span className="mono">{value}</span>
              </span>
            ))}
          </Lines>
        </Part>
      )}
      {verdict.errors.length > 0 && (
        <Part title="Rules that failed">
          <Lines>
            {verdict.errors.map(({ rule, error }) => (
              <span key={rule}>
                <code>{rule}</code> {error}
              </span>
            ))}
          </Lines>
        </Part>
      )}
      {event.issues.length > 0 && (
        <Part title="Could not be read">
          <Lines>
            {event.issues.map(({ code, element, detail }, index) => (
              <span key={`${code} ${element} ${index}`}>
                {plainWords(code)}
                {element !== "" && <>: {names.element(element)}</>}
                {detail !== "" && <span className="faint"> ({detail})</span>}
              </span>
            ))}
          </Lines>
        </Part>
      )}
    </>
  );
}

function Facts({ record: { event, session, verdict } }: { record: EventRecord }) {
  const { http } = event;
  return (
    <Part title="Exchange">
      <dl className="facts">
        <Fact name="Request">
          <span className="mono">
            {http.method} {http.host}
            {http.route}
          </span>
        </Fact>
        {http.status > 0 && (
          <Fact name="Response">
            {http.status} {http.duration_ns > 0 ? `in ${millis(http.duration_ns)}` : event.result === "blocked" ? "by Wayguard" : ""}
          </Fact>
        )}
        <Fact name="Route">{http.inline ? "Active: held until judged" : "Pass-through"}</Fact>
        <Fact name="Spec">
          <code>{event.spec}</code>
        </Fact>
        <Fact name="Joined by">
          {session.join.by === "" ? "–" : plainWords(session.join.by)}
          {session.join.detail !== "" && <span className="faint"> ({session.join.detail})</span>}
        </Fact>
        {verdict.rules !== "" && (
          <Fact name="Rule set">
            <code>{verdict.rules}</code>
          </Fact>
        )}
        <Fact name="Event">
          #{session.number} <span className="mono">{event.id}</span>
          <CopyButton text={event.id} what="event ID" />
        </Fact>
      </dl>
    </Part>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Lines({ children }: { children: ReactNode[] }) {
  return (
    <ul className="lines">
      {children.map((line, index) => (
        <li key={index}>{line}</li>
      ))}
    </ul>
  );
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}
