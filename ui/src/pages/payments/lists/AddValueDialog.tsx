import { useState } from "react";
import { addValue, blacklist } from "../../../api/payment-lists";
import { Choice } from "../../../components/ReasonField";
import { useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";

const day = 86_400;
const lives = [
  { value: String(day), text: "1 day" },
  { value: String(7 * day), text: "7 days" },
  { value: String(90 * day), text: "90 days" },
  { value: "", text: "For ever" },
] as const;

const paths = ["$.credential_fingerprint", "$.device.ip", "$.device.fingerprint", "$.customer.id", "$.customer.email"] as const;

interface AddValueDialogProps {
  list: string;
  /** What is to be added, where that is known already. */
  preset?: { path: string; value: string };
  onClose: () => void;
}

/** Puts a value on the blacklist, or on a named list. */
export function AddValueDialog({ list, preset, onClose }: AddValueDialogProps) {
  const { environment } = useWorkplace();
  const [path, setPath] = useState<string>(preset?.path ?? paths[0]);
  const [value, setValue] = useState(preset?.value ?? "");
  const [life, setLife] = useState<string>(String(90 * day));
  const [note, setNote] = useState("");
  const isBlacklist = list === blacklist;
  const perform = () =>
    addValue(environment.name, list, {
      value: value.trim(),
      ...(isBlacklist ? { field_path: path.trim() } : {}),
      ...(life === "" ? {} : { ttl_seconds: Number(life) }),
      ...(note.trim() === "" ? {} : { note: note.trim() }),
    });
  return (
    <ChangeDialog
      title={isBlacklist ? "Put on the blacklist" : `Add to ${list}`}
      button="Add"
      ready={value.trim() !== "" && (!isBlacklist || path.trim() !== "")}
      perform={perform}
      changes={["list-values"]}
      onClose={onClose}
    >
      {isBlacklist && (
        <label className="field">
          Field
          <input list="blacklist-paths" required value={path} spellCheck={false} onChange={(event) => setPath(event.target.value)} />
          <datalist id="blacklist-paths">
            {paths.map((known) => (
              <option key={known} value={known} />
            ))}
          </datalist>
        </label>
      )}
      <label className="field">
        Value
        <input type="text" required maxLength={512} autoComplete="off" spellCheck={false} value={value} onChange={(event) => setValue(event.target.value)} />
      </label>
      {isBlacklist && (
        <p className="form-hint">
          It is matched exactly, by the blacklist rules that name the field. A card is named by its fingerprint, never by its number.
        </p>
      )}
      <Choice legend="For" name="value-life" choices={lives} value={life} onChange={setLife} />
      <label className="field">
        Note
        <input type="text" maxLength={300} autoComplete="off" value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
    </ChangeDialog>
  );
}
