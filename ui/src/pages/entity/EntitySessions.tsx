import { useQuery } from "@tanstack/react-query";
import { Empty } from "../../components/Notice";
import { RatingBadge } from "../../components/Rating";
import { SearchLink } from "../../components/SearchLink";
import { duration, utcSecond } from "../../format/time";
import { count, counted } from "../../format/words";
import { useWorkplace } from "../../state/environment";
import { Answer } from "../payments/Answer";
import { Card } from "../payments/Card";
import { Table } from "../payments/Table";
import { PageLink } from "../payments/links";
import { entitySessionsQuery } from "./entity-sessions";

/** The sessions that show the entity, newest first. */
export function EntitySessions({ element, value }: { element: string; value: string }) {
  const { environment } = useWorkplace();
  const found = useQuery(entitySessionsQuery(environment.name, element, value));
  const total = found.data?.total ?? 0;
  return (
    <Card
      title="Sessions"
      note={found.data ? `${counted(total, "session")} of the last 90 days${total > found.data.sessions.length ? `, the newest ${found.data.sessions.length} shown` : ""}` : ""}
      tools={
        total > 0 && (
          <SearchLink field={element} value={value}>
            Search all
          </SearchLink>
        )
      }
    >
      <Answer error={found.error} there={found.data !== undefined} retry={() => void found.refetch()}>
        {total === 0 && found.data ? (
          <Empty title="No session shows it">
            <p>Sessions of the last 90 days were looked through.</p>
          </Empty>
        ) : (
          <Table
            label="Sessions"
            heads={["Session", "Opened UTC", "Rating", "#Events", "#Labels", "#Duration", "Country", "IP Address"]}
            rows={found.data?.sessions.map((session) => (
              <tr key={session.session_id} data-testid="entity-session-row">
                <td>
                  <PageLink path={`/sessions/${encodeURIComponent(session.session_id)}`} className="mono">
                    {session.session_id}
                  </PageLink>
                </td>
                <td className="tabular nowrap">{utcSecond(session.opened)}</td>
                <td>
                  <RatingBadge rating={session.rating} />
                </td>
                <td className="figure-cell">{count(session.events)}</td>
                <td className="figure-cell">{count(session.labels)}</td>
                <td className="figure-cell">{duration(session.duration_seconds)}</td>
                <td>{session.country}</td>
                <td className="mono">{session.ip_address}</td>
              </tr>
            ))}
          />
        )}
      </Answer>
    </Card>
  );
}
