import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Client } from "../../../api/payment-connections";
import { changeClient, clientsQuery, rotateClient } from "../../../api/payment-connections";
import { utcSecond } from "../../../format/time";
import { counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { ChangeDialog, Refusal } from "../ChangeDialog";
import { Table } from "../Table";
import { EditClientDialog } from "./EditClientDialog";
import { NewClientDialog } from "./NewClientDialog";
import { RemoveDialog } from "./RemoveDialog";
import type { Secret } from "./SecretOnce";

/** Who may ask for tokens. */
export function ClientsCard({ onSecret }: { onSecret: (secret: Secret) => void }) {
  const { environment } = useWorkplace();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Client | undefined>();
  const [rotating, setRotating] = useState<Client | undefined>();
  const [removing, setRemoving] = useState<Client | undefined>();
  const { data, error, refetch } = useQuery(clientsQuery(environment.name));
  const disable = useMutation({
    mutationFn: ({ client_id: id, disabled }: Client) => changeClient(environment.name, id, { disabled: !disabled }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["clients"] }),
  });
  const tell = (made: Client & { client_secret: string }) => onSecret(secretOf(made));
  return (
    <Card
      title="API Clients"
      note={data ? counted(data.length, "client") : ""}
      tools={
        <button type="button" className="button" onClick={() => setAdding(true)}>
          Add client
        </button>
      }
    >
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        {disable.error && <Refusal error={disable.error} />}
        {data?.length === 0 ? (
          <p className="faint card-empty">No client: nobody can ask for a decision yet.</p>
        ) : (
          <Table
            label="API clients"
            heads={["Name", "Client ID", "May", "Since UTC", "State", "!Change"]}
            rows={data?.map((client) => (
              <ClientRow
                key={client.client_id}
                client={client}
                changing={disable.isPending}
                onDisable={() => disable.mutate(client)}
                onEdit={() => setChanging(client)}
                onRotate={() => setRotating(client)}
                onRemove={() => setRemoving(client)}
              />
            ))}
          />
        )}
      </Answer>
      {adding && <NewClientDialog onDone={tell} onClose={() => setAdding(false)} />}
      {changing && <EditClientDialog client={changing} onClose={() => setChanging(undefined)} />}
      {rotating && (
        <ChangeDialog
          title={`New secret for ${rotating.name}`}
          button="Make a new secret"
          perform={() => rotateClient(environment.name, rotating.client_id)}
          changes={["clients"]}
          onDone={tell}
          onClose={() => setRotating(undefined)}
        >
          <p>The secret it has now no longer works. Tokens it was given live on until they run out.</p>
        </ChangeDialog>
      )}
      {removing && (
        <RemoveDialog kind="clients" id={removing.client_id} name={removing.name} means="It can no longer ask for tokens, and its tokens end at once." onClose={() => setRemoving(undefined)} />
      )}
    </Card>
  );
}

interface ClientRowProps {
  client: Client;
  changing: boolean;
  onDisable: () => void;
  onEdit: () => void;
  onRotate: () => void;
  onRemove: () => void;
}

function ClientRow({ client, changing, onDisable, onEdit, onRotate, onRemove }: ClientRowProps) {
  return (
    <tr data-testid="client-row">
      <td>{client.name}</td>
      <td className="mono">{client.client_id}</td>
      <td>{client.scopes.join(", ")}</td>
      <td className="tabular nowrap">{utcSecond(client.created_at)}</td>
      <td>{client.disabled ? <span className="tag">disabled</span> : <span className="tag tag-good">on</span>}</td>
      <td className="admin-changes">
        <button type="button" className="text-button" aria-label={`${client.disabled ? "Enable" : "Disable"} ${client.name}`} disabled={changing} onClick={onDisable}>
          {client.disabled ? "Enable" : "Disable"}
        </button>
        <button type="button" className="text-button" aria-label={`Edit ${client.name}`} onClick={onEdit}>
          Edit
        </button>
        <button type="button" className="text-button" aria-label={`New secret for ${client.name}`} onClick={onRotate}>
          New secret
        </button>
        <button type="button" className="text-button text-button-bad" aria-label={`Delete ${client.name}`} onClick={onRemove}>
          Delete
        </button>
      </td>
    </tr>
  );
}

function secretOf({ name, client_id: id, client_secret: secret }: Client & { client_secret: string }): Secret {
  return {
    title: `The secret of ${name}`,
    text: "With both the client asks POST /oauth2/token for tokens.",
    parts: [
      { name: "client ID", value: id },
      { name: "secret", value: secret },
    ],
  };
}
