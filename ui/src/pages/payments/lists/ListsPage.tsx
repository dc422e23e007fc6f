import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { ListValue, NamedList } from "../../../api/payment-lists";
import { blacklist, namedListsQuery, removeValue, valuesQuery } from "../../../api/payment-lists";
import { allOf } from "../../../api/payments";
import { Empty } from "../../../components/Notice";
import { counted } from "../../../format/words";
import { may, useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { ChangeDialog } from "../ChangeDialog";
import { PaymentsPage } from "../PaymentsPage";
import { More } from "../Table";
import { pageAddress } from "../links";
import { AddValueDialog } from "./AddValueDialog";
import { ValueTable } from "./ValueTable";

const kinds: Record<string, string> = { block: "payments are blocked by it", allow: "payments are let through by it", review: "payments are reviewed by it" };

function noteOf(entries: number, more: boolean, about: NamedList | undefined): string {
  const parts = [
    `${counted(entries, "entry", "entries")}${more ? " and more" : ""}`,
    about ? (kinds[about.kind] ?? "") : "",
    about?.has_configured_values === true ? "the configuration holds more" : "",
  ];
  return parts.filter(Boolean).join("; ");
}

/** The blacklist and the lists that rules name. */
export function ListsPage({ list }: { list: string }) {
  const { environment } = useWorkplace();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<ListValue | undefined>();
  const named = useQuery(namedListsQuery(environment.name));
  const found = useInfiniteQuery(valuesQuery(environment.name, list));
  const values = allOf(found.data);
  const mayChange = may(environment, "payments:review");
  const about = named.data?.data.find(({ name }) => name === list);
  return (
    <PaymentsPage part="lists" title="Lists">
      <ListNav list={list} names={named.data?.data.map(({ name }) => name) ?? []} />
      <Answer error={found.error} there={values !== undefined} retry={() => void found.refetch()}>
        <Card
          title={list === blacklist ? "Blacklist" : `List ${list}`}
          note={values ? noteOf(values.length, found.hasNextPage, about) : ""}
          tools={
            mayChange && (
              <button type="button" className="button button-main" onClick={() => setAdding(true)}>
                Add
              </button>
            )
          }
        >
          {values?.length === 0 ? (
            <Empty title="The list is empty">
              {list === blacklist && <p>Fraud reports fill it where a blacklist rule says so; values can be put on it by hand too.</p>}
            </Empty>
          ) : (
            <ValueTable list={list} values={values} onRemove={mayChange ? setRemoving : undefined} />
          )}
          <More possible={found.hasNextPage} busy={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />
        </Card>
      </Answer>
      {adding && <AddValueDialog list={list} onClose={() => setAdding(false)} />}
      {removing && (
        <ChangeDialog
          title="Take off the list"
          button="Take off"
          harmful
          perform={() => removeValue(environment.name, list, removing.id)}
          changes={["list-values"]}
          onClose={() => setRemoving(undefined)}
        >
          <p>
            <span className="mono">{removing.display_hint || removing.value}</span> no longer counts from the next payment on.
          </p>
        </ChangeDialog>
      )}
    </PaymentsPage>
  );
}

function ListNav({ list, names }: { list: string; names: readonly string[] }) {
  const { environment } = useWorkplace();
  return (
    <nav className="parts-nav list-nav" aria-label="Lists">
      {[blacklist, ...names].map((name) => (
        <Link
          key={name}
          href={pageAddress(environment.name, name === blacklist ? "/payments/lists" : `/payments/lists/${encodeURIComponent(name)}`)}
          aria-current={name === list ? "page" : undefined}
        >
          {name === blacklist ? "Blacklist" : name}
        </Link>
      ))}
    </nav>
  );
}
