import type { CreatedUser } from "../../api/types";
import { CopyButton } from "../../components/CopyButton";
import { Dialog } from "../../components/Dialog";

/** The password somebody begins with; nobody can show it again. */
export function FirstPassword({ made, title, onClose }: { made: CreatedUser; title: string; onClose: () => void }) {
  return (
    <Dialog title={title} onClose={onClose}>
      {made.password === "" ? (
        <p>{made.user.email} was already known and logs in with the same password as before.</p>
      ) : (
        <>
          <p>Give {made.user.email} this password by a safe way. It is shown this once; they should change it after logging in.</p>
          <p className="first-password" data-testid="first-password">
            <code>{made.password}</code>
            <CopyButton text={made.password} what="password" />
          </p>
        </>
      )}
      <div className="dialog-actions">
        <button type="button" className="button button-main" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
