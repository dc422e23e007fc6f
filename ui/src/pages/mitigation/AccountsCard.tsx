import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link } from "wouter";
import { accountsAddress, accountsQuery } from "../../api/mitigation";
import { fieldsQuery } from "../../api/resources";
import type { PolicyStatus, TriedAccount } from "../../api/types";
import { Icon } from "../../components/Icon";
import { Empty, Failure } from "../../components/Notice";
import { SearchLink } from "../../components/SearchLink";
import { SkeletonRows } from "../../components/Skeleton";
import { utcSecond } from "../../format/time";
import { count } from "../../format/words";
import { useWorkplace } from "../../state/environment";
import { makeNames } from "../../state/names";
import { resolveRange } from "../../state/search-state";
import type { Preset } from "../../state/search-state";

interface AccountsCardProps {
  policies: readonly PolicyStatus[];
  preset: Preset;
}

/** The accounts that attackers tried while they got feigned answers: their owners ought to be warned. */
export function AccountsCard({ policies, preset }: AccountsCardProps) {
  const { environment } = useWorkplace();
  const [policy, setPolicy] = useState("");
  const span = () => resolveRange({ last: preset }, new Date());
  const { data, error, refetch } = useQuery(accountsQuery(environment.name, preset, policy, span));
  const fields = useQuery(fieldsQuery(environment.name));
  const names = useMemo(() => makeNames(fields.data), [fields.data]);
  const deceiving = policies.filter(({ steps }) => steps.some(({ kind }) => kind === "feign" || kind === "decoy"));
  return (
    <section className="card" aria-labelledby="accounts-title">
      <header className="card-head">
        <h2 id="accounts-title">Accounts to Warn</h2>
        <p className="card-note" role="status">
          {data ? `${count(data.total)} tried, ${count(data.known)} of them have logged in before` : ""}
        </p>
        <span className="toolbar-space" />
        <select
          className={policy === "" ? "select-native" : "select-native select-active"}
          aria-label="Policy"
          value={policy}
          onChange={(event) => setPolicy(event.target.value)}
        >
          <option value="">Policy: all</option>
          {deceiving.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {data && data.total > 0 && (
          <a
            className="icon-button"
            download=""
            aria-label="Download all accounts as CSV"
            title="Download all accounts as CSV"
            href={accountsAddress(environment.name, policy, span())}
          >
            <Icon name="download" />
          </a>
        )}
      </header>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data?.total === 0 ? (
        <Empty title="No account was tried behind a feigned answer">
          <p>Accounts stand here when a visitor who gets feigned or decoy answers tries to log in with them.</p>
        </Empty>
      ) : (
        <AccountTable accounts={data?.accounts} total={data?.total ?? 0} nameOf={names.element} />
      )}
    </section>
  );
}

interface AccountTableProps {
  accounts: readonly TriedAccount[] | undefined;
  total: number;
  nameOf: (element: string) => string;
}

function AccountTable({ accounts, total, nameOf }: AccountTableProps) {
  const { environment } = useWorkplace();
  return (
    <div className="table-frame" tabIndex={-1}>
      <table className="table account-table" aria-labelledby="accounts-title" aria-busy={!accounts}>
        <thead>
          <tr>
            <th scope="col">Account</th>
            <th scope="col">Last own login (UTC)</th>
            <th scope="col" className="figure-cell">
              Tried
            </th>
            <th scope="col">First (UTC)</th>
            <th scope="col">Last (UTC)</th>
            <th scope="col">Sessions</th>
          </tr>
        </thead>
        <tbody>
          {accounts?.map((account) => (
            <tr key={`${account.element} ${account.value}`} data-testid="account-row">
              <td>
                <span className="faint">{nameOf(account.element)}</span>{" "}
                <SearchLink field={account.element} value={account.value} title="All sessions of this account">
                  <span className="mono">{account.display || account.value}</span>
                </SearchLink>
              </td>
              <td className="tabular nowrap">{account.last_login === "" ? <span className="faint">none known</span> : utcSecond(account.last_login)}</td>
              <td className="figure-cell">{count(account.times)}</td>
              <td className="tabular nowrap">{utcSecond(account.first)}</td>
              <td className="tabular nowrap">{utcSecond(account.last)}</td>
              <td>
                {account.some_sessions.map((session) => (
                  <Link key={session} className="mono session-short" href={`/sessions/${encodeURIComponent(session)}?env=${encodeURIComponent(environment.name)}`} title={session}>
                    {session.slice(-8)}
                  </Link>
                ))}
                {account.sessions > account.some_sessions.length && <span className="faint">and {count(account.sessions - account.some_sessions.length)} more</span>}
              </td>
            </tr>
          ))}
          {!accounts && <SkeletonRows rows={5} columns={6} />}
        </tbody>
      </table>
      {accounts && total > accounts.length && (
        <p className="faint card-empty">
          The first {count(accounts.length)} of {count(total)}; the download has all.
        </p>
      )}
    </div>
  );
}
