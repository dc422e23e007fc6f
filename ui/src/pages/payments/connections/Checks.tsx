interface ChecksProps {
  legend: string;
  choices: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** Any of a few, in the order of the choices. */
export function Checks({ legend, choices, chosen, onChange }: ChecksProps) {
  return (
    <fieldset className="role-choice">
      <legend>{legend}</legend>
      <div className="scope-choice">
        {choices.map((choice) => (
          <label key={choice}>
            <input
              type="checkbox"
              checked={chosen.includes(choice)}
              onChange={(event) => onChange(choices.filter((other) => (other === choice ? event.target.checked : chosen.includes(other))))}
            />
            <code>{choice}</code>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
