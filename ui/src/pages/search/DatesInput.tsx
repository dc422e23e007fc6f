import { useState } from "react";
import { Icon } from "../../components/Icon";
import { Popover } from "../../components/Popover";
import { fromInput, toInput, utcSecond } from "../../format/time";
import type { Preset, Range } from "../../state/search-state";
import { presets, resolveRange } from "../../state/search-state";

interface DatesInputProps {
  range: Range;
  onChange: (range: Range) => void;
}

const presetNames = Object.keys(presets) as Preset[];

/** A span up to now, or a fixed one, always in UTC. */
export function DatesInput({ range, onChange }: DatesInputProps) {
  const text = describeRange(range);
  return (
    <div className="field search-dates">
      <span aria-hidden="true">Dates</span>
      <Popover
        label={`Dates: ${text}`}
        title="Dates"
        className="select"
        button={
          <>
            <Icon name="calendar" size={14} />
            <span className="select-text">{text}</span>
            <Icon name="chevron" size={14} />
          </>
        }
      >
        {(close) => (
          <div className="dates">
            <ul className="menu">
              {presetNames.map((preset) => (
                <li key={preset}>
                  <button
                    type="button"
                    aria-current={"last" in range && range.last === preset}
                    onClick={() => {
                      onChange({ last: preset });
                      close();
                    }}
                  >
                    {presets[preset].human}
                  </button>
                </li>
              ))}
            </ul>
            <FixedDates
              range={range}
              onChange={(fixed) => {
                onChange(fixed);
                close();
              }}
            />
          </div>
        )}
      </Popover>
    </div>
  );
}

function FixedDates({ range, onChange }: DatesInputProps) {
  const [start] = useState(() => resolveRange(range, new Date()));
  const [from, setFrom] = useState(toInput(start.from));
  const [to, setTo] = useState(toInput(start.to));
  const fixed = { from: fromInput(from), to: fromInput(to) };
  const fault = checkRange(fixed.from, fixed.to);
  const apply = () => {
    if (fault === "" && fixed.from !== undefined && fixed.to !== undefined) onChange({ from: fixed.from, to: fixed.to });
  };
  return (
    <div className="form dates-fixed">
      <label className="field">
        From (UTC)
        <input type="datetime-local" step="1" value={from} onChange={(event) => setFrom(event.target.value)} />
      </label>
      <label className="field">
        To (UTC)
        <input type="datetime-local" step="1" value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      {fault !== "" && <p className="form-error">{fault}</p>}
      <button type="button" className="button" disabled={fault !== ""} onClick={apply}>
        Use these dates
      </button>
    </div>
  );
}

function checkRange(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined) return "Give both a date and a time.";
  return from < to ? "" : "The end is not after the start.";
}

export function describeRange(range: Range): string {
  if ("last" in range) return presets[range.last].human;
  return `${utcSecond(range.from)} – ${utcSecond(range.to)}`;
}
