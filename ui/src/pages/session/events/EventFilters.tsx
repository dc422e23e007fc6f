import { useNames } from "../../../state/names";
import type { EventFilter } from "./event-filters";
import { noFilter } from "./event-filters";

interface EventFiltersProps {
  filter: EventFilter;
  choices: { types: string[]; names: string[]; labels: string[] };
  onChange: (filter: EventFilter) => void;
}

export function EventFilters({ filter, choices, onChange }: EventFiltersProps) {
  const names = useNames();
  const active = Object.values(filter).some((word) => word !== "");
  return (
    <div className="event-filters">
      <Choice label="Event type" value={filter.type} words={choices.types} human={names.eventType} onChange={(type) => onChange({ ...filter, type })} />
      <Choice label="Event name" value={filter.name} words={choices.names} onChange={(name) => onChange({ ...filter, name })} />
      <Choice label="Session label" value={filter.label} words={choices.labels} onChange={(label) => onChange({ ...filter, label })} />
      {active && (
        <button type="button" className="text-button" onClick={() => onChange(noFilter)}>
          Clear
        </button>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  words: readonly string[];
  human?: (word: string) => string;
  onChange: (word: string) => void;
}

function Choice({ label, value, words, human = (word) => word, onChange }: ChoiceProps) {
  return (
    <select
      className={value === "" ? "select-native" : "select-native select-active"}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      <option value="">{label}: all</option>
      {words.map((word) => (
        <option key={word} value={word}>
          {human(word)}
        </option>
      ))}
    </select>
  );
}
