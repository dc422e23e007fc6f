import { useState } from "react";
import type { Client } from "../../../api/payment-connections";
import { createClient, scopes } from "../../../api/payment-connections";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { Checks } from "./Checks";

interface NewClientDialogProps {
  onDone: (made: Client & { client_secret: string }) => void;
  onClose: () => void;
}

export function NewClientDialog({ onDone, onClose }: NewClientDialogProps) {
  const { environment } = useWorkplace();
  const [name, setName] = useState("");
  const [granted, setGranted] = useState<readonly string[]>(["decisions:create", "events:create"]);
  return (
    <ChangeDialog
      title="Add an API client"
      button="Add"
      ready={name.trim() !== "" && granted.length > 0}
      perform={() => createClient(environment.name, name.trim(), granted)}
      changes={["clients"]}
      onDone={onDone}
      onClose={onClose}
    >
      <label className="field">
        Name
        <input type="text" required maxLength={256} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <Checks legend="May" choices={scopes} chosen={granted} onChange={setGranted} />
    </ChangeDialog>
  );
}
