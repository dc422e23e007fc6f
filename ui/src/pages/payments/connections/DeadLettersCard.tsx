import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { deliveriesQuery, redeliver } from "../../../api/payment-connections";
import { utcSecond } from "../../../format/time";
import { count, counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { Refusal } from "../ChangeDialog";
import { Table } from "../Table";
import { PageLink } from "../links";

/** Messages that nobody took in time. */
export function DeadLettersCard({ manages }: { manages: boolean }) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(deliveriesQuery(environment.name));
  const again = useMutation({
    mutationFn: (id: string) => redeliver(environment.name, id),
    onSettled: () => client.invalidateQueries({ queryKey: ["deliveries"] }),
  });
  return (
    <Card title="Messages Given Up" note={data && data.length > 0 ? counted(data.length, "message") : ""}>
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        {again.error && <Refusal error={again.error} />}
        {data?.length === 0 ? (
          <p className="faint card-empty">Every message was taken, or is still being tried.</p>
        ) : (
          <Table
            label="Messages given up"
            heads={["Since UTC", "Message", "Decision", "#Tries", "Why", "!Send again"]}
            rows={data?.map((letter) => (
              <tr key={letter.id} data-testid="dead-letter-row">
                <td className="tabular nowrap">{letter.created_at === "" ? "–" : utcSecond(letter.created_at)}</td>
                <td>{letter.event}</td>
                <td className="mono">{letter.decision_id === "" ? "–" : <PageLink path={`/payments/decisions/${encodeURIComponent(letter.decision_id)}`}>{letter.decision_id}</PageLink>}</td>
                <td className="figure-cell">{count(letter.attempts)}</td>
                <td>{letter.last_error}</td>
                <td className="admin-changes">
                  {manages && (
                    <button type="button" className="text-button" aria-label={`Send again ${letter.id}`} disabled={again.isPending} onClick={() => again.mutate(letter.id)}>
                      Send again
                    </button>
                  )}
                </td>
              </tr>
            ))}
          />
        )}
      </Answer>
    </Card>
  );
}
