import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Integration } from "../../../api/payment-connections";
import { changeIntegration, integrationsQuery } from "../../../api/payment-connections";
import { counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { Refusal } from "../ChangeDialog";
import { Table } from "../Table";
import { EditIntegrationDialog } from "./EditIntegrationDialog";
import { NewIntegrationDialog } from "./NewIntegrationDialog";
import { RemoveDialog } from "./RemoveDialog";

/** Where external risk engines are found. */
export function IntegrationsCard({ manages }: { manages: boolean }) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Integration | undefined>();
  const [removing, setRemoving] = useState<Integration | undefined>();
  const { data, error, refetch } = useQuery(integrationsQuery(environment.name));
  const enable = useMutation({
    mutationFn: ({ id, enabled }: Integration) => changeIntegration(environment.name, id, { enabled: !enabled }),
    onSettled: () => Promise.all(["integrations", "backends"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
  return (
    <Card
      title="Integrations"
      note={data ? counted(data.length, "integration") : ""}
      tools={
        manages && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Add integration
          </button>
        )
      }
    >
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        {enable.error && <Refusal error={enable.error} />}
        {data?.length === 0 ? (
          <p className="faint card-empty">No integration: rules ask no external engine.</p>
        ) : (
          <Table
            label="Integrations"
            heads={["Name", "Slug", "Type", "Address", "#Time", "Credentials", "State", "!Change"]}
            rows={data?.map((one) => (
              <tr key={one.id} data-testid="integration-row">
                <td title={one.description}>{one.name}</td>
                <td className="mono">{one.slug}</td>
                <td>{one.type}</td>
                <td className="mono cell-clip" title={one.base_url}>
                  {one.base_url}
                </td>
                <td className="figure-cell">{one.timeout_ms === 0 ? "5000 ms" : `${one.timeout_ms} ms`}</td>
                <td>{one.has_credentials ? "kept sealed" : <span className="faint">none</span>}</td>
                <td>{one.enabled ? <span className="tag tag-good">on</span> : <span className="tag">off</span>}</td>
                <td className="admin-changes">
                  {manages && (
                    <>
                      <button type="button" className="text-button" aria-label={`Switch ${one.enabled ? "off" : "on"} ${one.name}`} disabled={enable.isPending} onClick={() => enable.mutate(one)}>
                        {one.enabled ? "Switch off" : "Switch on"}
                      </button>
                      <button type="button" className="text-button" aria-label={`Edit ${one.name}`} onClick={() => setChanging(one)}>
                        Edit
                      </button>
                      <button type="button" className="text-button text-button-bad" aria-label={`Delete ${one.name}`} onClick={() => setRemoving(one)}>
                        Delete
                      </button>
                    </>
                  )}
                </td>
              </tr>
            ))}
          />
        )}
      </Answer>
      {adding && <NewIntegrationDialog onClose={() => setAdding(false)} />}
      {changing && <EditIntegrationDialog integration={changing} onClose={() => setChanging(undefined)} />}
      {removing && (
        <RemoveDialog
          kind="integrations"
          id={removing.id}
          name={removing.name}
          means="Rules that ask its backends follow what they say for a failure from then on. Its credentials are wiped."
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Card>
  );
}
