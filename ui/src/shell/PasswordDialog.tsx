import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { SubmitEvent } from "react";
import { ApiError } from "../api/client";
import { changePassword } from "../api/resources";
import { Dialog } from "../components/Dialog";
import { PasswordField } from "../components/PasswordField";

const shortest = 12;

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const [repeated, setRepeated] = useState("");
  const change = useMutation({ mutationFn: () => changePassword(current, chosen) });
  const fault = check(chosen, repeated);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (fault === "") change.mutate();
  };
  if (change.isSuccess) {
    return (
      <Dialog title="Password changed" onClose={onClose}>
        <p>Your other logins have ended. This one goes on.</p>
        <div className="dialog-actions">
          <button type="button" className="button button-main" onClick={onClose}>
            Done
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Change password" onClose={onClose}>
      <form onSubmit={submit} className="form">
        <PasswordField label="Current password" complete="current-password" value={current} onChange={setCurrent} />
        <PasswordField label="New password" complete="new-password" value={chosen} onChange={setChosen} />
        <PasswordField label="New password again" complete="new-password" value={repeated} onChange={setRepeated} />
        <p className="form-hint">At least {shortest} characters. A few words are easier than a few signs.</p>
        {repeated !== "" && fault !== "" && <p className="form-error">{fault}</p>}
        {change.error && (
          <p className="form-error" role="alert">
            {refusal(change.error)}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-main" disabled={fault !== "" || change.isPending}>
            Change password
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function check(chosen: string, repeated: string): string {
  if (Array.from(chosen).length < shortest) return `The new password is shorter than ${shortest} characters.`;
  return chosen === repeated ? "" : "The two new passwords differ.";
}

function refusal(error: Error): string {
  if (error instanceof ApiError && ["wrong_login", "wrong_password"].includes(error.code)) return "The current password is not right.";
  return error.message;
}
