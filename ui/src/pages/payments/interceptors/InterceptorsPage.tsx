import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Interceptor } from "../../../api/payment-interceptors";
import { createInterceptor, interceptorsQuery } from "../../../api/payment-interceptors";
import { rulesetsQuery } from "../../../api/payment-rulesets";
import { allOf } from "../../../api/payments";
import { Empty } from "../../../components/Notice";
import { utcSecond } from "../../../format/time";
import { count, counted } from "../../../format/words";
import { may, useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { ChangeDialog } from "../ChangeDialog";
import { PaymentsPage } from "../PaymentsPage";
import { StatusTag } from "../StatusTag";
import { More, Table } from "../Table";
import { PageLink, pageAddress } from "../links";
import { InterceptorActions } from "./InterceptorActions";
import { StageSteps } from "./StageSteps";
import { stageOf } from "./stage";

const heads = ["Version", "Status", "Stage", "Context", "Destination", "#Mapped", "#Fields seen", "Changed UTC", "!Change"];

/** What stands in front of acquirers, version by version. */
export function InterceptorsPage() {
  const { environment } = useWorkplace();
  const [adding, setAdding] = useState(false);
  const found = useInfiniteQuery(interceptorsQuery(environment.name));
  const rulesets = useInfiniteQuery(rulesetsQuery(environment.name, ""));
  const interceptors = allOf(found.data);
  return (
    <PaymentsPage
      part="interceptors"
      title="Interceptors"
      tools={
        may(environment, "payments:manage") && (
          <button type="button" className="button button-main" onClick={() => setAdding(true)}>
            New interceptor
          </button>
        )
      }
    >
      <Answer error={found.error} there={interceptors !== undefined} retry={() => void found.refetch()}>
        {interceptors?.length === 0 ? (
          <Empty title="There is no interceptor">
            <p>An interceptor stands in front of an acquirer: the merchant changes a host name, and payments are decided about on their way.</p>
          </Empty>
        ) : (
          byRef(interceptors).map(([ref, versions]) => (
            <Card key={ref} title={ref === "" ? "Interceptors" : ref} note={versions ? counted(versions.length, "version") : ""}>
              <Table
                label={`Versions of ${ref}`}
                heads={heads}
                rows={versions?.map((interceptor) => (
                  <tr key={interceptor.id} data-testid="interceptor-row">
                    <td>
                      <PageLink path={`/payments/interceptors/${encodeURIComponent(interceptor.id)}`}>Version {interceptor.version}</PageLink>
                    </td>
                    <td>
                      <StatusTag status={interceptor.status} />
                    </td>
                    <td>
                      <StageSteps stage={stageOf(interceptor, allOf(rulesets.data))} />
                    </td>
                    <td>{interceptor.context}</td>
                    <td className="cell-clip mono" title={interceptor.destination.url}>
                      {interceptor.destination.url}
                    </td>
                    <td className="figure-cell">{count(interceptor.field_mapping.length)}</td>
                    <td className="figure-cell">{count(interceptor.discovered_keys.length)}</td>
                    <td className="tabular nowrap">{utcSecond(interceptor.updated_at)}</td>
                    <td className="admin-changes">
                      <InterceptorActions interceptor={interceptor} className="text-button" />
                    </td>
                  </tr>
                ))}
              />
            </Card>
          ))
        )}
        <More possible={found.hasNextPage} busy={found.isFetchingNextPage} onMore={() => void found.fetchNextPage()} />
      </Answer>
      {adding && <NewDialog onClose={() => setAdding(false)} />}
    </PaymentsPage>
  );
}

/** Versions by the ref they share; one empty card while they are under way. */
function byRef(interceptors: readonly Interceptor[] | undefined): [string, Interceptor[] | undefined][] {
  if (!interceptors) return [["", undefined]];
  const refs = new Map<string, Interceptor[]>();
  for (const one of interceptors) refs.set(one.ref, [...(refs.get(one.ref) ?? []), one]);
  return [...refs].map(([ref, versions]) => [ref, versions.sort((a, b) => b.version - a.version)]);
}

function NewDialog({ onClose }: { onClose: () => void }) {
  const { environment } = useWorkplace();
  const [, navigate] = useLocation();
  const [context, setContext] = useState("default");
  const [url, setUrl] = useState("");
  return (
    <ChangeDialog
      title="New interceptor"
      button="Make a draft"
      ready={context.trim() !== "" && url.trim() !== ""}
      perform={() => createInterceptor(environment.name, { context: context.trim(), destination: { url: url.trim() } })}
      changes={["interceptors"]}
      onDone={({ id }) => navigate(pageAddress(environment.name, `/payments/interceptors/${encodeURIComponent(id)}`))}
      onClose={onClose}
    >
      <label className="field">
        Destination
        <input type="url" required maxLength={2048} placeholder="https://" value={url} onChange={(event) => setUrl(event.target.value)} />
      </label>
      <label className="field">
        Context of its rules
        <input type="text" required maxLength={128} autoComplete="off" value={context} onChange={(event) => setContext(event.target.value)} />
      </label>
      <p className="form-hint">Without a mapping it passes everything through and notes which fields it sees.</p>
    </ChangeDialog>
  );
}
