import { useId } from "react";
import type { Ref } from "react";
import type { Field } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Popover } from "../../components/Popover";
import { joinValues, splitValues } from "../../state/values";

interface ValueInputProps {
  field: Field | undefined;
  /** What was typed; known values are joined with commas as well. */
  text: string;
  onChange: (text: string) => void;
  fault: string;
  inputRef: Ref<HTMLInputElement>;
}

/** Values separated by commas, or a choice where the field has known ones. */
export function ValueInput({ field, text, onChange, fault, inputRef }: ValueInputProps) {
  const id = useId();
  if (field && field.values.length > 0) return <KnownValues field={field} text={text} onChange={onChange} fault={fault} />;
  return (
    <div className="field search-value">
      <label htmlFor={id}>Value</label>
      <input
        ref={inputRef}
        id={id}
        data-search-value
        type="text"
        value={text}
        disabled={!field}
        placeholder={placeholder(field)}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={fault !== ""}
        aria-describedby={fault !== "" ? `${id}-fault` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {fault !== "" && (
        <p className="field-fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

function placeholder(field: Field | undefined): string {
  if (!field) return "Choose a field type first";
  return field.sensitive ? "One or more, separated by commas; kept out of the address" : "One or more, separated by commas";
}

type KnownValuesProps = Omit<ValueInputProps, "inputRef" | "field"> & { field: Field };

function KnownValues({ field, text, onChange, fault }: KnownValuesProps) {
  const chosen = splitValues(text);
  const names = field.values.filter(({ value }) => chosen.includes(value)).map(({ human }) => human);
  const toggle = (value: string) =>
    onChange(joinValues(chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value]));
  return (
    <div className="field search-value" data-search-value>
      <span aria-hidden="true">Value</span>
      <Popover
        label={`Value: ${names.length > 0 ? names.join(", ") : "none chosen"}`}
        title={field.human}
        className={fault === "" ? "select" : "select select-fault"}
        button={
          <>
            <span className={names.length > 0 ? "select-text" : "select-text select-hint"}>
              {names.length > 0 ? names.join(", ") : "Choose one or more"}
            </span>
            <Icon name="chevron" size={14} />
          </>
        }
      >
        {() => (
          <ul className="choices">
            {field.values.map(({ value, human }) => (
              <li key={value}>
                <label>
                  <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
                  {human}
                </label>
              </li>
            ))}
          </ul>
        )}
      </Popover>
      {fault !== "" && (
        <p className="field-fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
