import { useId } from "react";
import type { Cell, EntryDraft } from "./mapping";

interface MappingRowProps {
  row: number;
  draft: EntryDraft;
  /** The beginning of the ids of what can be chosen from. */
  lists: string;
  faults: (cell: Cell) => string[];
  /** Undefined where it cannot be changed; called with undefined to take the row away. */
  onChange: ((draft: EntryDraft | undefined) => void) | undefined;
}

export function MappingRow({ row, draft, lists, faults, onChange }: MappingRowProps) {
  const number = row + 1;
  if (!onChange) {
    return (
      <tr data-testid="mapping-row">
        <td>{draft.kind === "source" ? "field" : "constant"}</td>
        <td className="mono">{draft.text}</td>
        <td className="mono">{draft.filter || <span className="faint">–</span>}</td>
        <td className="mono">{draft.target}</td>
        <td />
      </tr>
    );
  }
  return (
    <tr data-testid="mapping-row">
      <td>
        <select aria-label={`Kind of entry ${number}`} value={draft.kind} onChange={(event) => onChange({ ...draft, kind: event.target.value as EntryDraft["kind"] })}>
          <option value="source">field</option>
          <option value="const">constant</option>
        </select>
      </td>
      <td>
        <Input
          label={`${draft.kind === "source" ? "Field" : "Constant"} of entry ${number}`}
          value={draft.text}
          faults={faults("text")}
          list={draft.kind === "source" ? `${lists}-keys` : ""}
          onChange={(text) => onChange({ ...draft, text })}
        />
      </td>
      <td>
        <Input label={`Filter of entry ${number}`} value={draft.filter} faults={faults("filter")} list="" onChange={(filter) => onChange({ ...draft, filter })} />
      </td>
      <td>
        <Input
          label={`Target of entry ${number}`}
          value={draft.target}
          faults={faults("target")}
          list={`${lists}-targets`}
          onChange={(target) => onChange({ ...draft, target })}
        />
      </td>
      <td className="admin-changes">
        <button type="button" className="text-button text-button-bad" aria-label={`Take away entry ${number}`} onClick={() => onChange(undefined)}>
          Take away
        </button>
      </td>
    </tr>
  );
}

interface InputProps {
  label: string;
  value: string;
  faults: readonly string[];
  list: string;
  onChange: (value: string) => void;
}

function Input({ label, value, faults, list, onChange }: InputProps) {
  const id = useId();
  return (
    <>
      <input
        type="text"
        aria-label={label}
        aria-invalid={faults.length > 0}
        aria-describedby={faults.length > 0 ? id : undefined}
        list={list === "" ? undefined : list}
        spellCheck={false}
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {faults.length > 0 && (
        <span id={id} className="mapping-fault" role="alert">
          {faults.join("; ")}
        </span>
      )}
    </>
  );
}
