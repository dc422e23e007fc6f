import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { SubmitEvent } from "react";
import { ApiError } from "../../api/client";
import { createUser } from "../../api/resources";
import type { Role } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { explain } from "../../components/Notice";
import { useWorkplace } from "../../state/environment";
import { FirstPassword } from "./FirstPassword";

const roles: readonly { role: Role; title: string; may: string }[] = [
  { role: "viewer", title: "Viewer", may: "Search and read sessions and payment decisions." },
  { role: "analyst", title: "Analyst", may: "Also download results, read the configuration and resolve payment reviews." },
  { role: "administrator", title: "Administrator", may: "Also manage users, rulesets and connections, and read the audit." },
];

/** Gives a person a role in this environment; one who is new gets a password to begin with. */
export function NewUserDialog({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const { environment } = useWorkplace();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const create = useMutation({
    mutationFn: () => createUser(environment.name, { email: email.trim(), name: name.trim(), role }),
    onSuccess: onDone,
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!create.isPending) create.mutate();
  };
  if (create.data) return <FirstPassword made={create.data} title="Added" onClose={onClose} />;
  return (
    <Dialog title="Add a person" onClose={onClose}>
      <form className="form" onSubmit={submit} aria-label="Add a person">
        <label className="field">
          Email
          <input type="email" required autoComplete="off" value={email} onChange={(event) => setEmail(event.target.value)} />
        </label>
        <label className="field">
          Name
          <input type="text" required maxLength={120} autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <RoleChoice chosen={role} onChange={setRole} />
        {create.error && (
          <p className="form-error" role="alert">
            {refusal(create.error)}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-main" disabled={create.isPending}>
            Add to {environment.name}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function RoleChoice({ chosen, onChange }: { chosen: Role; onChange: (role: Role) => void }) {
  return (
    <fieldset className="role-choice">
      <legend>Role</legend>
      {roles.map(({ role, title, may }) => (
        <label key={role}>
          <input type="radio" name="role" value={role} checked={chosen === role} onChange={() => onChange(role)} />
          <span>
            {title}
            <span className="role-may">{may}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function refusal(error: Error): string {
  if (error instanceof ApiError && error.code === "already_there") return "This person already has a role in this environment.";
  return explain(error).advice;
}
