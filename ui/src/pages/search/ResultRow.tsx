import { memo } from "react";
import type { KeyboardEvent, MouseEvent } from "react";
import { Link } from "wouter";
import type { SessionRow } from "../../api/types";
import { RatingBadge } from "../../components/Rating";
import { duration, utcSecond } from "../../format/time";
import { count, countryName } from "../../format/words";

interface ResultRowProps {
  session: SessionRow;
  address: string;
  /** The refresh that changed the row, 0 when none did. */
  pulse: number;
  onOpen: (address: string) => void;
}

export const ResultRow = memo(function ResultRow({ session, address, pulse, onOpen }: ResultRowProps) {
  const openByMouse = (event: MouseEvent) => {
    const onControl = (event.target as HTMLElement).closest("a, button");
    // A click that ends a selection is meant for copying.
    if (!onControl && window.getSelection()?.toString() === "") onOpen(address);
  };
  const openByKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.target === event.currentTarget) onOpen(address);
  };
  return (
    <tr
      tabIndex={-1}
      data-testid="result-row"
      data-row
      className={pulse === 0 ? "row" : `row row-changed-${pulse % 2}`}
      onClick={openByMouse}
      onKeyDown={openByKey}
    >
      <td className="mono">
        <Link href={address} state={{ fromSearch: true }} title={session.session_id}>
          <SessionId id={session.session_id} />
        </Link>
      </td>
      <td className="tabular">{utcSecond(session.opened)}</td>
      <td>
        <RatingBadge rating={session.rating} />
      </td>
      <td className="figure-cell">{count(session.events)}</td>
      <td className={session.labels === 0 ? "figure-cell faint" : "figure-cell"}>{count(session.labels)}</td>
      <td className="figure-cell">{duration(session.duration_seconds)}</td>
      <td title={countryName(session.country)}>
        <Country code={session.country} />
      </td>
      <td title={session.city}>{session.city === "" ? <Absent /> : session.city}</td>
      <td className="mono" title={session.ip_address}>{session.ip_address === "" ? <Absent /> : session.ip_address}</td>
    </tr>
  );
});

/** The id whole, its first half (the time) fainter than the half that tells sessions apart. */
function SessionId({ id }: { id: string }) {
  const middle = id.indexOf("-", 9);
  return (
    <>
      <span className="id-time">{id.slice(0, middle + 1)}</span>
      {id.slice(middle + 1)}
    </>
  );
}

function Country({ code }: { code: string }) {
  if (code === "") return <Absent />;
  return (
    <>
      <span className="code">{code}</span> {countryName(code)}
    </>
  );
}

function Absent() {
  return (
    <span className="faint" title="Unknown">
      –
    </span>
  );
}
