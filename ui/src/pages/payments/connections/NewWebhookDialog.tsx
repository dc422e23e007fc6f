import { useState } from "react";
import { createWebhook, webhookEvents } from "../../../api/payment-connections";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { Checks } from "./Checks";

interface NewWebhookDialogProps {
  onDone: (made: { url: string; hmac_key: string }) => void;
  onClose: () => void;
}

export function NewWebhookDialog({ onDone, onClose }: NewWebhookDialogProps) {
  const { environment } = useWorkplace();
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<readonly string[]>(["decision.block", "decision.review"]);
  return (
    <ChangeDialog
      title="Add a webhook"
      button="Add"
      ready={url.trim() !== "" && events.length > 0}
      perform={() => createWebhook(environment.name, url.trim(), events)}
      changes={["webhooks"]}
      onDone={onDone}
      onClose={onClose}
    >
      <label className="field">
        Address
        <input type="url" required maxLength={2048} placeholder="https://" value={url} onChange={(event) => setUrl(event.target.value)} />
      </label>
      <Checks legend="Told of" choices={webhookEvents} chosen={events} onChange={setEvents} />
    </ChangeDialog>
  );
}
