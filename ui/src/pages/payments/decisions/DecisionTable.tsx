import type { KeyboardEvent, MouseEvent } from "react";
import { Link, useLocation } from "wouter";
import type { Decision, Journey } from "../../../api/payment-types";
import { Icon } from "../../../components/Icon";
import { RatingBadge } from "../../../components/Rating";
import { utcSecond } from "../../../format/time";
import { useWorkplace } from "../../../state/environment";
import { moveRow, useKeys } from "../../../state/keys";
import { OutcomeBadge } from "../OutcomeBadge";
import { Table } from "../Table";
import { PageLink, decisionAddress } from "../links";
import { credentialName, money } from "../words";

const heads = ["Time UTC", "Decision", "#Amount", "Card", "Customer", "Reference", "Journey", "Rules"];
const rowsOf = "[data-decision-row]";

/** Decisions, one a row; Enter opens the focused one, j and k move. */
export function DecisionTable({ decisions, label }: { decisions: readonly Decision[] | undefined; label: string }) {
  const { environment } = useWorkplace();
  const [, navigate] = useLocation();
  const open = (id: string) => navigate(decisionAddress(environment.name, id));
  useKeys({ j: () => moveRow(rowsOf, 1), k: () => moveRow(rowsOf, -1) });
  return (
    <Table
      label={label}
      heads={heads}
      className="decision-table"
      rows={decisions?.map((decision) => (
        <DecisionRow key={decision.id} decision={decision} onOpen={open} />
      ))}
    />
  );
}

function DecisionRow({ decision, onOpen }: { decision: Decision; onOpen: (id: string) => void }) {
  const { environment } = useWorkplace();
  const openByMouse = (mouse: MouseEvent) => {
    if (!(mouse.target as HTMLElement).closest("a, button") && window.getSelection()?.toString() === "") onOpen(decision.id);
  };
  const openByKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.target === event.currentTarget) onOpen(decision.id);
  };
  return (
    <tr className="row" tabIndex={-1} data-testid="decision-row" data-decision-row={decision.id} onClick={openByMouse} onKeyDown={openByKey}>
      <td className="tabular nowrap">
        <Link href={decisionAddress(environment.name, decision.id)}>{utcSecond(decision.evaluated_at)}</Link>
      </td>
      <td className="nowrap">
        <OutcomeBadge outcome={decision.decision} />
        <After decision={decision} />
      </td>
      <td className="figure-cell nowrap">{money(decision.amount, decision.currency)}</td>
      <td className="mono nowrap">{decision.masked_credential || <span className="faint">{credentialName(decision.credential_type)}</span>}</td>
      <td className="cell-clip" title={decision.customer_id}>
        {decision.customer_id}
      </td>
      <td className="cell-clip" title={decision.transaction_reference}>
        {decision.transaction_reference}
      </td>
      <td>
        <ItsSession journey={decision.journey} />
      </td>
      <td>
        <RuleNames decision={decision} />
      </td>
    </tr>
  );
}

/** How the visit was rated that led to the payment; it leads there. */
function ItsSession({ journey }: { journey: Journey | undefined }) {
  if (!journey) return <span className="faint">–</span>;
  if (journey.session === "") return <RatingBadge rating={journey.rating} />;
  return (
    <PageLink path={`/sessions/${encodeURIComponent(journey.session)}`} className="session-link">
      <RatingBadge rating={journey.rating} />
      <Icon name="right" size={12} />
    </PageLink>
  );
}

/** What became of it since. */
function After({ decision }: { decision: Decision }) {
  if (decision.resolution) return <span className="tag tag-after">{decision.resolution.resolution.toLowerCase()}</span>;
  if (decision.payment_state === "chargedback" || decision.payment_state === "fraud_reported") {
    return <span className="tag tag-bad tag-after">{decision.payment_state.replace("_", " ")}</span>;
  }
  return null;
}

export function RuleNames({ decision }: { decision: Decision }) {
  if (decision.triggered_rules.length === 0) return <span className="faint">none</span>;
  return <span className="cell-clip">{decision.triggered_rules.map(({ name, rule_id: id }) => name || id).join(", ")}</span>;
}
