import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { ReactNode } from "react";
import { Redirect, useLocation, useSearchParams } from "wouter";
import { isNotLoggedIn } from "../api/client";
import { meQuery } from "../api/resources";
import type { Environment, Me } from "../api/types";
import { Empty, Failure } from "../components/Notice";
import { WorkplaceContext } from "../state/environment";
import { useKeys } from "../state/keys";
import { LiveContext, useLiveStream } from "../state/live";
import { MitigationBanner } from "./MitigationBanner";
import { ShortcutsDialog } from "./ShortcutsDialog";
import { TopBar } from "./TopBar";

/** Everything around a page: who is logged in, the environment, the live stream and the top bar. */
export function Shell({ children }: { children: ReactNode }) {
  const [location] = useLocation();
  const [parameters] = useSearchParams();
  const { data: me, error, refetch } = useQuery(meQuery);

  if (error && isNotLoggedIn(error)) {
    const search = parameters.toString();
    const next = location + (search === "" ? "" : `?${search}`);
    return <Redirect to={next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`} replace />;
  }
  if (error && !me) return <Failure error={error} retry={() => void refetch()} />;
  if (!me) return <div className="booting" role="status" aria-label="Loading" />;

  const environment = me.environments.find(({ name }) => name === parameters.get("env")) ?? me.environments[0];
  if (!environment) {
    return (
      <Empty title="No environment is open to you">
        <p>You are logged in as {me.user.email}. Ask an administrator for a role in an environment.</p>
      </Empty>
    );
  }
  return (
    <InEnvironment key={environment.name} me={me} environment={environment}>
      {children}
    </InEnvironment>
  );
}

function InEnvironment({ me, environment, children }: { me: Me; environment: Environment; children: ReactNode }) {
  const [, navigate] = useLocation();
  const live = useLiveStream(environment.name);
  const [shortcuts, setShortcuts] = useState(false);
  useKeys({ "?": () => setShortcuts(true) });

  const workplace = useMemo(
    () => ({
      me,
      environment,
      // What was searched in one environment means nothing in the next: start afresh there.
      switchTo: (name: string) => navigate(`/search?env=${encodeURIComponent(name)}`),
    }),
    [me, environment, navigate],
  );
  return (
    <WorkplaceContext value={workplace}>
      <LiveContext value={live}>
        <a className="skip-link" href="#main">
          Skip to content
        </a>
        <TopBar onShortcuts={() => setShortcuts(true)} />
        <MitigationBanner />
        <main id="main">{children}</main>
        {shortcuts && <ShortcutsDialog onClose={() => setShortcuts(false)} />}
      </LiveContext>
    </WorkplaceContext>
  );
}
