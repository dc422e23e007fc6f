import type { Removable } from "../../../api/payment-connections";
import { removeParty } from "../../../api/payment-connections";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";

interface RemoveDialogProps {
  kind: Removable;
  id: string;
  name: string;
  /** What happens by it. */
  means: string;
  onClose: () => void;
}

export function RemoveDialog({ kind, id, name, means, onClose }: RemoveDialogProps) {
  const { environment } = useWorkplace();
  return (
    <ChangeDialog
      title={`Delete ${name}`}
      button="Delete"
      harmful
      perform={() => removeParty(environment.name, kind, id)}
      changes={[kind, "backends", "deliveries"]}
      onClose={onClose}
    >
      <p>{means}</p>
    </ChangeDialog>
  );
}
