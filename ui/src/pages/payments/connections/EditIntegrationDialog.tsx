import { useState } from "react";
import type { Integration } from "../../../api/payment-connections";
import { changeIntegration } from "../../../api/payment-connections";
import { Choice } from "../../../components/ReasonField";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import type { Edited } from "./integration-edit";
import { editedOf, faultIn, isWhole, patchOf } from "./integration-edit";

const ways = [
  { value: "keep", text: "Keep those it has" },
  { value: "replace", text: "Put in new ones" },
  { value: "remove", text: "Take them away" },
] as const;

/** Changes an integration; its type and slug stay, for rules name it by them. Credentials are never shown. */
export function EditIntegrationDialog({ integration, onClose }: { integration: Integration; onClose: () => void }) {
  const { environment } = useWorkplace();
  const [edited, setEdited] = useState(() => editedOf(integration));
  const fault = faultIn(edited);
  const field = (name: keyof Edited) => ({
    value: edited[name],
    onChange: (event: { target: { value: string } }) => setEdited({ ...edited, [name]: event.target.value }),
  });
  return (
    <ChangeDialog
      title={`Edit ${integration.name}`}
      button="Save"
      ready={isWhole(edited) && fault === ""}
      perform={() => changeIntegration(environment.name, integration.id, patchOf(edited))}
      changes={["integrations", "backends"]}
      onClose={onClose}
    >
      <label className="field">
        Name
        <input type="text" required maxLength={256} autoComplete="off" {...field("name")} />
      </label>
      <label className="field">
        Address
        <input type="url" required maxLength={2048} {...field("url")} />
      </label>
      <label className="field">
        Time to answer, in milliseconds
        <input type="number" required min={1} step={1} {...field("time")} />
      </label>
      {integration.type === "http" && (
        <label className="field">
          Mapping, as JSON
          <textarea spellCheck={false} aria-invalid={fault === "mapping"} {...field("mapping")} />
        </label>
      )}
      <Choice
        legend={integration.has_credentials ? "Credentials, which are kept sealed" : "Credentials; it has none"}
        name="integration-credentials"
        choices={integration.has_credentials ? ways : ways.slice(0, 2)}
        value={edited.way}
        onChange={(way) => setEdited({ ...edited, way })}
      />
      {edited.way === "replace" && (
        <label className="field">
          New credentials, as JSON; never shown again
          <textarea spellCheck={false} autoComplete="off" aria-invalid={fault === "credentials"} {...field("credentials")} />
        </label>
      )}
      {fault !== "" && (
        <p className="form-error" role="alert">
          {fault === "mapping" ? "The mapping is not JSON yet." : "The credentials are not JSON yet."}
        </p>
      )}
    </ChangeDialog>
  );
}
