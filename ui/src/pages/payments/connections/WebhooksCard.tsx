import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Webhook } from "../../../api/payment-connections";
import { rotateWebhook, webhooksQuery } from "../../../api/payment-connections";
import { utcSecond } from "../../../format/time";
import { counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { ChangeDialog } from "../ChangeDialog";
import { Table } from "../Table";
import { EditWebhookDialog } from "./EditWebhookDialog";
import { NewWebhookDialog } from "./NewWebhookDialog";
import { RemoveDialog } from "./RemoveDialog";
import type { Secret } from "./SecretOnce";

interface WebhooksCardProps {
  manages: boolean;
  onSecret: (secret: Secret) => void;
}

/** Who is told of decisions. */
export function WebhooksCard({ manages, onSecret }: WebhooksCardProps) {
  const { environment } = useWorkplace();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Webhook | undefined>();
  const [changing, setChanging] = useState<Webhook | undefined>();
  const [rotating, setRotating] = useState<Webhook | undefined>();
  const { data, error, refetch } = useQuery(webhooksQuery(environment.name));
  const tell = (url: string, key: string) => onSecret(keyOf(url, key));
  return (
    <Card
      title="Webhooks"
      note={data ? counted(data.length, "webhook") : ""}
      tools={
        manages && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            Add webhook
          </button>
        )
      }
    >
      <Answer error={error} there={data !== undefined} retry={() => void refetch()}>
        {data?.length === 0 ? (
          <p className="faint card-empty">Nobody is told of decisions.</p>
        ) : (
          <Table
            label="Webhooks"
            heads={["Address", "Told of", "Key", "Since UTC", "!Change"]}
            rows={data?.map((webhook) => (
              <tr key={webhook.id} data-testid="webhook-row">
                <td className="mono cell-clip" title={webhook.url}>
                  {webhook.url}
                </td>
                <td>{webhook.events.join(", ")}</td>
                <td className="mono">{webhook.masked_hmac_key}</td>
                <td className="tabular nowrap">{utcSecond(webhook.inserted_at)}</td>
                <td className="admin-changes">
                  {manages && (
                    <>
                      <button type="button" className="text-button" aria-label={`Edit ${webhook.url}`} onClick={() => setChanging(webhook)}>
                        Edit
                      </button>
                      <button type="button" className="text-button" aria-label={`New key for ${webhook.url}`} onClick={() => setRotating(webhook)}>
                        New key
                      </button>
                      <button type="button" className="text-button text-button-bad" aria-label={`Delete ${webhook.url}`} onClick={() => setRemoving(webhook)}>
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
      {adding && <NewWebhookDialog onDone={(made) => tell(made.url, made.hmac_key)} onClose={() => setAdding(false)} />}
      {changing && <EditWebhookDialog webhook={changing} onClose={() => setChanging(undefined)} />}
      {rotating && (
        <ChangeDialog
          title="New key"
          button="Make a new key"
          perform={() => rotateWebhook(environment.name, rotating.id)}
          changes={["webhooks"]}
          onDone={(made) => tell(made.url, made.hmac_key)}
          onClose={() => setRotating(undefined)}
        >
          <p>Messages to {rotating.url} are signed with a new key. Give it to the receiver.</p>
        </ChangeDialog>
      )}
      {removing && (
        <RemoveDialog
          kind="webhooks"
          id={removing.id}
          name={removing.url}
          means="Nothing is sent there any more, not even what waits."
          onClose={() => setRemoving(undefined)}
        />
      )}
    </Card>
  );
}

function keyOf(url: string, key: string): Secret {
  return { title: "The webhook’s key", text: `Messages to ${url} are signed with this key, in the header x-hmac-signature.`, parts: [{ name: "key", value: key }] };
}
