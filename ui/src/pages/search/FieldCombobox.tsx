import { useId, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import type { Field } from "../../api/types";
import { Icon } from "../../components/Icon";
import { groupFields, matchFields } from "./field-options";

interface FieldComboboxProps {
  fields: readonly Field[];
  value: string;
  onChange: (name: string) => void;
}

/** Chooses what to search by: type to narrow, arrows to move, Enter to take. */
export function FieldCombobox({ fields, value, onChange }: FieldComboboxProps) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const options = matchFields(fields, typed);
  const chosen = fields.find(({ name }) => name === value);
  const shown = open ? typed : (chosen?.human ?? (value === "" ? "All sessions" : value));
  const current = Math.min(active, options.length - 1);

  const unfold = () => {
    if (open) return;
    setTyped("");
    setActive(Math.max(0, matchFields(fields, "").findIndex(({ name }) => name === value)));
    setOpen(true);
  };
  const take = (name: string | undefined) => {
    setOpen(false);
    if (name !== undefined && name !== value) onChange(name);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) { unfold(); return; }
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((current + step + options.length) % Math.max(1, options.length));
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      take(options[current]?.name);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      setOpen(false);
    }
  };

  return (
    <div className="field combobox">
      <label htmlFor={id}>Field type</label>
      <input
        ref={input}
        id={id}
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && options[current] ? `${id}-${options[current].name}` : undefined}
        autoComplete="off"
        spellCheck={false}
        value={shown}
        placeholder="Find a field…"
        onClick={unfold}
        onChange={(event) => {
          setOpen(true);
          setTyped(open ? event.target.value : event.target.value.slice(-1));
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setOpen(false)}
      />
      <span className="combobox-arrow">
        <Icon name="chevron" size={14} />
      </span>
      {open && <Options id={id} options={options} active={options[current]?.name} value={value} onTake={take} />}
    </div>
  );
}

interface OptionsProps {
  id: string;
  options: readonly Field[];
  active: string | undefined;
  value: string;
  onTake: (name: string) => void;
}

function Options({ id, options, active, value, onTake }: OptionsProps) {
  return (
    <div className="options" role="listbox" id={`${id}-list`} aria-label="Field types">
      {options.length === 0 && <p className="options-none">No field has that name.</p>}
      {groupFields(options).map(({ group, members }) => (
        <div key={group} role="group" aria-label={group}>
          {group !== "" && <p className="options-group">{group}</p>}
          {members.map((field) => (
            <div
              key={field.name}
              id={`${id}-${field.name}`}
              role="option"
              aria-selected={field.name === value}
              className={field.name === active ? "option option-active" : "option"}
              ref={field.name === active ? scrollIntoView : undefined}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onTake(field.name)}
            >
              <span>{field.human}</span>
              {field.kind === "entity" && <span className="option-detail">entity</span>}
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}

function scrollIntoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: "nearest" });
}
