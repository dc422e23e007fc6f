import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Backend } from "../../../api/payment-connections";
import { backendsQuery, refreshBackends } from "../../../api/payment-connections";
import { count } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { Refusal } from "../ChangeDialog";
import { Table } from "../Table";
import { backendFault } from "../words";

/** The external engines that rules may ask, and how they fare. */
export function BackendsCard({ manages }: { manages: boolean }) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(backendsQuery(environment.name));
  const look = useMutation({
    mutationFn: () => refreshBackends(environment.name),
    onSettled: () => client.invalidateQueries({ queryKey: ["backends"] }),
  });
  return (
    <Card
      title="Backends"
      note={data && data.length > 0 ? "Counted since the start" : ""}
      tools={
        manages && (
          <button type="button" className="button" disabled={look.isPending} onClick={() => look.mutate()}>
            {look.isPending ? "Looking…" : "Look for backends"}
          </button>
        )
      }
    >
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        {look.error && <Refusal error={look.error} />}
        {data?.length === 0 ? (
          <p className="faint card-empty">No backend was found.</p>
        ) : (
          <Table
            label="Backends"
            heads={["Backend", "State", "#Calls", "Failures", "Assesses", "Needs"]}
            rows={data?.map((backend) => (
              <tr key={backend.name} data-testid="backend-status-row">
                <td>
                  <span className="mono">{backend.name}</span> {backend.title !== "" && <span className="faint">{backend.title}</span>}
                </td>
                <td>
                  <State backend={backend} />
                </td>
                <td className="figure-cell">{count(backend.calls)}</td>
                <td>
                  {Object.entries(backend.failures)
                    .map(([code, times]) => `${backendFault(code)}: ${count(times)}`)
                    .join(", ") || <span className="faint">none</span>}
                </td>
                <td>{backend.assesses.join(", ")}</td>
                <td className="mono">{backend.requires.join(" ")}</td>
              </tr>
            ))}
          />
        )}
      </Answer>
    </Card>
  );
}

function State({ backend: { enabled, problem, breaker, opened } }: { backend: Backend }) {
  if (problem !== "") return <span className="figure-bad">{problem}</span>;
  if (!enabled) return <span className="tag">off</span>;
  if (breaker === "open") return <span className="tag tag-bad">not asked: it failed too often</span>;
  return (
    <>
      <span className="tag tag-good">{breaker === "half-open" ? "tried again" : "on"}</span>
      {opened > 0 && <span className="faint"> its breaker opened {count(opened)} times</span>}
    </>
  );
}
