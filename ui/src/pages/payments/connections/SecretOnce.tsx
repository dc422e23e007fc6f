import { CopyButton } from "../../../components/CopyButton";
import { Dialog } from "../../../components/Dialog";

/** Something that is told this once. */
export interface Secret {
  title: string;
  /** What it is for. */
  text: string;
  parts: readonly { name: string; value: string }[];
}

/** Shows a secret; nobody can show it again, and it lives in this dialog alone. */
export function SecretOnce({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  return (
    <Dialog title={secret.title} onClose={onClose}>
      <p>{secret.text} It is shown this once: put it away safely before you close this.</p>
      {secret.parts.map(({ name, value }) => (
        <p key={name} className="first-password" data-testid="secret">
          <span>
            <span className="faint">{name}</span> <code>{value}</code>
          </span>
          <CopyButton text={value} what={name} />
        </p>
      ))}
      <div className="dialog-actions">
        <button type="button" className="button button-main" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
