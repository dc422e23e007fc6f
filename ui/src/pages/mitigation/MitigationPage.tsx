import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../../api/client";
import { effectsQuery, statusQuery } from "../../api/mitigation";
import type { MitigationStatus } from "../../api/types";
import { LiveToggle } from "../../components/LiveToggle";
import { Empty, Failure, FailureBanner } from "../../components/Notice";
import { may, useWorkplace } from "../../state/environment";
import { useKeys } from "../../state/keys";
import { presets, resolveRange } from "../../state/search-state";
import type { Preset } from "../../state/search-state";
import { usePausedLive } from "../../state/use-paused-live";
import { useTitle } from "../../state/use-title";
import { AccountsCard } from "./AccountsCard";
import { ChecksCard } from "./ChecksCard";
import { FeignedCard } from "./FeignedCard";
import { IntegrationsCard } from "./IntegrationsCard";
import { PoliciesCard } from "./PoliciesCard";
import { SparedCard } from "./SparedCard";
import { StateCard } from "./StateCard";

const livePause = 5_000;
const presetNames = Object.keys(presets) as Preset[];

/** What is done with attackers: how it stands, what came of it, and the switches. */
export function MitigationPage() {
  const { environment } = useWorkplace();
  const [preset, setPreset] = useState<Preset>("24h");
  const span = () => resolveRange({ last: preset }, new Date());
  const status = useQuery(statusQuery(environment.name));
  const effects = useQuery(effectsQuery(environment.name, preset, span));
  const refresh = () => {
    void status.refetch({ cancelRefetch: false });
    void effects.refetch({ cancelRefetch: false });
  };
  const live = usePausedLive(true, livePause, () => true, refresh);

  useTitle("Mitigation");
  useKeys({ l: live.toggle });
  if (status.error instanceof ApiError && status.error.code === "no_mitigation") {
    return (
      <Empty title="Nothing is done with requests here">
        <p>This environment only looks on. Its sessions are rated, and that is all.</p>
      </Empty>
    );
  }
  return (
    <div className="page page-mitigation">
      <div className="session-head">
        <h1>Mitigation</h1>
        <span className="toolbar-space" />
        <select
          className="select-native"
          aria-label="Time"
          value={preset}
          onChange={(event) => setPreset(event.target.value as Preset)}
        >
          {presetNames.map((name) => (
            <option key={name} value={name}>
              {presets[name].human}
            </option>
          ))}
        </select>
        <LiveToggle on={live.on} possible why="" waiting={live.waiting} onChange={live.toggle} />
      </div>
      {status.error && status.data && <FailureBanner error={status.error} retry={live.refresh} />}
      {effects.error && <FailureBanner error={effects.error} retry={live.refresh} />}
      {status.error && !status.data ? (
        <Failure error={status.error} retry={live.refresh} />
      ) : (
        <>
          <StateCard status={status.data} />
          <PoliciesCard policies={status.data?.policies} effects={effects.data} failed={effects.error !== null} preset={preset} />
          {status.data && <Others status={status.data} />}
          {may(environment, "sessions:export") && <AccountsCard policies={status.data?.policies ?? []} preset={preset} />}
        </>
      )}
    </div>
  );
}

function Others({ status }: { status: MitigationStatus }) {
  return (
    <div className="mitigation-pairs">
      <ChecksCard checks={status.checks} loops={status.loops_broken} />
      <FeignedCard feigned={status.feigned} />
      <SparedCard spared={status.spared} total={status.spared_total} />
      <IntegrationsCard integrations={status.integrations} />
    </div>
  );
}
