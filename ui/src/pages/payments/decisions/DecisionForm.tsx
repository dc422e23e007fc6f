import { useState } from "react";
import type { SubmitEvent } from "react";
import { outcomes } from "../../../api/payment-decisions";
import { toInput } from "../../../format/time";
import { presets } from "../../../state/search-state";
import type { Preset } from "../../../state/search-state";
import { outcomeName } from "../words";
import type { DecisionSearch } from "./decision-search";
import { spanOf, textFields } from "./decision-search";

interface DecisionFormProps {
  search: DecisionSearch;
  onSearch: (search: DecisionSearch) => void;
}

/** What decisions are looked for. */
export function DecisionForm({ search, onSearch }: DecisionFormProps) {
  const [query, setQuery] = useState(search.query);
  const [span, setSpan] = useState(search.span);
  const [from, setFrom] = useState(toInput(search.query.from));
  const [to, setTo] = useState(toInput(search.query.to));
  const fixed = spanOf(from, to);
  const wrong = span === "fixed" && fixed === undefined;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong) return;
    onSearch({ query: { ...query, ...(span === "fixed" ? fixed : { from: "", to: "" }) }, span });
  };
  return (
    <form className="card payment-search" role="search" aria-label="Decisions" onSubmit={submit}>
      <label className="field">
        Outcome
        <select className="select-native" value={query.decision} onChange={(event) => setQuery({ ...query, decision: event.target.value })}>
          <option value="">All</option>
          {outcomes.map((outcome) => (
            <option key={outcome} value={outcome}>
              {outcomeName(outcome)}
            </option>
          ))}
        </select>
      </label>
      {textFields.map(({ name, human }) => (
        <label key={name} className="field">
          {human}
          <input
            type="text"
            maxLength={256}
            autoComplete="off"
            spellCheck={false}
            value={query[name]}
            onChange={(event) => setQuery({ ...query, [name]: event.target.value.trim() })}
          />
        </label>
      ))}
      <label className="field">
        Time
        <select className="select-native" value={span} onChange={(event) => setSpan(event.target.value as Preset | "fixed" | "")}>
          <option value="">All</option>
          {Object.entries(presets).map(([name, { human }]) => (
            <option key={name} value={name}>
              {human}
            </option>
          ))}
          <option value="fixed">From … to …</option>
        </select>
      </label>
      {span === "fixed" && (
        <>
          <label className="field">
            From (UTC)
            <input type="datetime-local" step={1} required value={from} aria-invalid={wrong} onChange={(event) => setFrom(event.target.value)} />
          </label>
          <label className="field">
            To (UTC)
            <input type="datetime-local" step={1} required value={to} aria-invalid={wrong} onChange={(event) => setTo(event.target.value)} />
          </label>
        </>
      )}
      <button type="submit" className="button button-main" disabled={wrong}>
        Search
      </button>
    </form>
  );
}
