import { useEffect, useState } from "react";
import type { Interceptor } from "../../../api/payment-interceptors";
import { settingsOf } from "../../../api/payment-interceptors";
import { Card } from "../Card";
import { JsonEditor, parseJson } from "../JsonEditor";
import { useSaving } from "./use-saving";

interface SettingsCardProps {
  interceptor: Interceptor;
  tag: string;
  onDirty: (dirty: boolean) => void;
}

/** Edits everything of a draft but its mapping, as it is sent. */
export function SettingsCard({ interceptor, tag, onDirty }: SettingsCardProps) {
  const before = JSON.stringify(settingsOf(interceptor), null, 2);
  const [text, setText] = useState(before);
  const { save, saving, problems, setProblems, refusal } = useSaving(interceptor.id, tag);
  const dirty = text !== before;
  useEffect(() => onDirty(dirty), [dirty, onDirty]);
  const submit = () => {
    const { value, problems: wrong } = parseJson(text);
    setProblems(wrong);
    if (wrong.length === 0) save(value);
  };
  return (
    <Card
      title="Settings"
      note={dirty ? "changed, not saved" : ""}
      tools={
        <button type="button" className="button button-main" disabled={!dirty || saving} onClick={submit}>
          Save settings
        </button>
      }
    >
      <JsonEditor label="Settings as JSON" text={text} problems={problems} onChange={setText} />
      {refusal !== "" && (
        <p className="form-error card-empty" role="alert">
          {refusal}
        </p>
      )}
    </Card>
  );
}
