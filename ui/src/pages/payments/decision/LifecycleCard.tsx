import type { Decision, LifecycleEvent } from "../../../api/payment-types";
import { utcSecond } from "../../../format/time";
import { counted, plainWords } from "../../../format/words";
import { Card } from "../Card";
import { Table } from "../Table";
import { seen } from "../words";

const bad = ["chargeback", "fraud_report", "failed"];

/** What happened to the payment afterwards. */
export function LifecycleCard({ decision: { events } }: { decision: Decision }) {
  return (
    <Card title="What Came of It" note={events.length > 0 ? counted(events.length, "event") : ""}>
      {events.length === 0 ? (
        <p className="faint card-empty">Nothing has been told of this payment since: no authorization, no chargeback, no fraud report.</p>
      ) : (
        <Table
          label="What came of it"
          heads={["Time UTC", "Event", "Detail", "Backends told"]}
          rows={events.map((event) => (
            <tr key={event.id} data-testid="lifecycle-row">
              <td className="tabular nowrap">{utcSecond(event.occurred_at)}</td>
              <td>
                <span className={bad.includes(event.type) ? "tag tag-bad" : "tag"}>{plainWords(event.type)}</span>
              </td>
              <td>
                <Detail event={event} />
              </td>
              <td>{event.backend_notifications.map(({ backend, status }) => `${backend}: ${status}`).join(", ") || <span className="faint">none</span>}</td>
            </tr>
          ))}
        />
      )}
    </Card>
  );
}

function Detail({ event }: { event: LifecycleEvent }) {
  const parts = Object.entries(event.data);
  if (parts.length === 0) return <span className="faint">–</span>;
  return (
    <>
      {parts.map(([name, value]) => (
        <span key={name} className="data-part">
          {plainWords(name)}: {typeof value === "string" ? value : seen(value)}
        </span>
      ))}
    </>
  );
}
