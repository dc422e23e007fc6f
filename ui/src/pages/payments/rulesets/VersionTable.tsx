import type { Ruleset } from "../../../api/payment-ruleset-types";
import { utcSecond } from "../../../format/time";
import { count } from "../../../format/words";
import { StatusTag } from "../StatusTag";
import { Table } from "../Table";
import { PageLink } from "../links";
import { RulesetActions } from "./RulesetActions";

/** The versions of one context. */
export function VersionTable({ label, versions }: { label: string; versions: readonly Ruleset[] | undefined }) {
  return (
    <Table
      label={label}
      heads={["Version", "Status", "Description", "#Rules", "Made by", "Made UTC", "Activated UTC", "!Change"]}
      rows={versions?.map((ruleset) => (
        <tr key={ruleset.id} data-testid="ruleset-row">
          <td>
            <PageLink path={`/payments/rulesets/${encodeURIComponent(ruleset.id)}`}>Version {ruleset.version}</PageLink>
          </td>
          <td>
            <StatusTag status={ruleset.status} />
          </td>
          <td className="cell-clip">{ruleset.description || <span className="faint">–</span>}</td>
          <td className="figure-cell">{count(ruleset.rules.length)}</td>
          <td>{ruleset.created_by || <span className="faint">–</span>}</td>
          <td className="tabular nowrap">{utcSecond(ruleset.created_at)}</td>
          <td className="tabular nowrap">{ruleset.activated_at === "" ? <span className="faint">never</span> : utcSecond(ruleset.activated_at)}</td>
          <td className="admin-changes">
            <RulesetActions ruleset={ruleset} className="text-button" />
          </td>
        </tr>
      ))}
    />
  );
}
