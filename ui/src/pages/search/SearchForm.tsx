import { useRef, useState } from "react";
import type { SubmitEvent } from "react";
import type { Field } from "../../api/types";
import { Icon } from "../../components/Icon";
import { useKeys } from "../../state/keys";
import type { SearchState } from "../../state/search-state";
import { joinValues, splitValues } from "../../state/values";
import { DatesInput } from "./DatesInput";
import { FieldCombobox } from "./FieldCombobox";
import { mustHide } from "./use-search-state";
import { ValueInput } from "./ValueInput";

interface SearchFormProps {
  state: SearchState;
  fields: readonly Field[];
  searching: boolean;
  onSearch: (change: Pick<SearchState, "field" | "values" | "hidden" | "range">) => void;
}

/** Field type, dates, value. Nothing is asked before the button is pressed. */
export function SearchForm({ state, fields, searching, onSearch }: SearchFormProps) {
  const [field, setField] = useState(state.field);
  const [text, setText] = useState(joinValues(state.values));
  const [range, setRange] = useState(state.range);
  const [fault, setFault] = useState("");
  const [address, setAddress] = useState(addressOf(state));
  const form = useRef<HTMLFormElement>(null);
  const value = useRef<HTMLInputElement>(null);

  // Going back, or following a link, changes the address under the form: what it says wins over what was entered.
  if (addressOf(state) !== address) {
    setAddress(addressOf(state));
    setField(state.field);
    setText(joinValues(state.values));
    setRange(state.range);
    setFault("");
  }

  useKeys({
    "/": (event) => {
      event.preventDefault();
      const find = (selector: string) => form.current?.querySelector<HTMLElement>(selector);
      // Without a field there is no value to enter: the field comes first then.
      const target = find("input[data-search-value]:enabled, [data-search-value] button") ?? find("[role=combobox]");
      target?.focus();
      value.current?.select();
    },
  });

  // Before the catalogue has come, or for an element since switched off, the name alone must do.
  const chosen =
    fields.find(({ name }) => name === field) ??
    (field === "" ? undefined : { name: field, human: field, group: "", kind: "", type: "", sensitive: state.hidden, values: [] });

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const values = splitValues(text);
    if (field !== "" && values.length === 0) {
      setFault(chosen && chosen.values.length > 0 ? "Choose at least one value." : "Enter at least one value.");
      return;
    }
    setFault("");
    const wanted = field === "" ? [] : values;
    onSearch({ field, values: wanted, hidden: mustHide(chosen, wanted), range });
  };
  return (
    <form ref={form} className="search-form" role="search" aria-label="Sessions" data-testid="search-form" onSubmit={submit}>
      <FieldCombobox
        fields={fields}
        value={field}
        onChange={(name) => {
          setField(name);
          setText("");
          setFault("");
        }}
      />
      <DatesInput range={range} onChange={setRange} />
      <ValueInput
        field={chosen}
        text={text}
        fault={fault}
        inputRef={value}
        onChange={(next) => {
          setText(next);
          setFault("");
        }}
      />
      <button type="submit" className="button button-main search-button" aria-busy={searching}>
        <Icon name="search" size={14} />
        Search
      </button>
    </form>
  );
}

function addressOf({ field, values, range }: SearchState): string {
  return JSON.stringify([field, values, range]);
}
