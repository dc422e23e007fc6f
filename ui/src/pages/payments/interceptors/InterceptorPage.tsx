import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Interceptor } from "../../../api/payment-interceptors";
import { interceptorQuery } from "../../../api/payment-interceptors";
import { rulesetsQuery } from "../../../api/payment-rulesets";
import { allOf } from "../../../api/payments";
import { may, useWorkplace } from "../../../state/environment";
import { Answer } from "../Answer";
import { Card } from "../Card";
import { Facts } from "../Facts";
import { PaymentsPage } from "../PaymentsPage";
import { StatusTag } from "../StatusTag";
import { PageLink } from "../links";
import { DiscoveredCard } from "./DiscoveredCard";
import { InterceptorActions } from "./InterceptorActions";
import { MappingCard } from "./MappingCard";
import { SettingsCard } from "./SettingsCard";
import { StageSteps } from "./StageSteps";
import { stageMeans, stageOf } from "./stage";

/** One version of an interceptor. */
export function InterceptorPage({ id }: { id: string }) {
  const { environment } = useWorkplace();
  const found = useQuery(interceptorQuery(environment.name, id));
  return (
    <PaymentsPage
      part="interceptors"
      title="Interceptor"
      tools={
        <PageLink path="/payments/interceptors" className="nowrap">
          All interceptors
        </PageLink>
      }
    >
      <Answer error={found.error} there={found.data !== undefined} retry={() => void found.refetch()}>
        {found.data ? <Version interceptor={found.data.value} tag={found.data.tag} /> : <div className="card skeleton-block skeleton-tall" role="status" aria-label="Loading" />}
      </Answer>
    </PaymentsPage>
  );
}

function Version({ interceptor, tag }: { interceptor: Interceptor; tag: string }) {
  const { environment } = useWorkplace();
  const rulesets = useInfiniteQuery(rulesetsQuery(environment.name, ""));
  const [mappingDirty, setMappingDirty] = useState(false);
  const [settingsDirty, setSettingsDirty] = useState(false);
  const editable = interceptor.status === "DRAFT" && may(environment, "payments:manage");
  const stage = stageOf(interceptor, allOf(rulesets.data));
  return (
    <>
      <section className="card ruleset-banner" aria-label="Version">
        <StatusTag status={interceptor.status} />
        <strong>
          {interceptor.ref}, version {interceptor.version}
        </strong>
        <StageSteps stage={stage} />
        {stage !== undefined && <span className="faint">{stageMeans(stage)}</span>}
        <span className="toolbar-space" />
        <InterceptorActions interceptor={interceptor} className="button" hindrance={mappingDirty || settingsDirty ? "Save the changes first" : ""} />
      </section>
      <MappingCard key={`mapping ${tag}`} interceptor={interceptor} tag={tag} editable={editable} onDirty={setMappingDirty} />
      <div className="payment-pair">
        {editable ? <SettingsCard key={`settings ${tag}`} interceptor={interceptor} tag={tag} onDirty={setSettingsDirty} /> : <Settings interceptor={interceptor} />}
        <DiscoveredCard interceptor={interceptor} />
      </div>
    </>
  );
}

function Settings({ interceptor }: { interceptor: Interceptor }) {
  const { destination, responses } = interceptor;
  return (
    <Card title="Settings">
      <div className="card-body">
        <Facts
          facts={[
            ["Description", interceptor.description],
            ["Runtime address", <code key="address">POST /api/interceptors/{interceptor.ref}</code>],
            ["Destination", <span key="url" className="mono">{destination.url}</span>],
            ["Its time", `${destination.timeout_ms === 0 ? 30_000 : destination.timeout_ms} ms`],
            ["Context", interceptor.context],
            ["What cannot be mapped", interceptor.on_invalid === "block" ? "is blocked" : "goes on"],
            ["When deciding fails", interceptor.on_failure === "block" ? "it is blocked" : "it goes on"],
            ["Header with the decision", interceptor.decision_header || "x-specter-decision-id"],
            ["Keeps what came, masked", interceptor.store_payload ? "yes" : "no"],
          ]}
        />
        <details className="raw">
          <summary>Answers to what does not go on</summary>
          <pre>{JSON.stringify(responses ?? {}, null, 2)}</pre>
        </details>
      </div>
    </Card>
  );
}
