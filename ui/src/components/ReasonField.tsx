/** Why somebody does what they do; it stands in the audit. */
export function ReasonField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label className="field">
      Reason, for the audit
      <input type="text" required maxLength={300} autoComplete="off" value={value} onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}

interface ChoiceProps {
  legend: string;
  name: string;
  choices: readonly { value: string; text: string; hint?: string }[];
  value: string;
  onChange: (value: string) => void;
}

/** One of a few. */
export function Choice({ legend, name, choices, value, onChange }: ChoiceProps) {
  return (
    <fieldset className="role-choice">
      <legend>{legend}</legend>
      {choices.map((choice) => (
        <label key={choice.value}>
          <input type="radio" name={name} checked={value === choice.value} onChange={() => onChange(choice.value)} />
          <span>
            {choice.text}
            {choice.hint !== undefined && <span className="role-may">{choice.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
