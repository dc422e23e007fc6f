import { useQuery } from "@tanstack/react-query";
import { useContext } from "react";
import { healthQuery } from "../api/resources";
import type { Health } from "../api/types";
import { Popover } from "../components/Popover";
import { count, plainWords } from "../format/words";
import { useWorkplace } from "../state/environment";
import { LiveContext } from "../state/live";
import { summarise } from "./health";
import type { Level } from "./health";

export function HealthIndicator() {
  const { environment } = useWorkplace();
  const { data: health } = useQuery(healthQuery(environment.name));
  const { state } = useContext(LiveContext);
  const { level, text } = summarise(health, state);
  return (
    <Popover
      label={`System health: ${text}`}
      title="System health"
      className="topbar-button"
      testId="health-indicator"
      button={
        <>
          <HealthMark level={level} />
          <span className="health-text">{text}</span>
        </>
      }
    >
      {() => (health ? <HealthDetails health={health} /> : <p>The Hub has not answered yet.</p>)}
    </Popover>
  );
}

/** Round when good, a triangle when uneasy, a square when bad. */
function HealthMark({ level }: { level: Level }) {
  return (
    <svg className={`health-mark health-${level}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {(level === "good" || level === "unknown") && <circle cx="5" cy="5" r="4" />}
      {level === "uneasy" && <path d="M5 .5 9.8 9.5H.2Z" />}
      {level === "bad" && <rect x="1" y="1" width="8" height="8" rx="1" />}
    </svg>
  );
}

function HealthDetails({ health }: { health: Health }) {
  const { warehouse, log, traffic, location } = health;
  return (
    <div className="health-details" tabIndex={-1} data-autofocus>
      <Part title="Warehouse" state={warehouse.state} detail={warehouse.detail}>
        <Figure name="Events waiting" value={warehouse.lag_records} />
      </Part>
      <Part title="Log" state={log.state} detail={log.detail}>
        <Figure name="Acknowledged" value={log.acknowledged} />
      </Part>
      <Part title="Traffic">
        <Figure name="Requests" value={traffic.requests} />
        <Figure name="Matched by a spec" value={traffic.matched} />
        <Figure name="Blocked" value={traffic.blocked} />
        <Counts title="Shed" counts={traffic.shed} />
        <Counts title="Failed" counts={traffic.failures} />
      </Part>
      <Part title="IP location" state={location.state} detail={location.detail}>
        {location.attribution !== "" && <p className="health-attribution">{location.attribution}</p>}
      </Part>
    </div>
  );
}

interface PartProps {
  title: string;
  state?: string;
  detail?: string;
  children: React.ReactNode;
}

function Part({ title, state, detail, children }: PartProps) {
  return (
    <section>
      <h3>
        {title}
        {state !== undefined && <span className={state === "ok" ? "state state-ok" : "state"}>{plainWords(state)}</span>}
      </h3>
      {detail !== undefined && detail !== "" && <p className="health-detail">{detail}</p>}
      {children}
    </section>
  );
}

function Figure({ name, value, warn = false }: { name: string; value: number; warn?: boolean }) {
  return (
    <p className={warn ? "figure figure-warn" : "figure"}>
      <span>{name}</span>
      <span>{count(value)}</span>
    </p>
  );
}

/** What was lost, by reason. Reasons that never happened are left out. */
function Counts({ title, counts }: { title: string; counts: Record<string, number> }) {
  const happened = Object.entries(counts).filter(([, value]) => value > 0);
  if (happened.length === 0) return <Figure name={title} value={0} />;
  return happened.map(([reason, value]) => (
    <Figure key={reason} name={`${title}: ${plainWords(reason).toLowerCase()}`} value={value} warn />
  ));
}
