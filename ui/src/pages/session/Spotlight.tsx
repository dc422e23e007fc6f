import type { ReactNode } from "react";
import type { SessionRow } from "../../api/types";
import { CopyButton } from "../../components/CopyButton";
import { SearchLink } from "../../components/SearchLink";
import { duration, utcSecond } from "../../format/time";
import { count, countryName } from "../../format/words";

export function Spotlight({ session }: { session: SessionRow }) {
  const place = [session.city, countryName(session.country) || session.country].filter(Boolean).join(", ");
  return (
    <section className="card spotlight" aria-labelledby="spotlight-title">
      <h2 id="spotlight-title" className="sr-only">
        Session Spotlight
      </h2>
      <dl>
        <Fact name="Session ID" wide>
          <span className="mono">{session.session_id}</span>
          <CopyButton text={session.session_id} what="session ID" />
        </Fact>
        <Fact name="Start (UTC)">{utcSecond(session.opened)}</Fact>
        <Fact name="Duration">{duration(session.duration_seconds)}</Fact>
        <Fact name="Event Count">{count(session.events)}</Fact>
        <Fact name="Journey ID" wide>
          <SearchLink field="journey_id" value={session.journey_id} title="All sessions of this journey">
            <span className="mono">{session.journey_id}</span>
          </SearchLink>
          <CopyButton text={session.journey_id} what="journey ID" />
        </Fact>
        <Fact name="From">
          {session.ip_address === "" ? (
            "–"
          ) : (
            <SearchLink field="ip_address" value={session.ip_address} title="All sessions of this address">
              <span className="mono">{session.ip_address}</span>
            </SearchLink>
          )}
        </Fact>
        <Fact name="Location">
          <span className="fact-text" title={place}>
            {place === "" ? "–" : place}
          </span>
        </Fact>
        <Fact name="Event Velocity">{velocity(session)}</Fact>
      </dl>
    </section>
  );
}

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={wide ? "fact fact-wide" : "fact"}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Events a minute over the session's whole length. One event has no velocity. */
export function velocity({ events, duration_seconds: seconds }: SessionRow): string {
  if (events < 2 || seconds <= 0) return "–";
  const perMinute = (events / seconds) * 60;
  return `${count(Number(perMinute.toPrecision(perMinute < 100 ? 2 : 3)))} / min`;
}
