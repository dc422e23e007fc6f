import { useState } from "react";
import type { Webhook } from "../../../api/payment-connections";
import { changeWebhook, webhookEvents } from "../../../api/payment-connections";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { Checks } from "./Checks";

/** Changes where a webhook goes and what it is told of; its key stays. */
export function EditWebhookDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { environment } = useWorkplace();
  const [url, setUrl] = useState(webhook.url);
  const [events, setEvents] = useState<readonly string[]>(webhook.events);
  return (
    <ChangeDialog
      title="Edit the webhook"
      button="Save"
      ready={url.trim() !== "" && events.length > 0}
      perform={() => changeWebhook(environment.name, webhook.id, { url: url.trim(), events })}
      changes={["webhooks"]}
      onClose={onClose}
    >
      <label className="field">
        Address
        <input type="url" required maxLength={2048} value={url} onChange={(event) => setUrl(event.target.value)} />
      </label>
      <p className="form-hint">What waits to be sent goes to the new address. The key stays as it is.</p>
      <Checks legend="Told of" choices={webhookEvents} chosen={events} onChange={setEvents} />
    </ChangeDialog>
  );
}
