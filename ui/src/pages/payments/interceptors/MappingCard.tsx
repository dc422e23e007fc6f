import { useEffect, useId, useState } from "react";
import type { Interceptor } from "../../../api/payment-interceptors";
import { counted } from "../../../format/words";
import { Card } from "../Card";
import { Table } from "../Table";
import { MappingRow } from "./MappingRow";
import type { EntryDraft } from "./mapping";
import { draftOf, emptyEntry, otherProblems, problemsAt, sent, targets } from "./mapping";
import { useSaving } from "./use-saving";

interface MappingCardProps {
  interceptor: Interceptor;
  tag: string;
  editable: boolean;
  onDirty: (dirty: boolean) => void;
}

const heads = ["From", "Field or value", "Filter", "To", "!Take away"];

/** How a request becomes a payment to decide about. */
export function MappingCard({ interceptor, tag, editable, onDirty }: MappingCardProps) {
  const [drafts, setDrafts] = useState<readonly EntryDraft[]>(() => interceptor.field_mapping.map(draftOf));
  const { save, saving, problems, refusal } = useSaving(interceptor.id, tag);
  const lists = useId();
  const dirty = JSON.stringify(drafts) !== JSON.stringify(interceptor.field_mapping.map(draftOf));
  useEffect(() => onDirty(dirty), [dirty, onDirty]);
  const put = (row: number, draft: EntryDraft | undefined) =>
    setDrafts(drafts.flatMap((old, index) => (index === row ? (draft ? [draft] : []) : [old])));
  return (
    <Card
      title="Mapping"
      note={`${counted(drafts.length, "entry", "entries")}${dirty ? ", changed, not saved" : ""}`}
      tools={
        editable && (
          <>
            <button type="button" className="button" onClick={() => setDrafts([...drafts, emptyEntry])}>
              Add entry
            </button>
            <button type="button" className="button button-main" disabled={!dirty || saving} onClick={() => save({ field_mapping: sent(drafts) })}>
              Save mapping
            </button>
          </>
        )
      }
    >
      {drafts.length === 0 ? (
        <p className="faint card-empty">No mapping: every request passes through untouched.</p>
      ) : (
        <Table
          label="Mapping"
          className="mapping-table"
          heads={heads}
          rows={drafts.map((draft, row) => (
            <MappingRow
              key={row}
              row={row}
              draft={draft}
              lists={lists}
              faults={(cell) => problemsAt(problems, row, cell)}
              onChange={editable ? (next) => put(row, next) : undefined}
            />
          ))}
        />
      )}
      <datalist id={`${lists}-keys`}>
        {interceptor.discovered_keys.map(({ key }) => (
          <option key={key} value={key} />
        ))}
      </datalist>
      <datalist id={`${lists}-targets`}>
        {targets.map((target) => (
          <option key={target} value={target} />
        ))}
      </datalist>
      {(refusal !== "" || otherProblems(problems).length > 0) && (
        <div className="form-error card-empty" role="alert">
          {refusal}
          {otherProblems(problems).map(({ field, message }, index) => (
            <p key={index}>
              <code>{field}</code> {message}
            </p>
          ))}
        </div>
      )}
    </Card>
  );
}
