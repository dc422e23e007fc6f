import type { Label } from "../api/types";
import { severityName } from "../format/words";
import { Icon } from "./Icon";
import { Mark } from "./Rating";

/** A label's name with its severity as shape, colour and hidden word. */
export function LabelChip({ label }: { label: Label }) {
  return (
    <span className={`label-chip tone-${label.severity}${label.shadow ? " label-shadow" : ""}`} title={title(label)}>
      {label.signature ? <Icon name="signature" size={12} /> : <Mark of={label.severity} size={9} />}
      <span className="label-chip-name">{label.name}</span>
      <span className="sr-only">
        {" "}
        ({severityName(label.severity)}
        {label.signature ? " signature" : ""}
        {label.shadow ? ", shadow" : ""})
      </span>
    </span>
  );
}

function title(label: Label): string {
  return `${label.name}: ${severityName(label.severity)}${label.signature ? " signature" : ""}${label.shadow ? ", shadow" : ""}`;
}
