import type { ListValue } from "../../../api/payment-lists";
import { blacklist } from "../../../api/payment-lists";
import { duration, utcSecond } from "../../../format/time";
import { useNow } from "../../../state/use-now";
import { elementAt } from "../../entity/sharing";
import { Table } from "../Table";
import { EntityLink, PageLink } from "../links";

interface ValueTableProps {
  list: string;
  values: readonly ListValue[] | undefined;
  /** Undefined for people who may only look. */
  onRemove: ((value: ListValue) => void) | undefined;
}

/** The entries of a list. */
export function ValueTable({ list, values, onRemove }: ValueTableProps) {
  const now = useNow(30_000);
  const isBlacklist = list === blacklist;
  return (
    <Table
      label="Entries"
      heads={[...(isBlacklist ? ["Field"] : []), "Value", "Expires", "Came by", "Note", "Since UTC", "!Change"]}
      rows={values?.map((value) => (
        <tr key={value.id} data-testid="list-row">
          {isBlacklist && (
            <td>
              <code>{value.field_path}</code>
            </td>
          )}
          <td className="mono cell-clip">
            <Value value={value} />
          </td>
          <td className="nowrap">
            <Expiry at={value.expires_at} now={now} />
          </td>
          <td>
            {value.source_decision_id === "" ? (
              <span className="faint">hand</span>
            ) : (
              <PageLink path={`/payments/decisions/${encodeURIComponent(value.source_decision_id)}`}>a decision</PageLink>
            )}
          </td>
          <td className="cell-clip" title={value.note}>
            {value.note}
          </td>
          <td className="tabular nowrap">{utcSecond(value.inserted_at)}</td>
          <td className="admin-changes">
            {onRemove && (
              <button type="button" className="text-button text-button-bad" aria-label={`Take off ${value.display_hint || value.value}`} onClick={() => onRemove(value)}>
                Take off
              </button>
            )}
          </td>
        </tr>
      ))}
    />
  );
}

function Value({ value }: { value: ListValue }) {
  const element = elementAt(value.field_path);
  const hint = value.display_hint !== "" && <span className="faint"> {value.display_hint}</span>;
  return (
    <>
      {element === "" ? value.value : <EntityLink element={element} value={value.value} />}
      {hint}
    </>
  );
}

function Expiry({ at, now }: { at: string; now: number }) {
  if (at === "") return <span className="faint">never</span>;
  const left = (Date.parse(at) - now) / 1_000;
  return <span title={`${utcSecond(at)} UTC`}>{left <= 0 ? "over" : `in ${duration(left)}`}</span>;
}
