import { useState } from "react";
import type { Client } from "../../../api/payment-connections";
import { changeClient, scopes } from "../../../api/payment-connections";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { Checks } from "./Checks";

/** Changes a client's name and what it may do; its ID and secret stay. */
export function EditClientDialog({ client, onClose }: { client: Client; onClose: () => void }) {
  const { environment } = useWorkplace();
  const [name, setName] = useState(client.name);
  const [granted, setGranted] = useState<readonly string[]>(client.scopes);
  // What it was given that this page does not know stays offered, so that saving takes nothing away unseen.
  const choices = [...scopes, ...client.scopes.filter((scope) => !scopes.some((known) => known === scope))];
  return (
    <ChangeDialog
      title={`Edit ${client.name}`}
      button="Save"
      ready={name.trim() !== "" && granted.length > 0}
      perform={() => changeClient(environment.name, client.client_id, { name: name.trim(), scopes: granted })}
      changes={["clients"]}
      onClose={onClose}
    >
      <label className="field">
        Name
        <input type="text" required maxLength={256} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <p className="form-hint">Tokens that it has lose at once what is taken away.</p>
      <Checks legend="May" choices={choices} chosen={granted} onChange={setGranted} />
    </ChangeDialog>
  );
}
