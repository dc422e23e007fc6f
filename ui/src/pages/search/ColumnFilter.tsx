import { useState } from "react";
import type { SubmitEvent } from "react";
import type { Filter } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Popover } from "../../components/Popover";
import { Mark } from "../../components/Rating";
import { ratingName, ratings } from "../../format/words";
import type { ColumnInfo } from "./columns";
import { boundText, makeFilter } from "./filter-draft";

interface ColumnFilterProps {
  info: ColumnInfo;
  filter: Filter | undefined;
  onChange: (filter: Filter | undefined) => void;
}

/** The filter icon of a column's head with its panel. */
export function ColumnFilter({ info, filter, onChange }: ColumnFilterProps) {
  return (
    <Popover
      label={filter ? `Filter ${info.title} (active)` : `Filter ${info.title}`}
      title={`Filter ${info.title}`}
      className={filter ? "column-filter column-filter-active" : "column-filter"}
      button={<Icon name="filter" size={14} />}
    >
      {(close) => (
        <FilterForm
          info={info}
          filter={filter}
          onChange={(next) => {
            close();
            onChange(next);
          }}
        />
      )}
    </Popover>
  );
}

function FilterForm({ info, filter, onChange }: ColumnFilterProps) {
  const [contains, setContains] = useState(filter?.contains ?? "");
  const [chosen, setChosen] = useState<readonly string[]>(filter?.in ?? []);
  const [min, setMin] = useState(boundText(info.filter, filter?.min));
  const [max, setMax] = useState(boundText(info.filter, filter?.max));
  const [fault, setFault] = useState("");

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    // The panel lies inside no form of its own in the page's tree, but React's events bubble past it.
    event.stopPropagation();
    const made = makeFilter(info, { contains, in: chosen, min, max });
    if ("fault" in made) setFault(made.fault);
    else onChange(made.filter);
  };
  return (
    <form className="form filter-form" onSubmit={submit}>
      {info.filter === "text" && (
        <label className="field">
          Contains
          <input type="text" value={contains} spellCheck={false} onChange={(event) => setContains(event.target.value)} />
          {info.column === "country" && <span className="form-hint">A country’s name or two-letter code.</span>}
        </label>
      )}
      {info.filter === "rating" && <RatingChoices chosen={chosen} onChange={setChosen} />}
      {!["text", "rating"].includes(info.filter) && (
        <>
          <Bound label="At least" kind={info.filter} value={min} onChange={setMin} />
          <Bound label="At most" kind={info.filter} value={max} onChange={setMax} />
        </>
      )}
      {fault !== "" && (
        <p className="form-error" role="alert">
          {fault}
        </p>
      )}
      <div className="form-actions">
        <button type="button" className="button button-quiet" onClick={() => onChange(undefined)}>
          Clear
        </button>
        <button type="submit" className="button button-main">
          Apply
        </button>
      </div>
    </form>
  );
}

interface RatingChoicesProps {
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

function RatingChoices({ chosen, onChange }: RatingChoicesProps) {
  return (
    <ul className="choices">
      {ratings.map((rating) => (
        <li key={rating}>
          <label>
            <input
              type="checkbox"
              checked={chosen.includes(rating)}
              onChange={(event) =>
                onChange(event.target.checked ? [...chosen, rating] : chosen.filter((other) => other !== rating))
              }
            />
            <Mark of={rating} size={10} />
            {ratingName(rating)}
          </label>
        </li>
      ))}
    </ul>
  );
}

interface BoundProps {
  label: string;
  kind: ColumnInfo["filter"];
  value: string;
  onChange: (value: string) => void;
}

function Bound({ label, kind, value, onChange }: BoundProps) {
  const type = kind === "time" ? "datetime-local" : "text";
  return (
    <label className="field">
      {label}
      {kind === "time" ? " (UTC)" : ""}
      <input
        type={type}
        step={kind === "time" ? "1" : undefined}
        inputMode={kind === "number" ? "numeric" : undefined}
        placeholder={kind === "duration" ? "90s, 5m, 1h 30m" : undefined}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
