import { useState } from "react";
import { createIntegration } from "../../../api/payment-connections";
import { Choice } from "../../../components/ReasonField";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { parseJson } from "../JsonEditor";

const types = [
  { value: "link", text: "Link", hint: "Its backends are found by themselves." },
  { value: "http", text: "HTTP", hint: "One engine, described by a mapping." },
] as const;

/** Adds a place where external engines are found. */
export function NewIntegrationDialog({ onClose }: { onClose: () => void }) {
  const { environment } = useWorkplace();
  const [type, setType] = useState("link");
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const [url, setUrl] = useState("");
  const [adapter, setAdapter] = useState("");
  const [credentials, setCredentials] = useState("");
  const parts = { adapter: type === "http" ? adapter : "", credentials };
  const wrong = Object.entries(parts).find(([, text]) => text.trim() !== "" && parseJson(text).problems.length > 0)?.[0];
  const given = Object.fromEntries(
    Object.entries(parts)
      .filter(([, text]) => text.trim() !== "")
      .map(([key, text]) => [key, parseJson(text).value]),
  );
  return (
    <ChangeDialog
      title="Add an integration"
      button="Add"
      ready={[name, slug, url].every((text) => text.trim() !== "") && wrong === undefined}
      perform={() => createIntegration(environment.name, { type, name: name.trim(), slug: slug.trim(), base_url: url.trim(), ...given })}
      changes={["integrations", "backends"]}
      onClose={onClose}
    >
      <Choice legend="Type" name="integration-type" choices={types} value={type} onChange={setType} />
      <label className="field">
        Name
        <input type="text" required maxLength={256} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label className="field">
        Slug, as rules name it
        <input type="text" required maxLength={63} pattern="[a-z0-9][a-z0-9\-]*" autoComplete="off" spellCheck={false} value={slug} onChange={(event) => setSlug(event.target.value)} />
      </label>
      <label className="field">
        Address
        <input type="url" required maxLength={2048} placeholder="https://" value={url} onChange={(event) => setUrl(event.target.value)} />
      </label>
      {type === "http" && (
        <label className="field">
          Mapping, as JSON
          <textarea spellCheck={false} aria-invalid={wrong === "adapter"} value={adapter} onChange={(event) => setAdapter(event.target.value)} />
        </label>
      )}
      <label className="field">
        Credentials, as JSON; kept sealed and never shown again
        <textarea spellCheck={false} autoComplete="off" aria-invalid={wrong === "credentials"} value={credentials} onChange={(event) => setCredentials(event.target.value)} />
      </label>
      {wrong !== undefined && (
        <p className="form-error" role="alert">
          The {wrong} are not JSON yet.
        </p>
      )}
    </ChangeDialog>
  );
}
