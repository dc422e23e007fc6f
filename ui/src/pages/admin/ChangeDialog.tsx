import { useMutation } from "@tanstack/react-query";
import { disableUser, enableUser, resetPassword } from "../../api/resources";
import type { CreatedUser, ListedUser } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { explain } from "../../components/Notice";
import { useWorkplace } from "../../state/environment";
import { FirstPassword } from "./FirstPassword";

export type Change = "disable" | "enable" | "password";

interface ChangeDialogProps {
  user: ListedUser;
  change: Change;
  onDone: () => void;
  onClose: () => void;
}

const words: Record<Change, { title: string; means: string; button: string }> = {
  disable: {
    title: "Disable",
    means: "Their logins end at once and they cannot log in again. What they did stays in the audit.",
    button: "Disable",
  },
  enable: { title: "Enable", means: "They can log in again with the password they had.", button: "Enable" },
  password: {
    title: "New password for",
    means: "The password they have stops working, and their logins end at once.",
    button: "Make a new password",
  },
};

/** Says what a change means before it is made. */
export function ChangeDialog({ user, change, onDone, onClose }: ChangeDialogProps) {
  const { environment } = useWorkplace();
  const { title, means, button } = words[change];
  const carryOut = useMutation({
    mutationFn: (): Promise<CreatedUser | undefined> => perform(environment.name, user.id, change),
    onSuccess: (made) => {
      onDone();
      if (!made) onClose();
    },
  });
  if (carryOut.data) return <FirstPassword made={carryOut.data} title="New password" onClose={onClose} />;
  return (
    <Dialog title={`${title} ${user.name || user.email}?`} onClose={onClose}>
      <p>
        {user.email} · {means}
      </p>
      {carryOut.error && (
        <p className="form-error" role="alert">
          {explain(carryOut.error).advice}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className={change === "enable" ? "button button-main" : "button button-bad"}
          disabled={carryOut.isPending}
          onClick={() => carryOut.mutate()}
        >
          {button}
        </button>
      </div>
    </Dialog>
  );
}

async function perform(environment: string, id: string, change: Change): Promise<CreatedUser | undefined> {
  if (change === "password") return resetPassword(environment, id);
  await (change === "disable" ? disableUser : enableUser)(environment, id);
  return undefined;
}
